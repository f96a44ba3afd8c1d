from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.permissions import scopes
from common import audit
from common.models import AuditEvent, Job
from registry import downstream
from registry.models import ModelFamily, Publisher
from reports import packages
from reports.models import READERS, ReleasePackage, SafetyReport


def jobs_for(user: Any) -> QuerySet[Job]:
    """Jobs ``user`` may look at: those they asked for, and those of reports they work with."""
    if not getattr(user, "is_authenticated", False):
        return Job.objects.none()
    if scopes(user).everywhere:
        return Job.objects.all()
    theirs = SafetyReport.objects.for_readers(user).filter(job__isnull=False).values("job_id")
    held = scopes(user)
    places = Q(release__family__publisher_id__in=held.publisher_ids(*READERS)) | Q(
        release__family_id__in=held.family_ids(*READERS)
    )
    packed = ReleasePackage.objects.filter(places, job__isnull=False).values("job_id")
    return Job.objects.filter(Q(requested_by_id=user.pk) | Q(pk__in=theirs) | Q(pk__in=packed))


def publishers_to_report_on(user: Any) -> QuerySet[Publisher]:
    held = scopes(user)
    rows = Publisher.objects.order_by("name")
    return rows if held.everywhere else rows.filter(pk__in=held.publisher_ids(*READERS))


def families_to_report_on(user: Any) -> QuerySet[ModelFamily]:
    return ModelFamily.objects.with_role(user, *READERS).select_related("publisher").order_by("publisher__name", "name")


WORDS = {"request": _("asked for it"), "make": _("made the PDF"), "publish": _("published it")}


def history(report: SafetyReport) -> list[tuple[AuditEvent, Any]]:
    """What happened to ``report``, newest first, each with words for it."""
    return [(event, WORDS.get(event.verb.rpartition(".")[2], event.verb)) for event in audit.trail(report)[:50]]


def newest_package(release: Any, reader: Any) -> ReleasePackage | None:
    """The package of a release that was made last and that ``reader`` may have, with its release at hand."""
    rows = ReleasePackage.objects.visible_to(reader).made().select_related("release__family__publisher")
    return rows.filter(release=release).order_by("-made_at", "-pk").first()


def is_current(package: ReleasePackage, release: Any) -> bool:
    """Whether a package made now of ``release``, from ``packages.told``, would hold the same."""
    return package.fingerprint == packages.fingerprint(downstream.content_of(release))
