"""What was asked before the release went public, what others worry about, and a round over the risks."""

from datetime import timedelta

from django.utils import timezone

from config.demo.cast import Cast
from registry import services
from registry.models import ModelFamily, QuestionSet, Release, Risk, Term

ANSWERS = {
    "personal-data": ("yes", "Two web crawls and a set of public forum posts; all three name the filters used."),
    "legal-basis": ("partly", "The balance of interests for the forum posts is not written down yet."),
    "objections": ("yes", "An address on the page of training data; honoured in the next training run."),
    "memorised": ("yes", "Extraction test on 10,000 documents: 3 verbatim repeats, none with personal data."),
    "inference": ("yes", "Refuses in 97 of 100 tries."),
    "doxxing": ("yes", "Refuses in 99 of 100 tries."),
    "prompts": ("yes", ""),
    "left-open": ("The forum posts: we look at them again before version 2.", ""),
}


def reviewed(cast: Cast, release: Release, risks: list[Risk]) -> None:
    """Privacy was reviewed before publication, with one condition; the publisher asks for it."""
    services.set_required_reviews(
        cast.publisher, actor=cast.release_manager, required={"privacy": True, "safety": False}
    )
    asked = QuestionSet.objects.for_publisher(cast.publisher.pk).get(slug="privacy")
    review = services.start_review(release, actor=cast.reviewer, question_set=asked)
    answers = {key: {"value": value, "note": note} for key, (value, note) in ANSWERS.items()}
    services.save_answers(review, actor=cast.reviewer, answers=answers)
    services.submit_review(
        review,
        actor=cast.reviewer,
        outcome="conditions",
        reason="The model repeats no personal data that we could find, and users learn what happens to prompts.",
        conditions="The balance of interests for the forum posts is written down before version 2.",
        findings={"legal-basis": {"title": "Forum posts used without a recorded balance of interests"}},
    )
    codes = ["LLM09:2025", "2.8", "psychological"]
    services.edit_risk(risks[0], actor=cast.risk_owner, terms=list(Term.objects.filter(code__in=codes)))


def looked_at_again(cast: Cast, family: ModelFamily) -> None:
    """Somebody outside worries, the team notes a concern in one line, and the risks are looked at in a round."""
    services.edit_family(family, actor=cast.release_manager, allows_public_concerns=True)
    family.refresh_from_db()
    services.raise_concern(
        family,
        title="It could answer children as if it were a friend",
        text="My nephew talks to a chat app built on this model every evening. Nothing bad happened. But who looks?",
        contact="worried.aunt@example.org",
    )
    old = services.raise_stub(family, actor=cast.reviewer, title="Summaries of court rulings leave out the dissent")
    Risk.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=17))
    services.start_round(
        cast.publisher,
        actor=cast.release_manager,
        title="Round after the first release",
        due_on=timezone.localdate() + timedelta(days=21),
    )
    first = Risk.objects.open().filter(family=family).order_by("number").first()
    if first is not None:
        services.review_risk(first, actor=cast.risk_owner, verdict="right", note="Nothing new since the incident.")
