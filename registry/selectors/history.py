"""The whole history of one risk: what is on record about it and about what is done against it."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from common.models import AuditEvent
from registry.models import Mitigation, Risk

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
    names = [name for name in after if name not in {"scale_id", "stage", "family"}]
    found = [Change(_name(name), _words(before.get(name)), _words(after[name])) for name in names]
    return [change for change in found if change.before != change.after]


def _name(name: str) -> str:
    try:
        field: Any = Risk._meta.get_field(name)
    except FieldDoesNotExist:
        field = None
    label = str(getattr(field, "verbose_name", "") or name.replace("_", " "))
    return label[:1].upper() + label[1:]


def _words(value: Any) -> str:
    if value in (None, "", [], {}):
        return ""
    if isinstance(value, dict):
        return str(value.get("label", "")) or ", ".join(f"{name}: {_words(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(_words(each) for each in value)
    return str(value)
