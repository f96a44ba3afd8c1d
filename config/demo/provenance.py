"""What the demo's model must hold to, what stands between it and harm, and what it was trained on."""

import datetime as dt
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from config.demo.cast import Cast
from governance.models import Decision
from registry import croissant
from registry.models import ModelFamily, Objective, Release, Risk, Safeguard
from registry.services import objectives as measuring
from registry.services import safeguards as guarding
from registry.services import training_data as training

OBJECTIVES: list[dict[str, Any]] = [
    {
        "title": "Nobody is deceived",
        "statement": "Text made with the model is not used to make people believe who wrote it.",
        "metric": "Known phishing requests that are refused",
        "comparator": "at_least",
        "threshold": Decimal(95),
        "unit": "%",
        "data_set": "Refusal set, 1,200 requests",
        "population": "requests in English and Dutch",
        "value_kind": "organisation",
        "value": "People can trust who writes to them",
    },
    {
        "title": "As good in Dutch as in English",
        "statement": "Refusals and accuracy differ by at most 5 points between the languages.",
        "metric": "Difference in refusals",
        "comparator": "at_most",
        "threshold": Decimal(5),
        "unit": "points",
        "data_set": "Refusal set, both languages",
        "population": "readers of Dutch",
        "value_kind": "business",
        "value": "The model can be sold in the Netherlands and Flanders",
    },
    {"title": "Nothing private comes out", "statement": "No personal data from training can be drawn out."},
    {
        "title": "Sources exist",
        "statement": "A summary cites only what can be found.",
        "metric": "Invented sources",
        "comparator": "below",
        "threshold": Decimal(2),
        "unit": "%",
        "data_set": "500 long summaries",
    },
]
# Objective, days ago, value, where it comes from.
MEASURED = [
    (0, 60, "91.5", "Evaluation run 7, kept with the weights"),
    (0, 20, "96.2", "Evaluation run 11, with the filter on"),
    (1, 60, "6.4", "Evaluation run 7"),
    (1, 20, "8.1", "Evaluation run 11; Dutch refusals did not rise with the English ones"),
]
SAFEGUARDS: list[dict[str, Any]] = [
    {
        "kind": "content_filter",
        "title": "Filter on what the model writes",
        "how_it_works": "A small classifier reads every answer of the hosted product and stops what imitates a bank, "
        "an employer or a public office. It is published with the weights.",
        "why_chosen": "It holds whatever the prompt was, and it can be measured on known phishing texts.",
        "alternatives": "Blocking prompts: quick, but a new wording defeats it.",
        "evidence": "Stops 98 of 100 known phishing texts; 1 of 300 honest letters is stopped by mistake.",
    },
    {
        "kind": "data_restriction",
        "title": "No pages with people's names and addresses",
        "how_it_works": "Directories, registers and pages with many telephone numbers were left out of training.",
        "why_chosen": "What was not learned cannot be drawn out.",
        "alternatives": "Taking names out of all pages: it also took out the names of places and works.",
    },
    {
        "kind": "bias_mitigation",
        "title": "Refusal set in Dutch",
        "how_it_works": "2,000 refusals written in Dutch by native speakers are added to the last stage of training.",
        "why_chosen": "Translated refusals read like translations, and were followed less.",
    },
]
USES: list[dict[str, Any]] = [
    {
        "title": "Ranking job applicants",
        "affected": "People who apply for work, above all those who write in a second language.",
        "why": "The model writes worse Dutch than English and would rank people by the language they write in.",
        "source": "Regulation (EU) 2024/1689, Annex III, point 4(a)",
        "source_url": "https://eur-lex.europa.eu/eli/reg/2024/1689/oj",
        "severity": "high",
    },
    {
        "title": "Letters in the name of an institution",
        "affected": "People who receive them and rely on who seems to have written.",
        "why": "Convincing letters in large numbers are what fraud needs.",
        "source": "Our own usage guidelines",
        "severity": "critical",
    },
]
DATASETS: list[dict[str, Any]] = [
    {
        "name": "Public web pages in English and Dutch",
        "kind": "crawled",
        "description": "Pages of 4 million websites, without directories and registers.",
        "collection": "Our own crawler, which obeys robots.txt and the reservation file of a site.",
        "collected_from": dt.date(2024, 1, 10),
        "collected_until": dt.date(2025, 3, 31),
        "size": "1.1 TB of text",
        "modalities": ["text"],
        "languages": ["en", "nl"],
        "personal_data": "present",
        "legal_basis": "legitimate_interests",
        "consent": "People can have pages about them left out of the next version; the contact address says how.",
        "copyright_handling": "Sites that reserve their rights by robots.txt, ai.txt or in their terms were not read.",
        "filtering": "Illegal content by hash lists and two classifiers; duplicates; pages with telephone numbers.",
        "known_gaps": "Little Frisian and no dialects; few pages from before 2010.",
        "auditor": "Auditor",
        "audited_on": dt.date(2025, 6, 2),
    },
    {
        "name": "Refusals in Dutch",
        "kind": "other",
        "description": "2,000 questions and refusals, written for this model by twelve native speakers.",
        "collected_from": dt.date(2025, 4, 1),
        "collected_until": dt.date(2025, 5, 15),
        "licence": "CC-BY-4.0",
        "size": "3 MB",
        "modalities": ["text"],
        "languages": ["nl"],
        "personal_data": "none",
        "legal_basis": "not_needed",
        "consent": "The writers were paid and agreed to publication without their names.",
    },
]
DESCRIPTION = {
    "@context": {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "citeAs": "cr:citeAs",
        "conformsTo": "dct:conformsTo",
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "dct": "http://purl.org/dc/terms/",
        "sc": "https://schema.org/",
    },
    "@type": "sc:Dataset",
    "conformsTo": "http://mlcommons.org/croissant/1.0",
    "name": "Minutes of a parliament",
    "description": "Minutes of public debates, in two languages, with the names of speakers.",
    "url": "https://example.org/minutes",
    "license": "https://spdx.org/licenses/CC0-1.0",
    "version": "2.1.0",
    "datePublished": "2024-12-01",
    "inLanguage": ["nl", "en"],
    "publisher": {"@type": "Organization", "name": "National archive"},
    "citeAs": "Minutes of a parliament, version 2.1.0. National archive.",
    "rai:dataCollection": "Exported from the archive of the parliament.",
    "rai:dataCollectionTimeFrame": ["1995-01-01", "2024-06-30"],
    "rai:dataPreprocessingProtocol": ["Duplicates removed", "Speech turned to text by the parliament's own staff"],
    "rai:dataLimitations": "No committee debates.",
    "rai:personalSensitiveInformation": ["Names of members of parliament"],
}


def objectives(cast: Cast, family: ModelFamily) -> list[Objective]:
    return [measuring.add_objective(family, actor=cast.release_manager, **each) for each in OBJECTIVES]


def measured(cast: Cast, release: Release, named: list[Objective]) -> None:
    for index, days, value, source in MEASURED:
        measuring.record_measurement(
            named[index],
            actor=cast.risk_owner,
            value=Decimal(value),
            measured_at=timezone.now() - timedelta(days=days),
            source=source,
            release=release,
        )


def guarded(cast: Cast, family: ModelFamily, risks: list[Risk]) -> list[Safeguard]:
    """Safeguards for the first risks, two of them in place, and two high-risk uses of which one is unanswered."""
    made = [
        guarding.add_safeguard(family, actor=cast.risk_owner, risks=[risk], **each)
        for each, risk in zip(SAFEGUARDS, (risks[0], risks[3], risks[2]), strict=True)
    ]
    made[:2] = [guarding.introduce_safeguard(each, actor=cast.risk_owner) for each in made[:2]]
    guarding.add_high_risk_use(family, actor=cast.risk_owner, **USES[0])
    guarding.add_high_risk_use(family, actor=cast.risk_owner, safeguards=made[:1], **USES[1])
    return made


def chosen_by(cast: Cast, safeguard: Safeguard, decision: Decision) -> None:
    guarding.edit_safeguard(safeguard, actor=cast.risk_owner, decision=decision.reference)


def trained(cast: Cast, family: ModelFamily, release: Release) -> None:
    for each in DATASETS:
        training.add_training_dataset(family, actor=cast.release_manager, releases=[release], **each)
    reading = croissant.read(json.dumps(DESCRIPTION, indent=2))
    fields = {**reading.fields, "legal_basis": "public_task", "modalities": ["text"]}
    training.add_training_dataset(family, actor=cast.release_manager, releases=[release], reading=reading, **fields)
