"""What people answer for in the registry: risks, as owner and as deputy, mitigations, and phases to be decided."""

from typing import Any

from django.db.models import F, OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from accounts.permissions import has_role
from accounts.roles import Role
from accounts.services import holders
from common.ownership import Kind, owned
from registry import permissions, services
from registry.models import Mitigation, Phase, Risk, RiskAcceptance

GIVING = frozenset({Role.RELEASE_MANAGER, Role.ADMINISTRATOR})


def _may(actor: Any, row: Any) -> bool:
    return has_role(actor, GIVING, row.family)


def _fits(user: Any, row: Any) -> bool:
    return permissions.can_own(user, row.family)


def _open_risks(**whose: Any) -> Any:
    """With ``acceptor``: whose acceptance holds. Theirs ends when they come to answer for the risk as well, so they
    take over only where nobody else does."""
    accepted = RiskAcceptance.objects.in_force().filter(risk=OuterRef("pk")).values("accepted_by")[:1]
    risks = Risk.objects.filter(**whose).exclude(stage=Risk.Stage.CLOSED).annotate(acceptor=Subquery(accepted))
    return risks.select_related("family__publisher", "deputy").order_by("pk")


def _manager(row: Any, *but: int | None) -> Any:
    """A release manager of the family who is none of ``but``."""
    return holders(Role.RELEASE_MANAGER, row.family).filter(is_service=False).exclude(pk__in=but).first()


def _other_manager(risk: Any, leaving: int | None) -> Any:
    return _manager(risk, leaving, risk.acceptor or 0) or _manager(risk, leaving)


def _risk_fallback(risk: Any) -> Any:
    deputy = risk.deputy
    if deputy is not None and _fits(deputy, risk):
        return deputy
    return _other_manager(risk, risk.owner_id)


def _give_risk(risk: Any, to: Any) -> None:
    services.end_acceptance_by(risk, to)
    rows = Risk.objects.filter(pk=risk.pk)
    rows.update(
        owner=to,
        deputy=None if risk.deputy_id == to.pk else risk.deputy_id,
        row_version=F("row_version") + 1,
    )


def _give_deputyship(risk: Risk, to: Any) -> None:
    # Whoever owns a risk cannot stand in for themselves.
    deputy = None if to is None or risk.owner_id == to.pk else to
    if deputy is not None:
        services.end_acceptance_by(risk, deputy)
    Risk.objects.filter(pk=risk.pk).update(deputy=deputy, row_version=F("row_version") + 1)


def _give_phase(phase: Phase, to: Any) -> None:
    Phase.objects.filter(pk=phase.pk).update(decider=to, row_version=F("row_version") + 1)


def _give_mitigation(mitigation: Mitigation, to: Any) -> None:
    Mitigation.objects.filter(pk=mitigation.pk).update(owner=to, row_version=F("row_version") + 1)


owned(
    Kind(
        key="registry.risk",
        label=_("Risks"),
        rows=lambda user: _open_risks(owner=user),
        fits=_fits,
        may=_may,
        fallback=_risk_fallback,
        give=_give_risk,
        name=lambda risk, _reader: str(risk),
        verb="registry.risk.assign_owner",
    )
)
owned(
    Kind(
        key="registry.deputy",
        label=_("Risks as deputy"),
        rows=lambda user: _open_risks(deputy=user),
        fits=_fits,
        may=_may,
        fallback=lambda risk: _other_manager(risk, risk.deputy_id),
        give=_give_deputyship,
        name=lambda risk, _reader: str(risk),
        verb="registry.risk.assign_deputy",
    )
)
owned(
    Kind(
        key="registry.mitigation",
        label=_("Mitigations"),
        rows=lambda user: (
            Mitigation.objects.unfinished().filter(owner=user).select_related("family__publisher").order_by("pk")
        ),
        fits=_fits,
        may=_may,
        fallback=lambda mitigation: _manager(mitigation, mitigation.owner_id),
        give=_give_mitigation,
        name=lambda mitigation, _reader: str(mitigation),
        verb="registry.mitigation.assign_owner",
    )
)
owned(
    Kind(
        key="registry.phase",
        label=_("Phases to decide on"),
        rows=lambda user: (
            Phase.objects.filter(decider=user, stage=Phase.Stage.PLANNED)
            .select_related("release__family__publisher")
            .order_by("pk")
        ),
        fits=lambda user, phase: permissions.can_decide_phase(user, phase.family),
        may=_may,
        fallback=lambda phase: _manager(phase, phase.decider_id),
        give=_give_phase,
        name=lambda phase, _reader: str(phase),
        verb="registry.phase.assign_decider",
    )
)
