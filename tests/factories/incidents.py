import hashlib

import factory
from django.core.files.base import ContentFile

from incidents import receipts
from incidents.models import (
    Category,
    HandlerDigest,
    Incident,
    IncidentReport,
    MisuseReport,
    ReportAttachment,
    ReportMessage,
    audience_for,
)
from registry.scale import Band
from tests.factories.accounts import UserFactory


class MisuseReportFactory(factory.django.DjangoModelFactory):
    """A report that has just arrived; ``secret`` is its receipt's. About a model with ``family=…``; judged
    with ``triaged=True``, ``answered=True`` or ``closed=True``."""

    class Meta:
        model = MisuseReport

    class Params:
        secret = factory.Sequence(lambda n: f"{n:020d}")
        triaged = factory.Trait(
            stage=MisuseReport.Stage.TRIAGED, severity=Band.HIGH, owner=factory.SubFactory(UserFactory)
        )
        answered = factory.Trait(triaged=True, stage=MisuseReport.Stage.ANSWERED, awaits_handler=False)
        closed = factory.Trait(
            answered=True, stage=MisuseReport.Stage.CLOSED, close_reason="resolved", awaits_handler=False
        )

    locator = factory.Sequence(lambda n: f"{n:08d}")
    salt = factory.LazyFunction(receipts.new_salt)
    digest = factory.LazyAttribute(lambda report: receipts.digest(report.salt, report.secret))
    submission = factory.LazyAttribute(lambda report: MisuseReport.submission_hash(report.locator.encode()))
    family = None
    release = None
    category = Category.FRAUD
    model_text = "A model somebody used"
    what_happened = "Somebody used it to write letters that pretend to come from a bank."
    audience = factory.LazyAttribute(lambda report: audience_for([report.family] if report.family else []))


class ReportMessageFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ReportMessage

    report = factory.SubFactory(MisuseReportFactory)
    author = ReportMessage.Author.REPORTER
    visibility = "public"
    body = "I saw it again today."


class ReportAttachmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ReportAttachment

    class Params:
        content = b"what the model wrote"

    report = factory.SubFactory(MisuseReportFactory)
    name = "answer.txt"
    media_type = "text/plain"
    size = factory.LazyAttribute(lambda attachment: len(attachment.content))
    sha256 = factory.LazyAttribute(lambda attachment: hashlib.sha256(attachment.content).hexdigest())
    file = factory.LazyAttribute(lambda attachment: ContentFile(attachment.content, name="answer.txt"))


class HandlerDigestFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = HandlerDigest

    user = factory.SubFactory(UserFactory)


class IncidentFactory(factory.django.DjangoModelFactory):
    """An open incident; about models with ``families=[…]``."""

    class Meta:
        model = Incident
        skip_postgeneration_save = True

    title = factory.Sequence(lambda n: f"Incident {n}")
    summary = "A safeguard did not hold."
    severity = Band.HIGH
    opened_by = factory.SubFactory(UserFactory)
    audience = ["any"]

    @factory.post_generation
    def families(self, create, extracted, **kwargs):
        if create and extracted:
            self.families.set(extracted)
            self.audience = audience_for(extracted)
            self.save(update_fields=["audience"])


class IncidentReportFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = IncidentReport

    incident = factory.SubFactory(IncidentFactory)
    report = factory.SubFactory(MisuseReportFactory)
    linked_by = factory.SubFactory(UserFactory)
