import datetime as dt
import hashlib

import factory
from django.core.files.base import ContentFile
from django.utils import timezone

from reports.models import SafetyReport
from tests.factories.accounts import UserFactory
from tests.factories.registry import ModelFamilyFactory


class SafetyReportFactory(factory.django.DjangoModelFactory):
    """One that was asked for; ``made=True`` has a small PDF, ``published=True`` is public too."""

    class Meta:
        model = SafetyReport

    class Params:
        content = b"%PDF-1.7 not a real one"
        made = factory.Trait(
            data={"format": "tests"},
            data_sha256="d" * 64,
            pdf=factory.LazyAttribute(lambda report: ContentFile(report.content, name="report.pdf")),
            sha256=factory.LazyAttribute(lambda report: hashlib.sha256(report.content).hexdigest()),
            size=factory.LazyAttribute(lambda report: len(report.content)),
            pages=1,
            made_at=factory.LazyFunction(timezone.now),
        )
        published = factory.Trait(
            made=True,
            stage="published",
            published_at=factory.LazyFunction(timezone.now),
            published_by=factory.SelfAttribute("requested_by"),
        )

    family = factory.SubFactory(ModelFamilyFactory)
    period_start = dt.date(2026, 4, 1)
    period_end = dt.date(2026, 7, 1)
    title = factory.Sequence(lambda n: f"Report {n}")
    requested_by = factory.SubFactory(UserFactory)
