"""Documents that a downstream team takes away and makes its own, filled with what is public about a release.

Each is a file of Django's template language in ``templates/downstream/<language>/``, written as Markdown; the
reader's language is taken where there is one, else English. See docs/decisions/usage-guidelines.md.
"""

import csv
import hashlib
import io
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.template.loader import select_template
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from registry import guidelines, selectors
from registry.downstream import words
from registry.exchange import Export, Facts, facts_of
from registry.models import Objective, RuleKind, UsageGuidelines

OBJECTIVES_TOLD = 100


@dataclass(frozen=True)
class Document:
    """One document: its name in addresses, and which of its tables (from 0) is the one to have as CSV, if any."""

    name: str
    title: "str | Promise"
    about: "str | Promise"
    table: int | None = None

    @property
    def formats(self) -> list[str]:
        return [name for name in FORMATS if name != "csv" or self.table is not None]


FORMATS = {"md": "text/markdown", "txt": "text/plain", "csv": "text/csv"}
DOCUMENTS = {
    each.name: each
    for each in (
        Document(
            "risk-report",
            _("Risk report"),
            _("What the publisher knows can go wrong, and what your own use adds to it."),
            table=0,
        ),
        Document(
            "incident-response-plan",
            _("Incident response plan"),
            _("Who does what in the first hour, the first day and after, and whom to tell."),
        ),
        Document(
            "user-support-macro",
            _("Replies for user support"),
            _("Ready answers to what people write to a help desk about a product built on the model."),
        ),
        Document(
            "release-checklist",
            _("Release checklist"),
            _("What to have done before people use your product, with the digests of the files."),
            table=0,
        ),
        Document(
            "evaluation-plan",
            _("Evaluation plan"),
            _("What to measure before and after you build on the model, and against which values."),
            table=0,
        ),
    )
}


# What travels with the weights beside the documents: the publisher's own words, with nothing to fill in.
SUMMARIES = {
    each.name: each
    for each in (
        Document("terms", _("Terms in short"), _("What one may, must and must not do.")),
        Document("usage-guidelines", _("Usage guidelines"), _("The rules in full, with where they differ.")),
        Document("risk-summary", _("Risk summary"), _("What can go wrong, and what is done about it."), table=0),
        Document("evaluation-summary", _("Evaluation summary"), _("What was measured, and what came out.")),
    )
}


@dataclass(frozen=True)
class Content:
    """All that the documents are filled with: public facts, the rules that hold, the objectives and how they stand."""

    facts: Facts
    guidelines: UsageGuidelines | None
    rules: list[guidelines.EffectiveRule]
    document: guidelines.Document | None
    objectives: list[tuple[Objective, Any]]
    region: str
    sector: str

    def of_kind(self, *kinds: str) -> list[guidelines.EffectiveRule]:
        return [rule for rule in self.rules if rule.kind in kinds]


def content_of(release: Any, region: str = "", sector: str = "") -> Content:
    """What fills the documents of a release from ``exchange.with_facts``: the same whoever asks."""
    family = release.family
    held = selectors.holding_guidelines(family, release)
    objectives = selectors.judged(Objective.objects.filter(family=family).order_by("pk"), AnonymousUser())
    everywhere = Content(
        facts=facts_of(release),
        guidelines=held.guidelines if held else None,
        rules=guidelines.effective(held) if held else [],
        document=held,
        objectives=[(each, selectors.standing(each)) for each in objectives[:OBJECTIVES_TOLD]],
        region="",
        sector="",
    )
    return narrowed(everywhere, region, sector)


def narrowed(content: Content, region: str, sector: str) -> Content:
    """``content`` with the rules as they hold in one region and sector."""
    if content.document is None or (region, sector) == (content.region, content.sector):
        return content
    rules = guidelines.effective(content.document, region, sector)
    return replace(content, rules=rules, region=region, sector=sector)


def markdown(document: Document, content: Content) -> str:
    """The document as Markdown. The same content in the same language always gives the same text."""
    template = select_template([f"downstream/{name}/{document.name}.md" for name in (_language(), "en")])
    origin = getattr(template, "origin", None)
    found = str(getattr(origin, "template_name", "downstream/en/")).split("/")[1]
    with translation.override(found):
        text = template.render(
            {
                "content": content,
                "facts": content.facts,
                "licence": content.facts.licence.expression if content.facts.licence else "",
                "guidelines": content.guidelines,
                "permitted": content.of_kind(RuleKind.PERMITTED),
                "required": content.of_kind(RuleKind.REQUIRED),
                "restricted": content.of_kind(RuleKind.RESTRICTED),
                "prohibited": content.of_kind(RuleKind.PROHIBITED),
                "groups": [(kind.label, content.of_kind(kind)) for kind in RuleKind],
                "terms": guidelines.terms(content.rules),
                "differences": guidelines.differences(content.document) if content.document else [],
            }
        )
    return words.tidy(text)


def _language() -> str:
    return (translation.get_language() or "en").partition("-")[0]


def render(document: Document, content: Content, form: str) -> Export:
    """The document in one of its formats (see ``FORMATS``)."""
    text = markdown(document, content)
    if form == "txt":
        text = words.plain_text(text)
    elif form == "csv":
        assert document.table is not None
        text = _csv(words.tables(text)[document.table])
    # Programs of spreadsheets read UTF-8 only behind a mark.
    data = text.encode("utf-8-sig" if form == "csv" else "utf-8")
    facts = content.facts
    name = f"{facts.family}-{facts.version}-{document.name}.{form}"
    return Export(data, f"{FORMATS[form]}; charset=utf-8", name, f'"{hashlib.sha256(data).hexdigest()}"')


def _csv(rows: list[list[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in rows:
        # A spreadsheet would take these for a formula.
        writer.writerow([f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell for cell in row])
    return out.getvalue()
