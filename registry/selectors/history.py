"""The whole history of one risk: what is on record about it and about what is done against it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from common.models import AuditEvent
from registry.models import Mitigation, Risk, RiskAssessment, RiskReview

_RISK, _MITIGATION = Risk._meta.label_lower, Mitigation._meta.label_lower
# What people look for in a long history: by the word in the address, its name and the end of the verbs.
KINDS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "judgements": (
        _("Judgements"),
        (
            *("assess", "carry_over", "propose_assessment", "confirm_assessment", "decline_assessment"),
            *("withdraw_assessment",),
        ),
    ),
    "treatment": (_("Treatment and acceptance"), ("choose_treatment", "accept", "revoke_acceptance")),
    "moves": (_("Moves"), ("create", "raise_stub", "work_out", "open", "close", "reopen")),
    "people": (_("People"), ("assign_owner", "assign_deputy", "hand_over")),
    "reviews": (_("Reviews"), ("review", "skip_review", "ask_review")),
    "mitigations": (_("Mitigations"), ()),
    "text": (_("What it says"), ("edit",)),
}


@dataclass(frozen=True)
class Change:
    """One field as it was and as it is since."""

    name: str
    before: str
    after: str


def whole_history(risk: Risk, kind: str = "") -> QuerySet[AuditEvent]:
    """What is on record about ``risk`` and its mitigations, the newest first; of one ``kind`` where that is given."""
    ours = Q(object_type=_RISK, object_id=str(risk.pk))
    linked = [str(pk) for pk in risk.mitigations.values_list("pk", flat=True)]
    measures = Q(object_type=_MITIGATION, object_id__in=linked)
    if kind == "mitigations":
        return AuditEvent.objects.filter(measures)
    if kind in KINDS:
        return AuditEvent.objects.filter(ours, verb__in=[f"{_RISK}.{end}" for end in KINDS[kind][1]])
    return AuditEvent.objects.filter(ours | measures)


def event_changes(event: AuditEvent) -> list[Change]:
    """The fields that ``event`` changed, in words."""
    before = event.before if isinstance(event.before, dict) else {}
    after = event.after if isinstance(event.after, dict) else {}
    model = Mitigation if event.object_type == _MITIGATION else Risk
    found = [
        Change(_name(model, name), _words(model, name, before.get(name)), _words(model, name, after[name]))
        for name in after
        if name not in _LEFT_OUT
    ]
    return [change for change in found if change.before != change.after]


_LEFT_OUT = frozenset({"scale", "scale_id", "stage", "family"})
_NAMES = {
    "inherent_likelihood": _("Likelihood before mitigation"),
    "inherent_severity": _("Severity before mitigation"),
    "residual_likelihood": _("Likelihood after mitigation"),
    "residual_severity": _("Severity after mitigation"),
    "target_likelihood": _("Target likelihood"),
    "target_severity": _("Target severity"),
}


def _field(model: Any, name: str) -> Any:
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def _name(model: Any, name: str) -> str:
    words: Any = _NAMES.get(name) or getattr(_field(model, name), "verbose_name", None) or name.replace("_", " ")
    return str(words)[:1].upper() + str(words)[1:]


def _words(model: Any, name: str, value: Any) -> str:
    """``value`` as it stands in the trail, for people: labels for codes and rows, days as pages write them."""
    if value in (None, "", [], {}):
        return ""
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if isinstance(value, dict):
        return str(value.get("label", "")) or ", ".join(f"{key}: {each}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(_words(model, name, each) for each in value)
    field = _field(model, name)
    choices = dict(getattr(field, "choices", None) or ()) or _CODES.get(name, {})
    if value in choices:
        return str(choices[value])
    if isinstance(value, str) and name.endswith("_on"):
        try:
            return date_format(dt.date.fromisoformat(value), "j M Y")
        except ValueError:
            pass
    return str(value)


# Codes of what an event tells of beside the columns of its row.
_CODES: dict[str, dict[Any, Any]] = {
    "kind": dict(RiskAssessment.Kind.choices),
    "verdict": dict(RiskReview.Verdict.choices),
}
