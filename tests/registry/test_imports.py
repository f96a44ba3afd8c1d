"""Registers taken away as files and brought along: what is refused and why, all or nothing, and nothing lost."""

import csv
import datetime as dt
import io
import json
import zipfile

import jsonschema
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from openpyxl import Workbook, load_workbook

from common import jobs
from common.models import AuditEvent, Job
from registry import services
from registry.interchange import readers, writers
from registry.interchange.columns import COLUMNS, schema
from registry.models import ImportRow, Risk, RiskAssessment, RiskImport
from tests.factories.registry import (
    MitigationFactory,
    ObjectiveFactory,
    RiskFactory,
    RiskKeyFactory,
    TaxonomyFactory,
    TermFactory,
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
    assert (row.stage, bool(row.file)) == ("applied", False)
    first, second = Risk.objects.order_by("number")
    assert (first.number, first.stage, first.owner, first.current_score) == (1, "open", risk_owner, 16)
    assert (first.import_key.key, first.origin) == ("GRC-1", "import")
    assert first.review_due_on
    assert (second.number, second.stage, second.owner) == (2, "draft", None)
    assert first.assessments.get().cause == "imported"
    event = AuditEvent.objects.get(verb="registry.risk.create", object_id=str(first.pk))
    assert (event.actor_id, event.evidence["import"]) == (release_manager.pk, row.pk)
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
    assert column == "residual_likelihood"
    assert "never lowers" in reason
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
    assert row.stage == "checked"
    assert "changed since the file was checked" in row.job.error
    services.check_again(row, actor=release_manager)
    row.refresh_from_db()
    jobs.run(row.job_id)
    apply(row, actor=release_manager)
    risk.refresh_from_db()
    assert (row.stage, risk.title, risk.affected) == ("applied", "New title", "Everybody")


# --- out and in again -------------------------------------------------------------------------------

TRICKY = [
    '=HYPERLINK("http://x")',
    "'=1",
    "''@x",
    "-5 is less",
    "+49 30",
    "@home",
    'a\tb, "quoted"; c | d \\ e',
    "line one\r\nline two\nthree",
    "Ünïcode – „so“ 你好 🚢",
    "_x000D_ is not a line end",
    "bell \x07 inside",
    "007",
    "1e5",
    "2026-11-18",
    "true",
]


@pytest.fixture
def full(family, release, publisher, risk_owner, reviewer):
    """Risks with everything a row can say, and texts that files like to break."""
    taxonomy = TaxonomyFactory(slug="list-one")
    made = []
    for number, text in enumerate(TRICKY, start=1):
        opened = number % 2 == 0
        risk = RiskFactory(
            family=family,
            number=number,
            title=f"{text.splitlines()[0]} {number}"[:200],
            harm=text,
            cause=text,
            affected=f"{text} ",
            opened=opened,
            owner=risk_owner if opened else None,
            deputy=reviewer if opened else None,
            release=release if number == 3 else None,
            is_public=number % 3 > 0,
            treatment="avoid" if number == 5 else "mitigate",
            confidence="low" if opened else "",
            review_days=30 if opened else None,
        )
        risk.objectives.set([ObjectiveFactory(family=family, title=f"Safe | sound \\ {number}")])
        risk.terms.set([TermFactory(taxonomy=taxonomy, code=f"A{number}")])
        made.append(risk)
    RiskKeyFactory(risk=made[0], key="GRC-1")
    MitigationFactory(family=family, owner=risk_owner, risks=[made[1]])
    # Closed, and so in words of its own time.
    Risk.objects.filter(pk=made[3].pk).update(stage="closed")
    return made


def export(client, format, query=""):
    answer = client.get(f"/workspace/risks/export.{format}{query}")
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def table_of(content, format):
    """The rows of an export as text, by column."""
    if format == "json":
        rows = json.loads(content)["risks"]
        return [{name: writers.plain(value) for name, value in row.items()} for row in rows]
    if format == "csv":
        rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        head, *rows = [[readers.restored(cell) for cell in row] for row in rows]
    else:
        sheet = load_workbook(io.BytesIO(content)).worksheets[0]
        cells = sheet.iter_rows(values_only=True)
        head, *rows = [
            [readers.from_xml(cell) if isinstance(cell, str) else writers.plain(cell) for cell in row] for row in cells
        ]
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.mark.parametrize("format", ["csv", "xlsx", "json"])
def test_what_is_taken_and_brought_again_changes_nothing(format, full, client, release_manager, publisher):
    client.force_login(release_manager)
    content = export(client, format)
    row = bring(content, actor=release_manager, publisher=publisher, name=f"risks.{format}")
    found = list(row.rows.exclude(outcome="unchanged").values_list("title", "changes", "problems"))
    assert found == []
    assert row.unchanged_count == len(TRICKY)
    # What only tells of the rest is named as not read.
    assert any("follows from the rest" in remark for remark in row.remarks)


def test_every_format_says_the_same(full, client, release_manager):
    client.force_login(release_manager)
    tables = [table_of(export(client, format), format) for format in ("csv", "xlsx", "json")]
    assert tables[0] == tables[1] == tables[2]
    assert [
        row["harm"] for row in sorted(tables[0], key=lambda row: row["created_on"] and int(row["reference"][2:]))
    ] == (TRICKY)
    assert list(tables[0][0]) == list(COLUMNS)


def test_no_cell_of_an_export_is_run(full, client, release_manager):
    client.force_login(release_manager)
    lines = csv.reader(io.StringIO(export(client, "csv").decode("utf-8-sig"), newline=""))
    assert not [cell for line in lines for cell in line if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}]
    sheet = load_workbook(io.BytesIO(export(client, "xlsx"))).worksheets[0]
    assert not [cell for line in sheet.iter_rows() for cell in line if cell.data_type == "f"]


def test_an_export_is_what_its_schema_says(full, client, release_manager):
    client.force_login(release_manager)
    jsonschema.validate(json.loads(export(client, "json")), schema())
    assert client.get("/workspace/risks/export/schema.json").json() == schema()


@pytest.mark.parametrize("format", ["csv", "xlsx", "json"])
def test_an_export_asks_little_however_many_rows(format, full, client, release_manager, django_assert_max_num_queries):
    client.force_login(release_manager)
    with django_assert_max_num_queries(8):
        export(client, format)


def test_an_export_keeps_to_the_filter(full, client, release_manager):
    client.force_login(release_manager)
    rows = table_of(export(client, "csv", "?stage=closed&view=matrix"), "csv")
    assert [row["reference"] for row in rows] == ["R-4"]


def test_the_public_gets_what_the_publisher_shows(full, client, publisher, family, release_manager):
    publisher.public_risk_fields = ["affected"]
    publisher.save()
    Risk.objects.filter(family=family, is_public=True).exclude(stage="draft").update(harm="MARKER")
    shown = client.get(f"/models/{publisher.slug}/{family.slug}/risks.csv")
    content = b"".join(shown.streaming_content)
    (first, *_rest) = table_of(content, "csv")
    assert "affected" in first
    assert not {"harm", "owner", "owner_name", "key", "current_level", "inherent_likelihood"} & set(first)
    assert b"MARKER" not in content
    assert b"@example.org" not in content
    # The API hands out the columns of the team, empty, to whoever has a role elsewhere only.
    for user in (None, release_manager):
        if user is not None:
            client.force_login(user)
        answer = client.get("/api/v1/risks/export/?file=csv")
        content = b"".join(answer.streaming_content)
        assert (b"MARKER" in content) is (user is not None)


def test_whoever_has_a_role_elsewhere_sees_no_more(full, client, stranger, publisher, family):
    publisher.public_risk_fields = ["owner"]
    publisher.save()
    client.force_login(stranger)
    rows = table_of(b"".join(client.get("/api/v1/risks/export/").streaming_content), "csv")
    assert rows
    assert {(row["owner"], row["harm"], row["key"], row["current_level"]) for row in rows} == {("", "", "", "")}
    assert {row["owner_name"] for row in rows} == {"Risk owner"}


# --- what cannot be taken ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("owner", "nobody@example.org", "Nobody with the address"),
        ("inherent_likelihood", "6", "is no step of the scale"),
        ("inherent_severity", "Grave", "is no step of the scale"),
        ("inherent_severity", "", "needs both"),
        ("stage", "closed", "a stub, a draft or open"),
        ("stage", "wild", "Give one of"),
        ("title", "", "A risk has a title"),
        ("title", "x" * 201, "at most 200"),
        ("family", "elsewhere", "no role for a model family"),
        ("terms", "LLM99", "No list has an entry"),
        ("objectives", "Nothing", "has no objective"),
        ("release", "9.9", "has no release"),
        ("review_due_on", "03/04/2026", "is no day"),
        ("review_due_on", "2099-01-01", "does not put off"),
        ("review_days", "0", "Give a number"),
        ("is_public", "perhaps", "Give yes or no"),
        ("reference", "R-77", "has no risk R-77"),
        ("publisher", "elsewhere", "This import is for"),
        ("detectability", "1", "does not ask for this"),
    ],
)
def test_a_wrong_cell_is_named_at_its_column(column, value, words, rows, family, publisher, release_manager):
    record = dict(zip(HEAD, rows[0], strict=True)) | {column: value}
    content = csv_of([list(record.values())], list(record))
    row = bring(content, actor=release_manager, publisher=publisher)
    found = dict(problems(row).get(2, []))
    assert words in found.get(column, found.get("inherent_likelihood", "")), found


def test_the_same_risk_twice_in_a_file_is_refused(rows, publisher, release_manager):
    rows[1][0] = rows[0][0]
    row = bring(csv_of(rows), actor=release_manager, publisher=publisher)
    assert problems(row) == {3: [["key", "Row 2 is about the same risk."]]}


def test_an_import_may_do_no_more_than_whoever_brings_it(rows, family, publisher, risk_owner, reviewer, stranger):
    # A risk owner records risks of others but does not judge them.
    rows[0][5] = reviewer.email
    row = bring(csv_of(rows), actor=risk_owner, publisher=publisher)
    assert {column for column, _reason in problems(row)[2]} == {"inherent_likelihood", "stage"}
    with pytest.raises(services.imports.PermissionDenied):
        bring(csv_of(rows), actor=reviewer, publisher=publisher)
    with pytest.raises(services.imports.PermissionDenied):
        bring(csv_of(rows), actor=stranger, publisher=publisher)


def test_lowering_ones_own_risk_by_recording_it_anew_needs_a_second_person(family, publisher, risk_owner):
    head = [*HEAD, "residual_likelihood", "residual_severity"]
    cells = ["K", family.slug, "Mine", "Harm", "open", risk_owner.email, "5", "5", "1", "1"]
    row = bring(csv_of([cells], head), actor=risk_owner, publisher=publisher)
    ((column, reason),) = problems(row)[2]
    assert column == "residual_likelihood"
    assert "second person" in reason


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"\x00\x01binary", "not text"),
        ("a.csv", b"one,two\n1,2\n", "has to name the columns"),
        ("a.csv", b"title,title\nx,y\n", "is there twice"),
        ("a.csv", b"title,harm\n", "no row"),
        ("a.csv", b'title,harm\n"open', "no valid CSV"),
        ("a.xlsx", b"PK\x03\x04 not a zip", "damaged"),
        ("a.xlsx", b"title,harm\nx,y\n", "damaged"),
        ("a.json", b"{", "no valid JSON"),
        ("a.json", b"[" * 100_000, "no valid JSON"),
        ("a.json", b'{"format": "tidegate-risks", "version": 9, "risks": []}', "What can be read"),
        ("a.json", b'{"risks": {}}', "no list of objects"),
    ],
)
def test_a_file_that_is_none_fails_in_words(name, content, words, publisher, release_manager):
    row = bring(content, actor=release_manager, publisher=publisher, name=name)
    assert (row.stage, row.job.state) == ("checking", "failed")
    assert words in row.job.error


def zipped(**parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def test_a_zip_bomb_is_not_unpacked(publisher, release_manager):
    content = zipped(**{"xl__worksheets__sheet1.xml": b"0" * (301 * 1024 * 1024)})
    assert len(content) < 1_000_000
    row = bring(content, actor=release_manager, publisher=publisher, name="a.xlsx")
    assert "unpacks to more" in row.job.error


@pytest.mark.parametrize("text", [b"<c>" + b"a" * 9_000_000 + b"</c>", b"<c a='" + b"a" * 9_000_000 + b"'/>"])
def test_one_endless_text_is_not_held_in_memory(text, publisher, release_manager):
    content = zipped(**{"xl__worksheets__sheet1.xml": text})
    row = bring(content, actor=release_manager, publisher=publisher, name="a.xlsx")
    assert "more text than the portal takes" in row.job.error


def test_entities_are_not_read(publisher, release_manager):
    content = zipped(**{"xl__workbook.xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x/>'})
    row = bring(content, actor=release_manager, publisher=publisher, name="a.xlsx")
    assert "no spreadsheet" in row.job.error


def test_a_formula_is_refused_and_dates_and_numbers_are_read(family, publisher, release_manager):
    book = Workbook()
    sheet = book.active
    sheet.append(["title", "harm", "family", "review_due_on", "review_days"])
    sheet.append(["=1+1", "Harm", family.slug, dt.datetime(2026, 1, 2), 30.0])
    sheet.append(["Plain", "Harm", family.slug, dt.date(2026, 1, 2), 30])
    out = io.BytesIO()
    book.save(out)
    row = bring(out.getvalue(), actor=release_manager, publisher=publisher, name="a.xlsx")
    assert problems(row)[2][0] == ["title", "This is a formula. Put in its value."]
    given = row.rows.get(number=3)
    assert (given.outcome, given.given["review_due_on"], given.given["review_days"]) == ("new", "2026-01-02", "30")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters_are_found_out(encoding, delimiter, family, publisher, release_manager):
    content = csv_of(
        [[family.slug, "Überwachung, heimlich", "Schäden"]], ["Model family", "Risk", "THE HARM"], delimiter, encoding
    )
    row = bring(content, actor=release_manager, publisher=publisher)
    assert row.new_count == 1
    assert row.rows.get().given["title"] == "Überwachung, heimlich"
    assert bool(row.remarks) is (encoding == "cp1252")


def test_a_name_leads_nowhere(publisher, release_manager, family):
    row = bring(csv_of([["x", "y"]], ["title", "harm"]), actor=release_manager, publisher=publisher, name="../../x.csv")
    assert row.name == "x.csv"
    assert row.file.name.startswith("imports/")


# --- whose it is, and how it ends -------------------------------------------------------------------


def test_only_whoever_brought_it_applies_it(rows, publisher, release_manager, colleague, superuser):
    row = bring(csv_of(rows), actor=release_manager, publisher=publisher)
    for other in (colleague, superuser):
        with pytest.raises(services.imports.PermissionDenied):
            services.start_applying(row, actor=other)
    services.discard_import(row, actor=colleague)
    row.refresh_from_db()
    assert (row.stage, row.rows.count(), bool(row.file)) == ("discarded", 0, False)


def test_what_nobody_applies_is_discarded_after_two_weeks(rows, publisher, release_manager):
    row = bring(csv_of(rows), actor=release_manager, publisher=publisher)
    assert services.expire_imports() == 0
    with time_machine.travel(timezone.now() + dt.timedelta(days=15)):
        assert services.expire_imports() == 1
    row.refresh_from_db()
    assert row.stage == "discarded"


def test_roles_that_were_lost_meanwhile_count(rows, publisher, release_manager):
    row = bring(csv_of(rows), actor=release_manager, publisher=publisher)
    release_manager.groups.clear()
    services.start_applying(row, actor=release_manager)
    row.refresh_from_db()
    jobs.run(row.job_id)
    assert "not possible any more" in Job.objects.get(pk=row.job_id).error
    assert not Risk.objects.exists()


def test_a_job_that_runs_twice_writes_once(rows, publisher, release_manager):
    row = bring(csv_of(rows), actor=release_manager, publisher=publisher)
    apply(row, actor=release_manager)
    Job.objects.filter(pk=row.job_id).update(state="queued")
    jobs.run(row.job_id)
    assert Risk.objects.count() == 2


def test_refused_rows_are_taken_mended_and_brought_again(rows, publisher, release_manager, client):
    rows[1][3] = ""
    row = bring(csv_of(rows), actor=release_manager, publisher=publisher)
    client.force_login(release_manager)
    answer = client.get(f"/workspace/risks/imports/{row.pk}/refused.csv")
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "harm: Say what the harm is." in content
    mended = content.replace("Wrong dosage,", "Wrong dosage,Patients are harmed.", 1)
    again = bring(mended.encode(), actor=release_manager, publisher=publisher)
    assert (again.new_count, again.refused_count, again.remarks) == (1, 0, [])


def test_the_database_keeps_an_import_whole(rows, publisher, release_manager):
    row = bring(csv_of(rows), actor=release_manager, publisher=publisher)
    # Applied without its rows being in the register.
    with pytest.raises(IntegrityError, match="not in the register"), transaction.atomic():
        RiskImport.objects.filter(pk=row.pk).update(stage="applied", applied_at=timezone.now())
    apply(row, actor=release_manager)
    for act in (
        lambda: RiskImport.objects.filter(pk=row.pk).update(name="other.csv"),
        lambda: ImportRow.objects.filter(risk_import=row).update(title="Other"),
        lambda: ImportRow.objects.filter(risk_import=row).delete(),
    ):
        with pytest.raises(IntegrityError, match="refused"), transaction.atomic():
            act()


def test_the_database_lets_no_import_lower_a_level(family, release_manager):
    risk = RiskFactory(family=family, opened=True)
    judged = {"risk": risk, "scale": risk.scale, "rationale": "x", "assessed_by": release_manager, "kind": "residual"}
    RiskAssessment.objects.create(likelihood=4, severity=4, **judged)
    with pytest.raises(IntegrityError, match="never lowers"), transaction.atomic():
        RiskAssessment.objects.create(likelihood=1, severity=1, cause="imported", **judged)


def test_pages_of_an_import(rows, publisher, release_manager, client, django_assert_max_num_queries):
    rows[1][3] = ""
    client.force_login(release_manager)
    file = SimpleUploadedFile("risks.csv", csv_of(rows))
    made = client.post("/workspace/risks/imports/new/", {"publisher": publisher.pk, "file": file})
    row = RiskImport.objects.get()
    assert made["Location"] == row.get_absolute_url()
    waiting = client.get(row.get_absolute_url())
    assert 'http-equiv="refresh"' in waiting.content.decode()
    jobs.run(row.job_id)
    with django_assert_max_num_queries(8):
        page = client.get(row.get_absolute_url()).content.decode()
    assert "1 row is refused" in page
    assert "Say what the harm is." in page
    assert "Apply all rows" not in page
    with django_assert_max_num_queries(8):
        assert "risks.csv" in client.get("/workspace/risks/imports/").content.decode()
    answer = client.get(f"/api/v1/risk-imports/{row.pk}/rows/?outcome=refused").json()
    assert answer["results"][0]["problems"] == [["harm", "Say what the harm is. Only a stub can do without."]]


def test_an_import_over_the_api(rows, publisher, release_manager, client):
    client.force_login(release_manager)
    file = SimpleUploadedFile("risks.csv", csv_of(rows))
    made = client.post("/api/v1/risk-imports/", {"publisher": publisher.pk, "file": file})
    assert made.status_code == 201, made.content
    jobs.run(made.json()["job"])
    pk = made.json()["id"]
    assert client.get(f"/api/v1/risk-imports/{pk}/").json()["new_count"] == 2
    assert client.post(f"/api/v1/risk-imports/{pk}/application/").status_code == 202
    jobs.run(RiskImport.objects.get().job_id)
    assert client.get(f"/api/v1/risk-imports/{pk}/").json()["stage"] == "applied"
    assert client.post(f"/api/v1/risk-imports/{pk}/application/").status_code == 409
