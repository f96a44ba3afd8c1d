import pytest
from django.db import DatabaseError, connection, transaction

from common import audit, context
from common.actors import ANONYMOUS_REPORTER
from common.models import AuditEvent

pytestmark = pytest.mark.django_db


def test_record_names_actor_object_and_request_by_value(family, release_manager):
    token = context.request_id.set("request-1234")
    try:
        event = audit.record(
            release_manager,
            "registry.modelfamily.edit",
            family,
            before={"name": "A"},
            after={"name": "B"},
            reason="typo",
        )
    finally:
        context.request_id.reset(token)

    event.refresh_from_db()
    assert (event.actor_id, event.actor_label) == (release_manager.pk, "Release manager")
    assert (event.object_type, event.object_id, event.object_label) == (
        "registry.modelfamily",
        str(family.pk),
        "Pilot 7B",
    )
    assert (event.before, event.after, event.reason) == ({"name": "A"}, {"name": "B"}, "typo")
    assert event.request_id == "request-1234"


def test_record_writes_other_rows_as_number_and_label(family, risk_owner, release_manager):
    event = audit.record(release_manager, "registry.risk.assign", family, after={"owner": risk_owner, "due": None})

    assert event.after == {"owner": {"id": risk_owner.pk, "label": "Risk owner"}, "due": None}


def test_record_of_somebody_without_an_account_holds_only_the_label(family):
    event = audit.record(ANONYMOUS_REPORTER, "incidents.report.file", family)

    assert (event.actor_id, event.actor_label) == (None, "Anonymous reporter")


@pytest.mark.django_db(transaction=True)
def test_record_refuses_outside_a_transaction(family, release_manager):
    with pytest.raises(RuntimeError, match="in the transaction of the change"):
        audit.record(release_manager, "registry.modelfamily.edit", family)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE common_auditevent SET actor_label = 'Somebody else'",
        "DELETE FROM common_auditevent",
        "TRUNCATE common_auditevent",
    ],
)
def test_database_refuses_to_change_the_trail(statement, family, release_manager):
    audit.record(release_manager, "registry.modelfamily.edit", family)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert AuditEvent.objects.filter(actor_label="Release manager").exists()


def test_trail_is_that_of_one_object_newest_first(family, release, release_manager):
    audit.record(release_manager, "registry.modelfamily.edit", family, reason="first")
    audit.record(release_manager, "registry.release.edit", release)
    audit.record(release_manager, "registry.modelfamily.edit", family, reason="second")

    assert [event.reason for event in audit.trail(family)] == ["second", "first"]
