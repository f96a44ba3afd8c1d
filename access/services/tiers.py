from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from access import permissions
from access.models import TermsVersion, Tier, TierQuestion
from access.models.tiers import terms_digest
from common import audit, editing, events
from common.lifecycle import Refused
from registry.models import ModelFamily


@transaction.atomic
def create_tier(family: ModelFamily, *, actor: Any, **fields: Any) -> Tier:
    """Offer a new tier of ``family``. Nobody can ask for it before its terms are published."""
    if not permissions.can_manage_tiers(actor, family):
        raise PermissionDenied
    tier = Tier(family=family, **fields)
    tier.full_clean()
    tier.save()
    audit.record(actor, "access.tier.create", tier, after=fields)
    return tier


@transaction.atomic
def edit_tier(tier: Tier, *, actor: Any, changes: dict[str, Any], expected_version: int | None = None) -> Tier:
    """Change what a tier says. Grants already given keep their dates.

    Raises ``Stale`` when somebody else has written since ``expected_version``.
    """
    if not permissions.can_manage_tiers(actor, tier.family):
        raise PermissionDenied
    trial = Tier.objects.get(pk=tier.pk)
    for name, value in changes.items():
        setattr(trial, name, value)
    trial.full_clean()
    return editing.edit(tier, actor=actor, verb="access.tier.edit", changes=changes, expected_version=expected_version)


@transaction.atomic
def set_questions(tier: Tier, *, actor: Any, questions: Iterable[dict[str, Any]]) -> Tier:
    """Make ``questions`` the questions of ``tier``, in this order, as a new version of its form.

    A row with ``id`` keeps that question, one without is new, and what is missing goes. Answers already
    given keep the words of the questions they were given to.
    """
    if not permissions.can_manage_tiers(actor, tier.family):
        raise PermissionDenied
    tier = Tier.objects.select_for_update().get(pk=tier.pk)
    known = {question.pk: question for question in tier.questions.all()}
    before = [question.text for question in known.values()]
    kept: list[TierQuestion] = []
    for order, row in enumerate(questions, start=1):
        fields = {**row}
        pk = fields.pop("id", None)
        if pk is not None and pk not in known:
            raise Refused(_("Question %s does not belong to this tier.") % pk, field="questions")
        question = known.get(pk) or TierQuestion(tier=tier)
        for name, value in fields.items():
            setattr(question, name, value)
        question.order = order
        if question.kind == TierQuestion.Kind.CHOICE and len(question.choices) < 2:
            raise Refused(_("“%s” needs at least two choices.") % question.text, field="questions")
        question.full_clean(exclude=["tier"])
        question.save()
        kept.append(question)
    tier.questions.exclude(pk__in=[question.pk for question in kept]).delete()
    after = [question.text for question in kept]
    return editing.edit(
        tier,
        actor=actor,
        verb="access.tier.set_questions",
        changes={"form_version": tier.form_version + 1},
        questions_before=before,
        questions=after,
    )


@transaction.atomic
def publish_terms(
    tier: Tier,
    *,
    actor: Any,
    text: str,
    can: list[str] | None = None,
    must: list[str] | None = None,
    must_not: list[str] | None = None,
    change_note: str = "",
    is_material: bool = True,
    enforced_from: datetime | None = None,
) -> TermsVersion:
    """Publish the next version of the terms of ``tier``. It can never be changed.

    A material version closes the gate from ``enforced_from`` (now) to everybody who has not accepted it,
    and opens it again to each who does; no new decision is needed. The first version is always material.
    """
    if not permissions.can_manage_tiers(actor, tier.family):
        raise PermissionDenied
    tier = Tier.objects.select_for_update().get(pk=tier.pk)
    if not text.strip():
        raise ValidationError({"text": [_("Write the full text of the terms.")]})
    last = tier.terms.order_by("-number").first()
    if last is not None and not change_note.strip():
        raise ValidationError({"change_note": [_("Say what changed: people are asked to accept it.")]})
    now = timezone.now()
    lists = {"can": can or [], "must": must or [], "must_not": must_not or []}
    terms = TermsVersion(
        tier=tier,
        number=last.number + 1 if last else 1,
        text=text.strip(),
        change_note=change_note.strip(),
        is_material=is_material or last is None,
        enforced_from=max(enforced_from or now, now),
        sha256=terms_digest(**lists, text=text.strip()),
        published_at=now,
        published_by=actor,
        **lists,
    )
    terms.full_clean()
    terms.save()
    audit.record(
        actor,
        "access.terms.publish",
        terms,
        after={"number": terms.number, "sha256": terms.sha256, "material": terms.is_material},
    )
    events.emit("access.terms.published", terms, number=terms.number, material=terms.is_material)
    return terms
