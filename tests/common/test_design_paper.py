"""The PDF style in the real renderer."""

import io
import logging
import re

import pytest
from django.template import engines
from pypdf import PdfReader

from common.gallery import example_matrix
from common.paper import colours, report_stylesheet

weasyprint = pytest.importorskip("weasyprint")
PAGE = """<html lang="en"><head><title>Safety report</title></head><body>
<section class="cover"><div class="cover-inner">{% include "partials/mark_white.html" %}<h1 class="report-title">Safety report</h1><p class="lead">1 Jan 2026 to 31 Mar 2026</p></div></section>
<p class="out-of-sight report-note">Made 18 Nov 2026, 09:30 UTC</p>
<nav class="contents"><h2 id="c">Contents</h2><ol><li><a href="#risks">Risks</a></li></ol></nav>
<h2 id="risks" class="new-page">Risks by level</h2>
<table class="figures"><tr><td><span class="label">Releases</span><span class="value">12</span></td><td><span class="label">Median time to decision</span><span class="value">4 days</span></td></tr></table>
{% cotton matrix :matrix="matrix" / %}
{% cotton callout tone="warn" %}<p>Two reports are still open.</p>{% endcotton %}
<table class="table"><caption>Risks</caption><thead><tr><th>Risk</th><th>Level</th><th class="number">Count</th></tr></thead><tbody>{% for row in rows %}<tr><th>R-{{ row }}</th><td>{% cotton level score="16" band="critical" / %} {% cotton badge stage="open" / %}</td><td class="number">{{ row }}</td></tr>{% endfor %}</tbody></table>
</body></html>"""


@pytest.fixture(scope="module")
def pdf():
    noise = io.StringIO()
    handler = logging.StreamHandler(noise)
    logger = logging.getLogger("weasyprint")
    logger.addHandler(handler)
    level, logger.level = logger.level, logging.WARNING
    html = engines["django"].from_string(PAGE).render({"matrix": example_matrix(), "rows": range(60)})
    fonts = weasyprint.text.fonts.FontConfiguration()
    style = weasyprint.CSS(string=report_stylesheet(), font_config=fonts)
    data = weasyprint.HTML(string=html).write_pdf(stylesheets=[style], font_config=fonts, pdf_variant="pdf/ua-1")
    logger.removeHandler(handler)
    logger.level = level
    return PdfReader(io.BytesIO(data)), noise.getvalue()


def test_renderer_understands_the_style(pdf):
    assert [line for line in pdf[1].splitlines() if "No anchor" not in line] == []


def test_pages_carry_title_section_number_and_note(pdf):
    reader, _ = pdf
    text = reader.pages[-1].extract_text()
    for words in ("Safety report", "Risks by level", "Made 18 Nov 2026, 09:30 UTC"):
        assert words in text
    count = len(reader.pages)
    assert re.search(rf"{count}\s*/\s*{count}", text)
    assert "/" not in reader.pages[0].extract_text().replace("Safety report", "")


def test_table_head_is_repeated(pdf):
    assert "Level" in pdf[0].pages[-1].extract_text()


def test_typeface_is_ours(pdf):
    fonts = {font["/BaseFont"] for page in pdf[0].pages for font in (entry.get_object() for entry in page["/Resources"]["/Font"].values())}
    assert any("Public" in name for name in fonts), fonts


def test_pdf_is_tagged_for_screen_readers(pdf):
    assert pdf[0].trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_drawings_get_the_light_colours():
    assert colours()["brand"] == "#0b5f57"
    assert colours()["critical"] == "#b3261e"
