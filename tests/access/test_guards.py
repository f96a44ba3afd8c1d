"""What the database itself refuses, whoever asks."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from access.models import Acceptance, AccessRequest, DownloadEvent, Grant, RequestMessage, TermsVersion
from tests.factories.access import (
    AcceptanceFactory,
    AccessRequestFactory,
    DownloadEventFactory,
    GrantFactory,
    RequestMessageFactory,
    TermsVersionFactory,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("factory", "model"),
    [
        (TermsVersionFactory, TermsVersion),
        (AcceptanceFactory, Acceptance),
        (RequestMessageFactory, RequestMessage),
        (DownloadEventFactory, DownloadEvent),
    ],
)
def test_records_are_never_changed(factory, model):
    row = factory()
    rows = model.objects.filter(pk=row.pk)
    column = next(
        field.name for field in model._meta.concrete_fields if field.name in {"text", "typed_name", "body", "path"}
    )
    for attempt in (lambda: rows.update(**{column: "other"}), lambda: rows._raw_delete("default")):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            attempt()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            cursor.execute(f"TRUNCATE {model._meta.db_table} CASCADE")
    assert rows.exists()


def refused(call, name):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        call()


def test_one_open_request(db):
    one = AccessRequestFactory()
    same = {"requester": one.requester, "release": one.release, "tier": one.tier}
    refused(lambda: AccessRequestFactory(**same), "one_open_request_per_release_and_tier")
    refused(lambda: AccessRequestFactory(**same, draft=True), "one_open_request_per_release_and_tier")
    assert AccessRequestFactory(**same, declined=True)


def test_one_live_grant(db):
    one = GrantFactory()
    again = {"request__requester": one.user, "request__release": one.release, "request__tier": one.tier}
    refused(lambda: GrantFactory(**again, accepted=False), "one_live_grant_per_release_and_tier")


def test_decisions_name_somebody_else_and_a_reason(db):
    row = AccessRequestFactory(approved=True)
    rows = AccessRequest.objects.filter(pk=row.pk)
    refused(lambda: rows.update(decided_by=row.requester), "nobody_decides_their_own_request")
    refused(lambda: rows.update(decision_reason=""), "decided_request_says_who_and_why")
    refused(lambda: rows.update(decided_by=None), "decided_request_says_who_and_why")


def test_stages_and_dates_hold_together(db):
    request = AccessRequest.objects.filter(pk=AccessRequestFactory().pk)
    refused(lambda: request.update(stage="lost"), "request_stage_is_known")
    refused(lambda: request.update(due_at=None), "sent_request_has_a_due_date")
    grant = Grant.objects.filter(pk=GrantFactory().pk)
    refused(lambda: grant.update(stage="revoked"), "closed_grant_says_why")
    refused(lambda: grant.update(valid_until=timezone.now() - timedelta(days=999)), "grant_ends_after_it_began")
