"""Words that the registry's templates need."""

import datetime as dt
from typing import Any

from django import template
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from common.templatetags.tidegate import badge
from registry import licences, selectors
from registry.models import Mitigation, Modality, ModelFamily, Risk
from registry.scale import Level

register = template.Library()


@register.simple_tag
def crumbs(family: ModelFamily, here: str = "") -> list[tuple[str, str]]:
    """The way to a page below a model: Models › the family › ``here``."""
    trail = [(reverse("registry:models"), _("Models"))]
    if not here:
        return [*trail, ("", family.name)]
    names = {"risks": _("Risks"), "releases": _("Releases"), "guidelines": _("Usage guidelines"), "terms": _("Terms")}
    names |= {
        "objectives": _("Objectives"),
        "safeguards": _("Safeguards"),
        "training data": _("Training data"),
        "scale": _("How risks are judged"),
    }
    return [*trail, (family.get_absolute_url(), family.name), ("", names.get(here, here))]


@register.filter
def modality_word(value: str) -> str:
    return str(Modality(value).label) if value else "–"


@register.filter
def licence_words(expression: str | None) -> str:
    """A licence as people read it: “CreativeML Open RAIL++-M” rather than its reference."""
    return licences.words(expression) if expression else ""


@register.filter
def worst_level(family: Any) -> Level | None:
    return selectors.worst_level(family)


@register.filter
def measures(risk: Any) -> list[Mitigation]:
    return selectors.measures(risk)


@register.filter
def recorded_day(value: str) -> str:
    """A day as it stands on record, written as people read it."""
    return date_format(dt.date.fromisoformat(value), "j M Y")


@register.filter
def effect_tone(effect: str) -> str:
    """The tone in which it is shown how well a mitigation works."""
    return {"works": "ok", "partly": "warn", "fails": "bad"}.get(effect, "")


_TONES = {"permitted": "ok", "required": "info", "restricted": "warn", "prohibited": "bad"}


@register.filter
def kind_tone(kind: str) -> str:
    """The tone in which a kind of rule is shown."""
    return _TONES.get(kind, "")


@register.filter
def public_address(risk: Any) -> str:
    return selectors.public_address(risk)


@register.filter
def accepted_until(risk: Any) -> dt.date:
    """Until when a risk of the register's list is accepted."""
    return dt.date.fromisoformat(risk.accepted["ends_on"])


@register.filter
def metadata_words(value: Any) -> str:
    """A value of a card's metadata in one line."""
    if isinstance(value, list):
        shown = ", ".join(metadata_words(item) for item in value[:20])
        return f"{shown}, …" if len(value) > 20 else shown
    if isinstance(value, dict):
        return "; ".join(f"{name}: {metadata_words(item)}" for name, item in list(value.items())[:10])
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


_VERBS = {
    "registry.objective.add": _lazy("named the objective"),
    "registry.objective.edit": _lazy("changed the objective"),
    "registry.objective.measure": _lazy("recorded a measurement"),
    "registry.safeguard.add": _lazy("planned the safeguard"),
    "registry.safeguard.edit": _lazy("changed the safeguard"),
    "registry.safeguard.introduce": _lazy("put it in place"),
    "registry.safeguard.retire": _lazy("retired it"),
    "registry.release.create": _lazy("began the release"),
    "registry.release.edit": _lazy("changed the release"),
    "registry.release.import_card": _lazy("added a version of the model card"),
    "registry.release.edit_card_section": _lazy("wrote a section of the model card"),
    "registry.release.edit_card_metadata": _lazy("changed the metadata of the model card"),
    "registry.release.correct_card": _lazy("corrected the model card"),
    "registry.release.add_artifact": _lazy("added a file"),
    "registry.release.sweep_file": _lazy("removed what an upload that was cut off had left"),
    "registry.release.remove_artifact": _lazy("removed a file"),
    "registry.release.publish": _lazy("published the release"),
    "registry.release.withdraw": _lazy("withdrew the release"),
    "registry.release.reinstate": _lazy("took the withdrawal back"),
    "registry.release.add_parent": _lazy("said what it was made from"),
    "registry.release.remove_parent": _lazy("took back what it was made from"),
    "registry.release.note_capability": _lazy("noted a capability"),
    "registry.phase.plan": _lazy("planned the phase"),
    "registry.phase.edit": _lazy("changed the phase"),
    "registry.phase.drop": _lazy("dropped the phase"),
    "registry.phase.enter": _lazy("entered the phase"),
    "registry.phase.leave": _lazy("left the phase"),
    "registry.phase.return": _lazy("returned to the phase"),
    "registry.phase.add_criterion": _lazy("added a criterion"),
    "registry.phase.remove_criterion": _lazy("removed a criterion"),
    "access.phase.set_tiers": _lazy("said which tiers it opens"),
    "registry.usageguidelines.draft": _lazy("began the draft"),
    "registry.usageguidelines.edit": _lazy("changed the texts"),
    "registry.usageguidelines.publish": _lazy("published the guidelines"),
    "registry.usageguidelines.supersede": _lazy("published a newer version"),
    "registry.usageguidelines.retire": _lazy("retired the guidelines"),
    "registry.risk.create": _lazy("recorded the risk"),
    "registry.risk.edit": _lazy("changed the risk"),
    "registry.risk.assign_owner": _lazy("named the risk owner"),
    "registry.risk.assess": _lazy("assessed the risk"),
    "registry.risk.open": _lazy("opened the risk"),
    "registry.risk.close": _lazy("closed the risk"),
    "registry.risk.reopen": _lazy("reopened the risk"),
    "registry.risk.carry_over": _lazy("carried the risk over to a new scale"),
    "registry.risk.propose_assessment": _lazy("proposed a lower score"),
    "registry.risk.decline_assessment": _lazy("declined a lower score"),
    "registry.risk.withdraw_assessment": _lazy("took a proposed score back"),
    "registry.risk.choose_treatment": _lazy("chose the treatment"),
    "registry.risk.accept": _lazy("accepted the risk"),
    "registry.risk.revoke_acceptance": _lazy("revoked the acceptance"),
    "registry.riskscale.draft": _lazy("began the draft"),
    "registry.riskscale.edit": _lazy("changed the draft"),
    "registry.riskscale.activate": _lazy("put it in force"),
    "registry.riskscale.supersede": _lazy("replaced it by a later version"),
    "registry.risk.raise_stub": _lazy("raised a concern"),
    "registry.risk.work_out": _lazy("worked the stub out"),
    "registry.risk.dismiss": _lazy("closed the stub"),
    "registry.risk.take_up": _lazy("took the stub up again"),
    "registry.risk.set_cadence": _lazy("said how often it is looked at again"),
    "registry.risk.review": _lazy("looked at the risk again"),
    "registry.risk.skip_review": _lazy("left it out of a review round"),
    "registry.risk.ask_for_review": _lazy("asked to look at it again"),
    "registry.risk.assign_deputy": _lazy("named the deputy"),
    "registry.mitigation.add": _lazy("planned the mitigation"),
    "registry.mitigation.edit": _lazy("changed the mitigation"),
    "registry.mitigation.start": _lazy("began it"),
    "registry.mitigation.finish": _lazy("marked it as done"),
    "registry.mitigation.drop": _lazy("dropped it"),
    "registry.mitigation.retire": _lazy("retired it"),
    "registry.mitigation.assign_owner": _lazy("handed it over"),
    "registry.mitigation.link_risk": _lazy("said that it is for one more risk"),
    "registry.mitigation.unlink_risk": _lazy("said that it is not for a risk after all"),
    "registry.mitigation.measure": _lazy("recorded how well it works"),
    "registry.risk.reveal_contact": _lazy("read the contact of who raised it"),
}


@register.simple_tag
def stub_age(risk: Any) -> SafeString | str:
    """How long a stub has waited, marked when that is long; nothing for other risks."""
    note = risk.waiting_note
    return badge(*note) if note else ""


@register.filter
def event_words(event: Any) -> str:
    """What somebody did, for the history of a release or a risk."""
    words = str(_VERBS.get(event.verb, event.verb.rpartition(".")[2].replace("_", " ")))
    after = event.after if isinstance(event.after, dict) else {}
    if path := after.get("path") or (event.before or {} if isinstance(event.before, dict) else {}).get("path"):
        return f"{words}: {path}"
    if event.verb == "registry.risk.choose_treatment":
        return f"{words}: {dict(Risk.Treatment.choices).get(after.get('treatment', ''), '')}"
    if event.verb == "registry.risk.assign_owner":
        return f"{words}: {(after.get('owner') or {}).get('label', '')}"
    if event.verb.endswith(".edit") and after:
        return f"{words}: {', '.join(name.replace('_', ' ') for name in after)}"
    return words


@register.filter
def event_stage(event: Any) -> str:
    """The stage an event led to, for its mark; empty when it changed none."""
    return event.after if isinstance(event.after, str) else ""
