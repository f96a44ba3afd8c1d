"""A register of ten thousand risks, brought along as a file to a real worker."""

import csv
import io
import resource
import sys
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common import jobs
from common.models import Job
from registry import services
from registry.models import Risk, RiskAssessment
from tests.celery_fixtures import wait_until

ROWS, WRONG = 10_000, 37
HEAD = [
    *("key", "family", "title", "harm", "affected", "stage", "owner", "inherent_likelihood", "inherent_severity"),
    *("residual_likelihood", "residual_severity", "terms"),
]
# One wrong cell in each of 37 rows, of four kinds.
SPOILT = ({"owner": "nobody@example.org"}, {"inherent_severity": "9"}, {"harm": ""}, {"residual_likelihood": "Often"})


def table(family, owner, *, wrong):
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, HEAD)
    writer.writeheader()
    every = ROWS // WRONG
    for number in range(ROWS):
        row = {
            "key": f"GRC-{number}",
            "family": family.slug,
            "title": f"Risk number {number} of the register before",
            "harm": "Somebody is misled, and acts on it.\nThe text goes on for a while. " * 3,
            "affected": "People who ask, and those they decide for",
            "stage": "open" if number % 3 else "draft",
            "owner": owner.email,
            "inherent_likelihood": number % 5 + 1,
            "inherent_severity": "Major",
            "residual_likelihood": 1,
            "residual_severity": "Major",
        }
        if wrong and number % every == 5 and number // every < WRONG:
            row |= SPOILT[number // every % 4]
        writer.writerow(row)
    return out.getvalue().encode()


def bring(content, publisher, actor):
    file = SimpleUploadedFile("register.csv", content)
    return services.upload_import(publisher, actor=actor, file=file)


@pytest.mark.django_db(transaction=True)
def test_ten_thousand_rows_37_of_them_wrong(publisher, family, release_manager, risk_owner, celery_worker, capsys):
    began = time.monotonic()
    row = bring(table(family, risk_owner, wrong=True), publisher, release_manager)
    seen = set()

    def checked():
        job = Job.objects.get(pk=row.job_id)
        seen.add(job.done)
        return not job.unfinished

    wait_until(checked, 240)
    row.refresh_from_db()
    check = time.monotonic() - began
    # Its progress was there to be seen while it ran.
    assert len(seen) > 3
    assert (row.stage, row.refused_count, row.new_count) == ("checked", WRONG, ROWS - WRONG)
    columns = {
        column
        for problems in row.rows.filter(outcome="refused").values_list("problems", flat=True)
        for column, _reason in problems
    }
    assert columns == {"owner", "inherent_severity", "harm", "residual_likelihood"}
    assert not Risk.objects.exists()
    with pytest.raises(services.imports.Refused):
        services.start_applying(row, actor=release_manager)

    mended = bring(table(family, risk_owner, wrong=False), publisher, release_manager)
    wait_until(lambda: not Job.objects.get(pk=mended.job_id).unfinished, 240)
    began = time.monotonic()
    services.start_applying(mended, actor=release_manager)
    mended.refresh_from_db()
    seen.clear()

    def applied():
        job = Job.objects.get(pk=mended.job_id)
        seen.add(job.done)
        return not job.unfinished

    wait_until(applied, 240)
    apply = time.monotonic() - began
    mended.refresh_from_db()
    assert mended.stage == "applied", mended.job.error
    # Told from beside the one transaction that writes it all.
    assert len(seen) > 3
    assert Risk.objects.count() == ROWS
    assert RiskAssessment.objects.count() == 2 * ROWS
    with capsys.disabled():
        sys.stdout.write(f"\n{ROWS} rows: checked in {check:.1f} s, applied in {apply:.1f} s\n")


def test_memory_is_bounded(publisher, family, release_manager, risk_owner):
    """Rows are read, compared and kept a lot at a time: ten thousand take little more than one lot."""
    content = table(family, risk_owner, wrong=False)
    row = bring(content, publisher, release_manager)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    jobs.run(row.job_id)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    row.refresh_from_db()
    assert row.new_count == ROWS
    assert grown < 150
