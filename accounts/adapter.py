from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts import services, throttle


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
    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> Any:
        """An account made by single sign-on takes the name the provider gave."""
        user = super().save_user(request, sociallogin, form)
        if not user.display_name:
            user.display_name = sociallogin.account.extra_data.get("name") or user.email
            user.save(update_fields=["display_name"])
        return user
