"""The card of the demo's release: written section by section, and corrected after publication."""

import io
import struct
import zlib
from typing import Any

from config.demo.cast import Cast
from registry.models import Release
from registry.services import artifacts, cards

CHART = "images/refusals.png"
SECTIONS = {
    "capabilities": """\
It writes, shortens and sorts texts of up to 8,000 tokens in English and Dutch, and says where in a document an
answer stands. It does not call tools.""",
    "limitations": """\
Its Dutch is weaker than its English, above all in idioms and dialects. It does not know what happened after
March 2026. Results on our own refusal set do not carry over to other languages.""",
    "evaluation": f"""\
Refusals on our own set of 1,200 prompts, toxicity on public sets, bias between groups of speakers, and six
weeks of red-teaming that tried injection, jailbreaks and drawing out personal data.

| set | English | Dutch |
|---|---|---|
| phishing | 96 % | 91 % |
| imitation of a person | 93 % | 92 % |
| advice out of scope | 88 % | 79 % |

![Share of refused requests: 92 % in English, 87 % in Dutch]({CHART})""",
    "training_data": """\
1.1 trillion tokens of public web pages, books out of copyright and parliamentary records, from 2010 to March
2026. Pages of sources that refuse crawlers, adult pages and near duplicates were removed; personal data was
masked. Dialects and young people are under-represented.""",
    "training": """\
Pre-trained for 21 days on 64 GPUs, then fine-tuned on 40,000 conversations. We chose a small model because it
runs on one machine that a school or a town can afford.""",
    "architecture": """\
A decoder-only transformer with 3.1 billion parameters. Text in, text out, at most 8,192 tokens together. It
needs a GPU with 8 GB of memory, or a CPU with patience.""",
    "environment": """\
Training took about 41 MWh of energy from hydropower, 1.4 tonnes of CO₂. One thousand summaries take about 0.2
kWh. Estimated with a meter at the rack.""",
    "safeguards": """\
- A filter on output that stops known phishing patterns. It answers R-1; it was chosen over training alone
  because it can be mended in a day.
- Quoted text is marked as such before the model sees it. It answers R-2, and was chosen although it costs 40
  tokens a request.""",
    "operators": """\
Keep the filter on, log what it stops, and let a person read what goes out to others.

### Edge cases

Texts that mix languages, and quotations that give orders: show the source beside the summary.

### Escalation path

Report misuse or a failing filter through this portal at once; it is answered within 24 hours.""",
    "end_users": """\
What you read was written by a program. It can be wrong and sound sure of it.

### Edge cases

Names, numbers and sources: look them up before you rely on them.

### Escalation path

Tell the organisation that runs the service; if nobody answers, report it here.""",
}
NOTE = "The share of refusals in Dutch on advice out of scope was taken from an earlier run. It is 79 %, not 84 %."


def write(release: Release, cast: Cast) -> None:
    """Fill the draft's card, as its release manager would."""
    artifacts.add_artifact(release, actor=cast.release_manager, path=CHART, content=io.BytesIO(chart([92, 87])))
    for name, text in SECTIONS.items():
        as_published = text.replace("79 %", "84 %")
        cards.edit_card_section(release, actor=cast.release_manager, name=name, text=as_published)
    emissions = {"emissions": 1400000, "source": "meter at the rack", "training_type": "pre-training"}
    changes = {
        "co2_eq_emissions": emissions,
        "datasets": ["estuary-lab/parliament"],
        "base_model_relation": "finetune",
        "model-index": [{"name": release.family.name, "results": [_refusals("en", 92), _refusals("nl", 87)]}],
    }
    cards.edit_card_metadata(release, actor=cast.release_manager, changes=changes)


def _refusals(language: str, share: int) -> dict[str, Any]:
    """What the chart shows, as the Hub's metadata says it."""
    return {
        "task": {"type": "text-generation"},
        "dataset": {"type": "own", "name": "Own refusal prompts", "config": language, "split": "test"},
        "metrics": [{"type": "refusals", "value": share, "name": "Refused requests in percent"}],
    }


def correct(release: Release, cast: Cast) -> None:
    """One figure of the published card was wrong."""
    cards.edit_card_section(
        release, actor=cast.release_manager, name="evaluation", text=SECTIONS["evaluation"], correction_note=NOTE
    )


def chart(shares: list[int], width: int = 480, bar: int = 48, gap: int = 16) -> bytes:
    """Horizontal bars of ``shares`` in percent, as a PNG (RFC 2083) of three colours."""
    paper, trough, ink = 0, 1, 2
    palette = bytes([255, 255, 255, 224, 240, 236, 11, 95, 87])
    empty = bytes([0] + [paper] * width)
    rows = [empty] * gap
    for share in shares:
        filled = width * share // 100
        rows += [bytes([0] + [ink] * filled + [trough] * (width - filled))] * bar + [empty] * gap
    head = struct.pack(">IIBBBBB", width, len(rows), 8, 3, 0, 0, 0)
    parts = [(b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
