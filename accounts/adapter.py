import logging
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base import AuthError
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from accounts import services, throttle
from accounts.models import User

log = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """Where the portal's rules meet allauth: throttled sign-in, and membership by confirmed address."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": _("Too many failed tries. Wait five minutes, or reset your password."),
    }

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        if throttle.is_blocked(request, credentials.get("email") or ""):
            raise ValidationError(self.error_messages["too_many_login_attempts"])

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        throttle.note_failure(request, credentials.get("email") or "")
        super().authentication_failed(request, **credentials)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        # Single sign-on brings addresses that are confirmed already, so nobody confirms them here.
        if (
            user.organisation_id is None
            and user.emailaddress_set.filter(email__iexact=user.email, verified=True).exists()
        ):
            services.join_by_email(user)
        response = super().post_login(request, user, **kwargs)
        throttle.remember_device(response, user, secure=settings.HTTPS)
        return response

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Every link of a mail leads to ``BASE_URL``: the host of a request is what its sender wrote there."""
        links = {
            name: settings.BASE_URL + urlsplit(value)._replace(scheme="", netloc="").geturl()
            for name, value in context.items()
            if name.endswith("_url") and value
        }
        here = SimpleNamespace(name=settings.PORTAL_NAME, domain=urlsplit(settings.BASE_URL).netloc)
        super().send_mail(template_prefix, email, {**context, **links, "current_site": here})

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        with transaction.atomic():
            confirmed = super().confirm_email(request, email_address)
            if confirmed:
                services.join_by_email(email_address.user)
        return confirmed


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """What the portal makes of the words of an OpenID Connect provider."""

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: Any) -> Any:
        said = sociallogin.account.extra_data
        token, info = said.get("id_token") or {}, said.get("userinfo") or {}
        if token and info and token.get("sub") != info.get("sub"):
            # OpenID Connect Core 5.3.2: such claims may be somebody else's.
            raise OAuth2Error("The ID token and the user info are about two people.")
        for address in sociallogin.email_addresses:
            # Some providers write "true" and "false" in quotes; any text is true to Python.
            address.verified = str(address.verified).lower() == "true"
        user = super().populate_user(request, sociallogin, data)
        name = " ".join(str(data.get("name") or "").split())
        user.display_name = name[: User._meta.get_field("display_name").max_length]
        return user

    def get_signup_form_initial_data(self, sociallogin: Any) -> dict[str, Any]:
        return {**super().get_signup_form_initial_data(sociallogin), "display_name": sociallogin.user.display_name}

    @transaction.atomic
    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> Any:
        """All of an account or nothing of it. Without a name from the provider it takes the address for one."""
        user = super().save_user(request, sociallogin, form)
        if not user.display_name:
            user.display_name = user.email
            user.save(update_fields=["display_name"])
        return user

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Any = None,
        extra_context: Any = None,
    ) -> None:
        """Back to the sign-in page, which has the other ways in. The reason is for the operator's log."""
        name = {"name": provider.name}
        if error == AuthError.CANCELLED:
            messages.info(request, _("You stopped signing in with %(name)s. Nothing was changed.") % name)
        else:
            reason = repr(exception) if exception else f"answered {request.GET.get('error', 'without a code')!r:.100}"
            log.warning("Single sign-on failed: %.500s", reason, exc_info=exception)
            words = _("Signing in with %(name)s did not work. Try again in a minute, or sign in another way.")
            messages.error(request, words % name)
        raise ImmediateHttpResponse(
            redirect("socialaccount_connections" if request.user.is_authenticated else "account_login")
        )
