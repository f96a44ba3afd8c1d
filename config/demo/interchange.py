"""A register from elsewhere, brought along as a file with rows to mend, and risks asked to be looked at again."""

from django.core.files.uploadedfile import SimpleUploadedFile

from common import jobs
from config.demo.cast import Cast
from registry import services
from registry.models import ModelFamily, Risk

FILE = """key,family,title,harm,stage,owner,inherent_likelihood,inherent_severity
GRC-41,{family},Answers in the voice of a named doctor,"Patients follow advice that nobody gave, and put off care.",\
open,risk.owner@example.org,3,Major
GRC-42,{family},Code that runs as root without saying so,"Whoever copies it opens their machine to others.",draft,,,
GRC-43,{family},Summaries that name the wrong person,,open,risk.owner@example.org,2,Moderate
GRC-44,{family},Translations that lose a warning,"Labels of medicines say less than they must.",open,\
somebody.who.left@example.org,2,Major
"""


def brought(cast: Cast, family: ModelFamily) -> None:
    """Four risks of the register that was kept in a spreadsheet before; two rows have to be mended first."""
    content = FILE.format(family=family.slug).encode()
    file = SimpleUploadedFile("register-2025.csv", content, content_type="text/csv")
    row = services.upload_import(family.publisher, actor=cast.release_manager, file=file)
    if row.job is not None:
        jobs.run(row.job.pk)
    risks = Risk.objects.filter(family=family, stage=Risk.Stage.OPEN).order_by("pk")[:3]
    services.start_bulk_change(
        [risk.pk for risk in risks],
        actor=cast.release_manager,
        action="review",
        reason="The incident of this month may change what we know of them.",
    )
