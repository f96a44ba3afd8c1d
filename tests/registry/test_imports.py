"""Registers brought along as files: what is refused and why, all or nothing, and back from where it came."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common import jobs
from common.models import AuditEvent
from registry import services
from registry.models import Risk
from tests.factories.registry import (
    RiskFactory,
)

HEAD = ["key", "family", "title", "harm", "stage", "owner", "inherent_likelihood", "inherent_severity"]


def csv_of(rows, head=HEAD, delimiter=",", encoding="utf-8"):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerows([head, *rows])
    return out.getvalue().encode(encoding)


def bring(content, *, actor, publisher, name="risks.csv", family=None):
    """Upload a file and let the job check it."""
    file = SimpleUploadedFile(name, content)
    row = services.upload_import(publisher, actor=actor, file=file, family=family)
    jobs.run(row.job_id)
    row.refresh_from_db()
    return row


def apply(row, *, actor):
    services.start_applying(row, actor=actor)
    row.refresh_from_db()
    jobs.run(row.job_id)
    row.refresh_from_db()
    return row


def problems(row):
    return {each.number: each.problems for each in row.rows.filter(outcome="refused")}


@pytest.fixture
def rows(family, risk_owner):
    return [
        ["GRC-1", family.slug, "Phishing text", "People are tricked.", "open", risk_owner.email, "4", "Major"],
        ["GRC-2", family.slug, "Wrong dosage", "Patients are harmed.", "draft", "", "", ""],
    ]


def test_a_file_is_checked_and_applied(rows, family, publisher, release_manager, risk_owner):
    row = bring(csv_of(rows), actor=release_manager, publisher=publisher)
    assert (row.stage, row.new_count, row.refused_count) == ("checked", 2, 0)
    assert not Risk.objects.exists()
    apply(row, actor=release_manager)
    assert row.stage == "applied" and not row.file
    first, second = Risk.objects.order_by("number")
    assert (first.number, first.stage, first.owner, first.current_score) == (1, "open", risk_owner, 16)
    assert first.import_key.key == "GRC-1" and first.origin == "import" and first.review_due_on
    assert (second.number, second.stage, second.owner) == (2, "draft", None)
    assert first.assessments.get().cause == "imported"
    event = AuditEvent.objects.get(verb="registry.risk.create", object_id=str(first.pk))
    assert event.actor_id == release_manager.pk and event.evidence["import"] == row.pk
    # The same file again changes nothing.
    again = bring(csv_of(rows), actor=release_manager, publisher=publisher)
    assert again.unchanged_count == 2


def test_one_wrong_row_holds_up_all(rows, publisher, release_manager):
    rows[1][3] = ""
    row = bring(csv_of(rows), actor=release_manager, publisher=publisher)
    assert problems(row) == {3: [["harm", "Say what the harm is. Only a stub can do without."]]}
    with pytest.raises(services.imports.Refused, match="1 rows are refused"):
        services.start_applying(row, actor=release_manager)
    assert not Risk.objects.exists()


def test_nothing_imported_lowers_a_level(family, publisher, release_manager):
    risk = RiskFactory(family=family, number=1, opened=True)
    head = ["reference", "family", "residual_likelihood", "residual_severity"]
    lower = bring(csv_of([["R-1", family.slug, "1", "4"]], head), actor=release_manager, publisher=publisher)
    ((column, reason),) = problems(lower)[2]
    assert column == "residual_likelihood" and "never lowers" in reason
    higher = bring(csv_of([["R-1", family.slug, "3", "4"]], head), actor=release_manager, publisher=publisher)
    apply(higher, actor=release_manager)
    risk.refresh_from_db()
    assert risk.residual_score == 12
    assert risk.assessments.get().rationale == "Imported from risks.csv."


def test_what_was_changed_meanwhile_is_not_overwritten(family, publisher, release_manager):
    risk = RiskFactory(family=family, number=1)
    head = ["reference", "family", "title"]
    row = bring(csv_of([["R-1", family.slug, "New title"]], head), actor=release_manager, publisher=publisher)
    services.edit_risk(risk, actor=release_manager, affected="Everybody")
    apply(row, actor=release_manager)
    assert row.stage == "checked" and "changed since the file was checked" in row.job.error
    services.check_again(row, actor=release_manager)
    row.refresh_from_db()
    jobs.run(row.job_id)
    apply(row, actor=release_manager)
    risk.refresh_from_db()
    assert (row.stage, risk.title, risk.affected) == ("applied", "New title", "Everybody")
