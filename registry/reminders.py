"""What the registry reminds people of.

First whoever answers for a thing. What stays late goes to the deputy as well, and after that to the release managers
of the model: see ``REMINDER_DEPUTY_DAYS`` and ``REMINDER_MANAGER_DAYS``. Nobody is told of a model for which they
hold no role any more.
"""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import JSONObject
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.permissions import scopes
from accounts.roles import Role
from common.addresses import address
from common.reminders import Reminder, Waiting, reminds
from registry import selectors
from registry.models import AssessmentProposal, Mitigation, Phase, ReviewRound, Risk, RiskAcceptance, RoundItem
from registry.selectors.embed import revive


def _days(number: int) -> dt.timedelta:
    return dt.timedelta(days=number)


def _late(today: dt.date) -> tuple[dt.date, dt.date]:
    """What was due before the first of these goes to the deputy as well, before the second to the release manager."""
    return today - _days(settings.REMINDER_DEPUTY_DAYS), today - _days(settings.REMINDER_MANAGER_DAYS)


def _managed(user: Any, family: str) -> Q:
    """Rows of the models that ``user`` manages by a role of their own; ``family`` is the way to the model."""
    held = scopes(user)
    publishers, families = held.publisher_ids(Role.RELEASE_MANAGER), held.family_ids(Role.RELEASE_MANAGER)
    return Q(**{f"{family}__publisher_id__in": publishers}) | Q(**{f"{family}_id__in": families})


def _inside(user: Any, family: str) -> Q:
    held = scopes(user)
    if held.everywhere:
        return Q()
    publishers, families = held.publisher_ids(), held.family_ids()
    return Q(**{f"{family}__publisher_id__in": publishers}) | Q(**{f"{family}_id__in": families})


def _escalated(user: Any, *, risk: str, due: str, family: str, today: dt.date, due_by: dt.date) -> Q:
    """Rows due by a day: of the owner of the risk, of the deputy once they are late, of the manager later on."""
    deputy, manager = _late(today)
    owner = Q(**{f"{risk}owner": user.pk, f"{due}__lte": due_by})
    standing_in = Q(**{f"{risk}deputy": user.pk, f"{due}__lt": deputy})
    managing = _managed(user, family) & Q(**{f"{due}__lt": manager})
    return (owner | standing_in | managing) & _inside(user, family)


def _columns(*names: str, of: str = "") -> dict[str, Any]:
    return {name: f"{of}{name}" for name in names}


def _risk(of: str = "", *more: str) -> JSONObject:
    """What a reminder says of a risk; ``of`` is the way to it."""
    columns = _columns("id", "number", "title", "owner_id", "deputy_id", *more, of=of)
    return JSONObject(**columns, family_name=f"{of}family__name")


def _why(user: Any, risk: Risk) -> str:
    if user.pk == risk.owner_id:
        return ""
    return _("as deputy") if user.pk == risk.deputy_id else _("as release manager")


def _name(risk: Any) -> str:
    return f"{risk} ({risk.family_name})"


@reminds("registry.review", label=gettext_lazy("Risks to look at again"))
def reviews(user: Any, today: dt.date) -> Waiting:
    rows = Risk.objects.open().filter(
        _escalated(user, risk="", due="review_due_on", family="family", today=today, due_by=today)
    )

    def tell(found: dict[str, Any]) -> Reminder:
        risk = revive(Risk, found["of"])
        return Reminder(_name(risk), risk.get_absolute_url(), risk.review_due_on, _why(user, risk))

    return Waiting(rows.order_by("review_due_on", "pk"), {"of": _risk("", "review_due_on")}, tell)


@reminds("registry.mitigation", label=gettext_lazy("Mitigations that are late or due soon"))
def mitigations(user: Any, today: dt.date) -> Waiting:
    deputy, manager = _late(today)
    soon = today + _days(settings.REMINDER_SOON_DAYS)
    standing_in = Mitigation.risks.through.objects.filter(
        mitigation=OuterRef("pk"), risk__deputy=user.pk, risk__stage=Risk.Stage.OPEN
    )
    mine = Q(owner=user.pk, due_on__lte=soon)
    later = Q(due_on__lt=deputy) & Q(Exists(standing_in)) | Q(due_on__lt=manager) & _managed(user, "family")
    rows = Mitigation.objects.unfinished().filter((mine | later) & _inside(user, "family"))

    def tell(found: dict[str, Any]) -> Reminder:
        each: Any = revive(Mitigation, found)
        why = "" if each.owner_id == user.pk else _("as deputy") if each.as_deputy else _("as release manager")
        return Reminder(_name(each), address("registry:mitigation", each.pk), each.due_on, why)

    told = _columns("id", "title", "due_on", "owner_id") | {"family_name": "family__name"}
    return Waiting(rows.order_by("due_on", "pk"), told | {"as_deputy": Exists(standing_in)}, tell)


@reminds("registry.acceptance", label=gettext_lazy("Acceptances that end soon or have ended"))
def acceptances(user: Any, today: dt.date) -> Waiting:
    """Owner and deputy alike hear of it: a risk that nobody bears any more is open again."""
    soon, manager = today + _days(settings.REMINDER_SOON_DAYS), _late(today)[1]
    ended = RiskAcceptance.objects.ended().values("pk")
    ending = RiskAcceptance.objects.in_force().filter(ends_on__lte=soon).values("pk")
    theirs = Q(risk__owner=user.pk) | Q(risk__deputy=user.pk)
    late = Q(pk__in=ended, ends_on__lt=manager) & _managed(user, "risk__family")
    wanted = Q(pk__in=ended) & theirs | Q(pk__in=ending) & (theirs | Q(accepted_by=user.pk)) | late
    rows = RiskAcceptance.objects.filter(wanted & _inside(user, "risk__family"))

    def tell(found: dict[str, Any]) -> Reminder:
        each, risk = revive(RiskAcceptance, found["acceptance"]), revive(Risk, found["of"])
        each.risk = risk
        words = _("%(risk)s: accepted until %(day)s (%(state)s)") % {
            "risk": _name(risk),
            "day": date_format(each.ends_on, "j M Y"),
            "state": each.state.label,
        }
        known = user.pk in {risk.owner_id, risk.deputy_id, each.accepted_by_id}
        return Reminder(words, risk.get_absolute_url(), each.ends_on, "" if known else _("as release manager"))

    # With all that tells whether it holds.
    acceptance = JSONObject(**_columns("id", "risk_id", "digest", "ends_on", "revoked_at", "accepted_by_id"))
    told = {"acceptance": acceptance, "of": _risk("risk__", "stage", "digest")}
    return Waiting(rows.order_by("ends_on", "pk"), told, tell)


@reminds("registry.stub", label=gettext_lazy("Stubs that wait to be worked out"))
def stubs(user: Any, today: dt.date) -> Waiting:
    def tell(found: dict[str, Any]) -> Reminder:
        risk = revive(Risk, found["of"])
        return Reminder(_name(risk), risk.get_absolute_url())

    return Waiting(selectors.ageing_stubs(user).filter(_inside(user, "family")), {"of": _risk()}, tell)


@reminds("registry.proposal", label=gettext_lazy("Lower scores that wait for a second person"))
def proposals(user: Any, today: dt.date) -> Waiting:
    def tell(found: dict[str, Any]) -> Reminder:
        each, risk = revive(AssessmentProposal, found["proposal"]), revive(Risk, found["of"])
        return Reminder(f"{_name(risk)}: {each}", each.get_absolute_url())

    proposal = JSONObject(**_columns("id", "risk_id", "kind", "likelihood", "severity"))
    told = {"proposal": proposal, "of": _risk("risk__")}
    return Waiting(selectors.waiting_proposals(user).order_by("pk"), told, tell)


@reminds("registry.asked", label=gettext_lazy("Risks you are asked to accept"))
def asked(user: Any, today: dt.date) -> Waiting:
    def tell(found: dict[str, Any]) -> Reminder:
        risk = revive(Risk, found["of"])
        return Reminder(_name(risk), address("registry:acceptance_create", risk.pk))

    return Waiting(selectors.waiting_acceptances(user).order_by("-urgency", "pk"), {"of": _risk()}, tell)


@reminds("registry.round", label=gettext_lazy("Risks in a review round"))
def round_items(user: Any, today: dt.date) -> Waiting:
    who = _escalated(user, risk="risk__", due="round__due_on", family="risk__family", today=today, due_by=dt.date.max)

    def tell(found: dict[str, Any]) -> Reminder:
        each, risk = revive(ReviewRound, found["round"]), revive(Risk, found["of"])
        return Reminder(f"{_name(risk)}, {each}", each.get_absolute_url(), each.due_on, _why(user, risk))

    told = {"round": JSONObject(**_columns("id", "title", "due_on", of="round__")), "of": _risk("risk__")}
    return Waiting(RoundItem.objects.waiting().filter(who).order_by("round__due_on", "pk"), told, tell)


@reminds("registry.phase", label=gettext_lazy("Phases of a release plan whose day has come"))
def phases(user: Any, today: dt.date) -> Waiting:
    """For whoever is named to decide; what still has to hold first is said on the plan."""
    late = _managed(user, "release__family") & Q(planned_on__lt=_late(today)[1])
    who = (Q(decider=user.pk) | late) & _inside(user, "release__family")

    def tell(found: dict[str, Any]) -> Reminder:
        phase = revive(Phase, found["phase"])
        label = f"{found['family_name']} {found['version']}: {phase.name}"
        why = "" if phase.decider_id == user.pk else _("as release manager")
        return Reminder(label, address("registry:release_plan", phase.release_id), phase.planned_on, why)

    phase = JSONObject(**_columns("id", "release_id", "kind", "title", "planned_on", "decider_id"))
    told = {"phase": phase, "family_name": "release__family__name", "version": "release__version"}
    return Waiting(selectors.waiting_phases(today).filter(who).order_by("planned_on", "pk"), told, tell)
