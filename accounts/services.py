import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from guardian.shortcuts import assign_perm

from accounts import permissions
from accounts.models import ApiToken, Organisation, OrganisationDomain, Scope, User
from accounts.roles import Role, group_name
from common import audit, ownership
from common.lifecycle import Refused

LONGEST_TOKEN_LIFE = timedelta(days=366)


def service_account(name: str) -> User:
    """The named account that scheduled work acts as. It cannot sign in."""
    account, created = User.objects.get_or_create(
        email=f"{slugify(name)}@service.invalid", defaults={"display_name": name, "is_service": True}
    )
    if created:
        account.set_unusable_password()
        account.save(update_fields=["password"])
    return account


@transaction.atomic
def assign_role(user: User, role: Role, scope: Any, *, actor: Any) -> None:
    """Give ``user`` ``role`` for ``scope`` (a publisher or a model family). Giving it twice changes nothing.

    Raises ``PermissionDenied`` to anybody but an administrator of the scope; service accounts that set
    the portal up may.
    """
    if not (actor.is_service or permissions.can_manage_roles(actor, scope)):
        raise PermissionDenied
    if user.is_service:
        raise Refused(_("A service account cannot hold a role."), field="user")
    group = role_group(role, scope)
    if not user.groups.filter(pk=group.pk).exists():
        user.groups.add(group)
        audit.record(actor, "accounts.role.assign", user, after={"role": role.value, "scope": scope})
    permissions.forget_scopes(user)


@transaction.atomic
def remove_role(user: User, role: Role, scope: Any, *, actor: Any) -> None:
    """Take ``role`` for ``scope`` from ``user``. The last administrator of a publisher stays.

    Raises ``Refused`` while they answer for something that they could not answer for without the role: it has to
    be handed over first.
    """
    if not permissions.can_manage_roles(actor, scope):
        raise PermissionDenied
    # Whoever is being named for something holds the same row until it is written.
    User.objects.select_for_update().get(pk=user.pk)
    group = role_group(role, scope)
    if not user.groups.filter(pk=group.pk).exists():
        return
    others = group.user_set.select_for_update().exclude(pk=user.pk).filter(is_active=True)
    if role is Role.ADMINISTRATOR and scope._meta.model_name == "publisher" and not others.exists():
        raise Refused(_("Name another administrator first: somebody must be able to give roles."), field="user")
    user.groups.remove(group)
    permissions.forget_scopes(user)
    if left := ownership.stranded(user):
        permissions.forget_scopes(user)
        raise StillOwns(
            _("%(who)s still answers for these. Hand them over first.") % {"who": user}, *left, field="user"
        )
    audit.record(actor, "accounts.role.remove", user, before={"role": role.value, "scope": scope})


class StillOwns(Refused):
    """Somebody cannot go yet: they answer for things that nobody else does."""


@transaction.atomic
def hand_over(owner: User, *, to: User | None, actor: Any, reason: str) -> int:
    """Give all that ``owner`` answers for to ``to`` in one step; see ``common.ownership.hand_over``.

    They themselves may, and release managers and administrators for what is theirs to manage.
    """
    if not permissions.can_hand_over(actor, owner):
        raise PermissionDenied
    if actor.pk != owner.pk and not ownership.holdings(owner, actor):
        raise PermissionDenied
    count = ownership.hand_over(owner, to=to, actor=actor, reason=reason)
    audit.record(actor, "accounts.user.hand_over", owner, after={"to": to, "count": count}, reason=reason)
    return count


@transaction.atomic
def close_account(user: User, *, actor: Any, to: User | None, reason: str) -> int:
    """Close an account for good and hand over all it answers for, in one transaction: nothing is left unowned.

    Its tokens end and its roles go; what it did stays on record. Without ``to`` each thing goes to its deputy or a
    release manager, so that a stolen account is closed at once. Answers with how many things went over.
    """
    if not permissions.can_close_account(actor, user):
        raise PermissionDenied
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        raise Refused(_("This account is closed already."))
    count = ownership.hand_over(user, to=to, actor=actor, reason=reason)
    user.groups.clear()
    user.api_tokens.filter(revoked_at=None).update(revoked_at=timezone.now())
    user.is_active = False
    user.save(update_fields=["is_active"])
    permissions.forget_scopes(user)
    audit.record(
        actor,
        "accounts.user.close",
        user,
        before={"is_active": True},
        after={"is_active": False, "count": count},
        reason=reason,
    )
    return count


def role_group(role: Role, scope: Any) -> Group:
    """The group of those who hold ``role`` for ``scope``; guardian gives it the role's object permission."""
    group, created = Group.objects.get_or_create(name=group_name(scope._meta.model_name, scope.pk, role))
    if created:
        assign_perm(role.codename, group, scope)
    return group


def holders(role: Role, scope: Any) -> Any:
    """Active people who hold ``role`` for ``scope`` or, where it has one, for its publisher."""
    names = [group_name(scope._meta.model_name, scope.pk, role)]
    if publisher_id := getattr(scope, "publisher_id", None):
        names.append(group_name("publisher", publisher_id, role))
    return User.objects.filter(groups__name__in=names, is_active=True).distinct().order_by("pk")


@transaction.atomic
def create_token(
    user: User, *, actor: Any, name: str, scopes: list[str], days: int, made_with: ApiToken | None = None
) -> tuple[ApiToken, str]:
    """Make a token for ``user`` and return it with its secret, which is shown this once and stored nowhere.

    It ends after ``days``. A token ``made_with`` another one may do no more and lives no longer than that.
    Raises ``Refused`` for an unknown scope or a life longer than a year, and ``PermissionDenied`` when
    somebody makes one for somebody else.
    """
    if actor.pk != user.pk:
        raise PermissionDenied
    if unknown := set(scopes) - set(Scope.values):
        raise Refused(_("There is no scope %s.") % ", ".join(sorted(unknown)), field="scopes")
    if not scopes:
        raise Refused(_("Choose at least one thing the token may do."), field="scopes")
    life = timedelta(days=days)
    if not timedelta() < life <= LONGEST_TOKEN_LIFE:
        raise Refused(_("A token lives between 1 and 366 days."), field="days")
    expires_at = timezone.now() + life
    if made_with is not None:
        if beyond := set(scopes) - set(made_with.scopes):
            raise Refused(_("This token may not itself: %s.") % ", ".join(sorted(beyond)), field="scopes")
        if expires_at > made_with.expires_at:
            raise Refused(_("A token cannot make one that outlives it."), field="days")
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    value = f"tg_{prefix}_{secret}"
    token = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=prefix,
        digest=token_digest(value),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    audit.record(actor, "accounts.token.create", token, after={"scopes": token.scopes, "expires_at": token.expires_at})
    return token, value


@transaction.atomic
def revoke_token(token: ApiToken, *, actor: Any) -> ApiToken:
    """End ``token`` now. Revoking it again changes nothing."""
    if actor.pk != token.user_id and not actor.is_superuser:
        raise PermissionDenied
    token = ApiToken.objects.select_for_update().get(pk=token.pk)
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        audit.record(actor, "accounts.token.revoke", token, after={"revoked_at": token.revoked_at})
    return token


def token_digest(value: str) -> str:
    """SHA-256 in hex. The secret is 256 random bits, so nothing slower is needed against guessing."""
    return hashlib.sha256(value.encode()).hexdigest()


@transaction.atomic
def create_organisation(*, actor: Any, name: str, slug: str, country: str = "") -> Organisation:
    """Register an organisation that people can belong to. Raises ``PermissionDenied`` to anybody but administrators."""
    if not permissions.can_manage_organisations(actor) and not actor.is_service:
        raise PermissionDenied
    if Organisation.objects.filter(slug=slug).exists():
        raise Refused(_("There is an organisation with this short name."), field="slug")
    organisation = Organisation(name=name, slug=slug, country=country.upper())
    organisation.full_clean()
    organisation.save()
    audit.record(actor, "accounts.organisation.create", organisation, after={"name": name, "slug": slug})
    return organisation


@transaction.atomic
def add_domain(organisation: Organisation, *, actor: Any, domain: str) -> OrganisationDomain:
    """Put a mail domain to ``organisation``'s name; it counts for nothing until it is verified."""
    if not permissions.can_manage_organisations(actor) and not actor.is_service:
        raise PermissionDenied
    domain = domain.lower()
    if organisation.domains.filter(domain=domain).exists():
        raise Refused(_("The organisation has this domain already."), field="domain")
    row = OrganisationDomain(organisation=organisation, domain=domain)
    row.full_clean()
    row.save()
    audit.record(actor, "accounts.domain.add", row, after={"domain": domain, "organisation": organisation})
    return row


@transaction.atomic
def verify_domain(domain: OrganisationDomain, *, actor: Any, evidence: str) -> OrganisationDomain:
    """Put on record that ``domain`` belongs to its organisation, and how that was checked.

    Whoever confirmed an address in it before, and belongs nowhere yet, becomes a member with that: they
    are colleagues whichever came first.
    """
    if not permissions.can_manage_organisations(actor) and not actor.is_service:
        raise PermissionDenied
    taken = OrganisationDomain.objects.filter(domain__iexact=domain.domain, verified_at__isnull=False).exclude(
        pk=domain.pk
    )
    if taken.exists():
        raise Refused(_("Another organisation has this domain already."), field="domain")
    domain = OrganisationDomain.objects.select_for_update().get(pk=domain.pk)
    domain.verified_at, domain.evidence = timezone.now(), evidence
    domain.save(update_fields=["verified_at", "evidence", "updated_at"])
    audit.record(actor, "accounts.domain.verify", domain, after={"domain": domain.domain}, reason=evidence)
    confirmed = Q(emailaddress__verified=True, emailaddress__email__iexact=F("email"))
    for user in User.objects.filter(confirmed, organisation=None, email__iendswith=f"@{domain.domain}").order_by("pk"):
        join_by_email(user)
    return domain


@transaction.atomic
def join_by_email(user: User) -> Organisation | None:
    """Make ``user`` a member of the organisation whose verified domain their confirmed address is in."""
    host = user.email.rpartition("@")[2].lower()
    domain = (
        OrganisationDomain.objects.select_related("organisation")
        .filter(domain__iexact=host, verified_at__isnull=False)
        .first()
    )
    if domain is None or user.organisation_id == domain.organisation_id:
        return None
    user.organisation = domain.organisation
    user.save(update_fields=["organisation"])
    audit.record(user, "accounts.user.join_organisation", user, after={"organisation": domain.organisation})
    return domain.organisation


@transaction.atomic
def change_profile(user: User, *, actor: Any, **changes: Any) -> User:
    """Change one's own name, time zone or shortcuts."""
    if actor.pk != user.pk:
        raise PermissionDenied
    before = {name: getattr(user, name) for name in changes}
    if before != changes:
        for name, value in changes.items():
            setattr(user, name, value)
        user.save(update_fields=list(changes))
        audit.record(actor, "accounts.user.change_profile", user, before=before, after=changes)
    return user
