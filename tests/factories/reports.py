import datetime as dt
import hashlib

import factory
from django.core.files.base import ContentFile
from django.utils import timezone

from reports.models import ReleasePackage, SafetyReport
from tests.factories.accounts import UserFactory
from tests.factories.registry import ModelFamilyFactory, ReleaseFactory


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


class ReleasePackageFactory(factory.django.DjangoModelFactory):
    """One that was asked for; ``made=True`` has a small archive."""

    class Meta:
        model = ReleasePackage

    class Params:
        content = b"PK not a real one"
        made = factory.Trait(
            manifest={"files": [{"path": "terms.md", "size": 3, "sha256": "d" * 64}]},
            fingerprint="f" * 64,
            file=factory.LazyAttribute(lambda package: ContentFile(package.content, name="package.zip")),
            sha256=factory.LazyAttribute(lambda package: hashlib.sha256(package.content).hexdigest()),
            size=factory.LazyAttribute(lambda package: len(package.content)),
            made_at=factory.LazyFunction(timezone.now),
        )

    release = factory.SubFactory(ReleaseFactory, published=True)
    requested_by = factory.SubFactory(UserFactory)
