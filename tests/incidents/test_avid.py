"""Reading AVID reports: what lands, what is refused and why, and that twice is once."""

import copy
import io
import json
import os
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from common.models import AuditEvent
from incidents import avid
from incidents.models import Incident

GOOD = {
    "data_type": "AVID",
    "data_version": "0.2",
    "metadata": {"report_id": "AVID-2026-R0001"},
    "affects": {"developer": ["A lab"], "deployer": [], "artifacts": [{"type": "Model", "name": "a-model"}]},
    "problemtype": {
        "classof": "LLM Evaluation",
        "type": "Measurement",
        "description": {"lang": "eng", "value": "Toxic completions\nby a-model"},
    },
    "metrics": [
        {
            "name": "",
            "detection_method": {"type": "Significance Test", "name": "z test"},
            "results": {"rows": [{"detector": "a", "passed": 1}]},
        }
    ],
    "references": [{"label": "Source", "url": "https://example.org/report"}],
    "description": {"lang": "eng", "value": "The model completes neutral sentences with insults."},
    "impact": {
        "avid": {
            "risk_domain": ["Ethics"],
            "sep_view": ["E0301: Toxicity"],
            "lifecycle_view": ["L05: Evaluation"],
            "taxonomy_version": "0.2",
        },
        "cvss": {"version": "3.1", "vectorString": "CVSS:3.1/AV:N", "baseScore": 8.1, "baseSeverity": "HIGH"},
    },
    "reported_date": "2026-11-18",
}


def changed(path, value="gone"):
    """GOOD with one thing at ``path`` changed, or taken out."""
    report = copy.deepcopy(GOOD)
    *way, last = path
    target = report
    for step in way:
        target = target[step]
    if value == "gone":
        del target[last]
    else:
        target[last] = value
    return report


def read(*rows):
    text = b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows)
    return list(avid.read(io.BytesIO(text)))


def test_a_report_becomes_an_incident_and_nothing_of_it_is_lost():
    (found,) = read(GOOD)
    assert found.row["external"] == GOOD
    assert {
        name: found.row[name] for name in ("external_reference", "title", "summary", "severity", "occurred_on")
    } == {
        "external_reference": "AVID-2026-R0001",
        "title": "Toxic completions by a-model",
        "summary": "The model completes neutral sentences with insults.",
        "severity": "high",
        "occurred_on": date(2026, 11, 18),
    }


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b'{"data_type": "AVID"', "not JSON at character 22"),
        (b"[1, 2]", "report: [1, 2] is not of type 'object'"),
        (b"null", "report: None is not of type 'object'"),
        (b"\xff\xfe{}", "not UTF-8 at byte"),
        (b"[" * 100_000, "not JSON: nested too deeply"),
        (b"NaN", "report: nan is not of type 'object'"),
        ({}, "report: 'data_type' is a required property"),
        (changed(["description"]), "report: 'description' is a required property"),
        (changed(["description", "value"], "  "), "description.value: is empty"),
        (changed(["problemtype", "classof"], ""), "problemtype.classof: is empty"),
        (changed(["problemtype", "classof"], "Rumour"), "problemtype.classof: 'Rumour' is not one of"),
        (changed(["affects", "artifacts"], []), "affects.artifacts: [] should be non-empty"),
        (changed(["affects", "artifacts", 0, "type"], "Robot"), "affects.artifacts[0].type: 'Robot' is not one of"),
        (changed(["metadata", "report_id"], "R1"), "metadata.report_id: 'R1' does not match"),
        (
            changed(["metrics", 0, "scorer"], "x"),
            "metrics[0]: Additional properties are not allowed ('scorer' was unexpected)",
        ),
        (
            changed(["impact", "avid", "sep_view"], ["E9999: Unknown"]),
            "impact.avid.sep_view[0]: 'E9999: Unknown' does not match",
        ),
        (changed(["impact", "cvss", "baseScore"], 11), "impact.cvss.baseScore: 11 is greater than the maximum of 10"),
        (changed(["reported_date"], "2026-02-30"), "reported_date: '2026-02-30' is not a 'date'"),
        (changed(["reported_date"], "yesterday"), "reported_date: 'yesterday'"),
        (changed(["nonsense"], 1), "report: Additional properties are not allowed ('nonsense' was unexpected)"),
        (changed(["description", "value"], "a\x00b"), "NUL character"),
        (b'"' + b"a" * 2_100_000 + b'"', "longer than 2000000 bytes"),
    ],
)
def test_what_is_refused_names_its_line_and_the_place(row, reason):
    other = changed(["metadata", "report_id"], "AVID-2026-R0002")
    first, second, third = read(GOOD, row, other)
    assert isinstance(first, avid.Accepted)
    assert isinstance(second, avid.Rejected)
    assert second.line == 2
    assert reason in second.reason
    assert (third.line, third.row["external_reference"]) == (3, "AVID-2026-R0002")


def test_a_number_twice_in_a_file_is_refused_the_second_time():
    assert "AVID-2026-R0001 is on line 1 already" in read(GOOD, b"", GOOD)[1].reason


def run(path, **options):
    out = io.StringIO()
    call_command("import_avid", str(path), stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def small_file(tmp_path):
    path = tmp_path / "reports.jsonl"
    rows = [GOOD, changed(["problemtype", "classof"], ""), changed(["metadata", "report_id"], "AVID-2026-R0003")]
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n{oops\n")
    return path


@pytest.mark.django_db
def test_twice_is_once(small_file):
    told = run(small_file)
    assert "line 2: problemtype.classof: is empty" in told
    assert "line 4: not JSON" in told
    assert "4 reports read: 2 added, 0 there already, 2 rejected." in told
    incident = Incident.objects.get(external_reference="AVID-2026-R0001")
    assert (incident.stage, incident.source, incident.audience, incident.external) == ("open", "avid", ["any"], GOOD)
    event = AuditEvent.objects.filter(verb="incidents.incident.import").first()
    assert event.actor_label == "AVID import"
    again = run(small_file)
    assert "4 reports read: 0 added, 2 there already, 2 rejected." in again
    assert "Nothing was added" in again
    assert Incident.objects.count() == AuditEvent.objects.filter(verb="incidents.incident.import").count() == 2


@pytest.mark.django_db
def test_only_a_service_account_imports_outside_reports_of_nobodys_model(researcher):
    from django.core.exceptions import PermissionDenied

    from incidents import services

    with pytest.raises(PermissionDenied):
        services.import_incidents([read(GOOD)[0].row], actor=researcher, source="avid")


@pytest.mark.django_db
def test_strict_and_missing_files_end_with_an_error(small_file, tmp_path):
    with pytest.raises(CommandError, match="2 lines were rejected"):
        run(small_file, strict=True)
    with pytest.raises(CommandError, match="No such file"):
        run(tmp_path / "nothing.jsonl")


@pytest.mark.django_db
def test_a_crash_in_a_batch_leaves_none_of_it(small_file, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("incidents.services.incidents.audit.record", broken)
    with pytest.raises(RuntimeError):
        run(small_file)
    assert not Incident.objects.exists()


REAL = (
    Path(os.environ.get("TIDEGATE_DATA_DIR", Path(__file__).parents[3] / "shared" / "data")) / "avid" / "reports.jsonl"
)


@pytest.mark.django_db
@pytest.mark.skipif(not REAL.exists(), reason=f"The real AVID reports are not at {REAL} (set TIDEGATE_DATA_DIR).")
def test_the_real_reports():
    told = run(REAL)
    assert "1172 reports read: 1150 added, 0 there already, 22 rejected." in told
    assert "line 7: problemtype.classof: is empty" in told
    assert told.count("line ") == 22
    assert "0 added, 1150 there already, 22 rejected" in run(REAL)
