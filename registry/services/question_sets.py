"""Question sets and taxonomies: taken in from files, put into use, asked for."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from common import audit, lifecycle
from common.lifecycle import Refused
from registry import lists, permissions
from registry.lifecycle import PUBLISH_QUESTIONS, RETIRE_QUESTIONS, SUPERSEDE_QUESTIONS
from registry.models import Publisher, Question, QuestionSet, RequiredReview, Taxonomy, Term
from registry.services import _store
from registry.services.risks import stated


@transaction.atomic
def import_question_set(publisher: Publisher, *, actor: Any, data: dict[str, Any]) -> QuestionSet:
    """Take in a publisher's own set as a draft: the next version of the set with its short name.

    Raises ``Refused`` with everything that is wrong in ``data``, and when the newest version asks just the same.
    """
    if not permissions.can_edit_question_sets(actor, publisher):
        raise PermissionDenied
    content = lists.checked_questions(data)
    made = _add_version(publisher, content, actor=actor)
    if made is None:
        raise Refused(_("The newest version of this set asks exactly this."), field="file")
    return made


def _add_version(publisher: Publisher | None, content: dict[str, Any], *, actor: Any) -> QuestionSet | None:
    digest = lists.digest(content)
    if publisher is not None:
        # Two people importing at once must not get the same number.
        Publisher.objects.select_for_update(no_key=True).get(pk=publisher.pk)
    versions = QuestionSet.objects.filter(publisher=publisher, slug=content["slug"])
    newest = versions.order_by("-number").first()
    if newest is not None and newest.digest == digest and newest.stage != QuestionSet.Stage.SUPERSEDED:
        return None
    head = {name: content[name] for name in ("slug", "title", "about", "review_days")}
    number = (versions.aggregate(last=Max("number"))["last"] or 0) + 1
    made = QuestionSet(publisher=publisher, number=number, digest=digest, created_by=actor, **head)
    _store.insert(made, taken={})
    Question.objects.bulk_create(
        Question(question_set=made, position=position, **row) for position, row in enumerate(content["questions"], 1)
    )
    audit.record(
        actor, "registry.questionset.add", made, after={"version": number, "questions": made.questions.count()}
    )
    return made


@transaction.atomic
def publish_question_set(question_set: QuestionSet, *, actor: Any) -> QuestionSet:
    """Let new reviews ask this version. The one before it stays readable where it was answered."""
    if not permissions.can_move_question_set(actor, question_set):
        raise PermissionDenied
    same = QuestionSet.objects.filter(publisher=question_set.publisher_id, slug=question_set.slug)
    locked = list(same.select_for_update(of=("self",)).order_by("pk"))
    newer = max((row.number for row in locked if row.stage != QuestionSet.Stage.DRAFT), default=0)
    if newer > question_set.number:
        raise Refused(_("Version %d is newer and was in use already.") % newer)
    for row in locked:
        if row.stage == QuestionSet.Stage.PUBLISHED and row.pk != question_set.pk:
            lifecycle.apply(SUPERSEDE_QUESTIONS, row, actor=actor, superseded_by=question_set.number)
    return lifecycle.apply(PUBLISH_QUESTIONS, question_set, actor=actor, changes={"published_at": timezone.now()})


def retire_question_set(question_set: QuestionSet, *, actor: Any, reason: str) -> QuestionSet:
    """Ask a set no more. Where a shipped one has its short name, that one is asked again."""
    return lifecycle.apply(RETIRE_QUESTIONS, question_set, actor=actor, reason=stated(reason))


@transaction.atomic
def set_required_reviews(publisher: Publisher, *, actor: Any, required: dict[str, bool]) -> None:
    """Say which reviews a release has to pass before it goes public; True where it is not published without."""
    if not permissions.can_edit_question_sets(actor, publisher):
        raise PermissionDenied
    known = set(QuestionSet.objects.for_publisher(publisher.pk).values_list("slug", flat=True))
    if unknown := sorted(required.keys() - known):
        raise Refused(_("There is no question set “%s” in use.") % unknown[0], field="required")
    Publisher.objects.select_for_update(no_key=True).get(pk=publisher.pk)
    before = dict(RequiredReview.objects.filter(publisher=publisher).values_list("slug", "blocks"))
    if before == required:
        return
    RequiredReview.objects.filter(publisher=publisher).delete()
    RequiredReview.objects.bulk_create(
        RequiredReview(publisher=publisher, slug=slug, blocks=blocks) for slug, blocks in sorted(required.items())
    )
    audit.record(actor, "registry.publisher.require_reviews", publisher, before=before, after=required)


@transaction.atomic
def import_taxonomy(*, actor: Any, data: dict[str, Any]) -> Taxonomy:
    """Take in a published list, or a newer version of one that is known by its short name.

    Codes stay what they were given for: what the newer version no longer has stays readable on old risks, and can
    no longer be chosen. Taking the same list in again changes nothing.
    """
    if not permissions.can_import_taxonomy(actor):
        raise PermissionDenied
    taxonomy, _changed = _merge_taxonomy(lists.checked_taxonomy(data), actor)
    return taxonomy


def _merge_taxonomy(content: dict[str, Any], actor: Any) -> tuple[Taxonomy, bool]:
    head = {name: content[name] for name in ("name", "kind", "version", "url", "licence")}
    taxonomy = Taxonomy.objects.select_for_update().filter(slug=content["slug"]).first()
    changed: dict[str, Any] = {}
    if taxonomy is None:
        taxonomy = _store.insert(Taxonomy(slug=content["slug"], **head), taken={"slug": "slug"})
        changed["new"] = True
    elif differing := {name: value for name, value in head.items() if getattr(taxonomy, name) != value}:
        Taxonomy.objects.filter(pk=taxonomy.pk).update(**differing)
        taxonomy.refresh_from_db()
        changed |= differing
    changed |= _merge_terms(taxonomy, content["terms"])
    if changed:
        audit.record(actor, "registry.taxonomy.import", taxonomy, after=changed)
    return taxonomy, bool(changed)


def _merge_terms(taxonomy: Taxonomy, rows: list[dict[str, str]]) -> dict[str, int]:
    known = {term.code: term for term in taxonomy.terms.all()}
    added, altered = [], []
    for row in rows:
        term = known.pop(row["code"], None)
        wanted = {"name": row["name"], "description": row["description"], "is_current": True}
        if term is None:
            added.append(Term(taxonomy=taxonomy, code=row["code"], **wanted))
        elif any(getattr(term, name) != value for name, value in wanted.items()):
            for name, value in wanted.items():
                setattr(term, name, value)
            altered.append(term)
    dropped = [term for term in known.values() if term.is_current]
    for term in dropped:
        term.is_current = False
    Term.objects.bulk_create(added)
    Term.objects.bulk_update([*altered, *dropped], ["name", "description", "is_current"])
    counts = {"added": len(added), "altered": len(altered), "dropped": len(dropped)}
    return {name: count for name, count in counts.items() if count}


@transaction.atomic
def load_shipped(*, actor: Any) -> int:
    """Bring the lists that come with the portal up to date; how many of them were new or changed.

    Safe to run at every start. What a publisher has answered or chosen stays as it is.
    """
    changed = 0
    for data in lists.shipped("taxonomies"):
        changed += _merge_taxonomy(lists.checked_taxonomy(data), actor)[1]
    for data in lists.shipped("question_sets"):
        made = _add_version(None, lists.checked_questions(data), actor=actor)
        if made is not None:
            publish_question_set(made, actor=actor)
            changed += 1
    return changed
