"""What others require of a model's documentation, and where in a card or in the registry the answer stands.

The wording is ours and short; the number says where the requirement comes from. Whether something is there can
be seen by a program, whether it is enough cannot: the result helps an author and never blocks anything.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from registry.documentation import sections
from registry.documentation.fields import FIELDS
from registry.documentation.kinds import AUDIENCES, BY_KEY


@dataclass(frozen=True)
class Requirement:
    """Met when one of ``facts`` holds, one of ``keys`` is in the metadata, or one of ``kinds`` says something.

    With ``mentions`` a section has to contain such a word as well.
    """

    number: str
    text: Any
    kinds: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    mentions: str = ""


@dataclass(frozen=True)
class Catalogue:
    name: str
    title: Any
    source: Any
    url: str
    requirements: tuple[Requirement, ...]


@dataclass(frozen=True)
class Place:
    """Where an answer stands, or could: a section, a key of the metadata, or the registry itself."""

    where: str
    name: str
    label: Any


@dataclass(frozen=True)
class Answer:
    requirement: Requirement
    found: list[Place]

    @property
    def met(self) -> bool:
        return bool(self.found)

    @property
    def places(self) -> list[Place]:
        """Where it could be answered."""
        wanted = self.requirement
        return [*_places("section", wanted.kinds), *_places("metadata", wanted.keys)]


@dataclass(frozen=True)
class Result:
    catalogue: Catalogue
    answers: list[Answer]

    @property
    def met(self) -> int:
        return sum(answer.met for answer in self.answers)

    @property
    def total(self) -> int:
        return len(self.answers)

    @property
    def missing(self) -> list[Answer]:
        return [answer for answer in self.answers if not answer.met]


FACTS = {
    "publisher": _("the publisher"),
    "version": _("name and version of the release"),
    "files": _("the SHA-256 of every file"),
    "published": _("the date of publication"),
    "licence": _("the licence of the release"),
    "modality": _("the modality of the release"),
    "languages": _("the languages of the release"),
    "base_model": _("what the release was made from"),
    "intended_use": _("what the model family is for"),
    "out_of_scope_use": _("what the model family is not for"),
    "public_risks": _("the public risks of the model"),
    "contact": _("the contact of the publisher"),
    "safeguards": _("the safeguards of the model family"),
    "safeguard_reasons": _("why each safeguard of the model family was chosen"),
    "training_data": _("the training data sets of the model family"),
}

_READERS = Catalogue(
    "readers",
    _("What readers need"),
    _("This portal: sections that its readers look for"),
    "",
    (
        Requirement("1", _("What the model is for"), ("intent",), facts=("intended_use",)),
        Requirement("2", _("What it is not for"), ("out_of_scope",), facts=("out_of_scope_use",)),
        Requirement("3", _("What it can do"), ("capabilities",)),
        Requirement("4", _("Where its limits are"), ("limitations",)),
        Requirement("5", _("How it is expected to fail"), ("failure_modes",)),
        Requirement("6", _("How it was evaluated, and what came out"), ("evaluation",), ("model-index",)),
        Requirement("7", _("What it was trained on"), ("training_data",), ("datasets",), ("training_data",)),
        Requirement("8", _("What it cost the environment"), ("environment",), ("co2_eq_emissions",)),
        Requirement("9", _("What protects people"), ("safeguards",), facts=("safeguards",)),
        Requirement(
            "10",
            _("Why each safeguard was chosen"),
            ("safeguards",),
            facts=("safeguard_reasons",),
            mentions=r"because|chosen|chose|decided|decision|reason|instead|rather|\bD-\d+",
        ),
        *(
            Requirement(f"{11 + place}.{part}", text, (kind,), mentions=mentions)
            for place, (kind, texts) in enumerate(
                zip(
                    AUDIENCES,
                    (
                        (_("Guidance for operators"), _("… with edge cases"), _("… with the escalation path")),
                        (_("Guidance for researchers"), _("… with edge cases"), _("… with the escalation path")),
                        (_("Guidance for end users"), _("… with edge cases"), _("… with the escalation path")),
                    ),
                    strict=True,
                )
            )
            for part, (text, mentions) in enumerate(
                zip(texts, ("", r"edge[ -]cases?", r"escalat|report|contact|turn to|whom to"), strict=True), start=1
            )
        ),
    ),
)
_GPAI = Catalogue(
    "eu_gpai",
    _("EU Model Documentation Form"),
    _(
        "General-Purpose AI Code of Practice, chapter Transparency, Measure 1.1. The form has no numbers: named here "
        "are the points of Annexes XI and XII of Regulation (EU) 2024/1689 that it serves, else its part"
    ),
    "https://eur-lex.europa.eu/eli/reg/2024/1689/oj",
    (
        Requirement("General information", _("Who provides the model"), facts=("publisher",)),
        Requirement("General information", _("Its name and its versions"), keys=("model_name",), facts=("version",)),
        Requirement("General information", _("Proof that a copy is authentic, such as a digest"), facts=("files",)),
        Requirement("XI.1 1(c)", _("When it was released"), facts=("published",)),
        Requirement(
            "General information",
            _("Which models it was made from, or that there are none"),
            ("summary", "training"),
            ("base_model",),
            ("base_model",),
            mentions=r"from scratch|fine-?tuned|based on|derived|built on",
        ),
        Requirement("XI.1 1(d)", _("Its architecture"), ("architecture",)),
        Requirement(
            "XI.1 1(d)",
            _("How many parameters it has"),
            ("architecture", "summary"),
            mentions=r"parameters?\b|\b\d+(?:\.\d+)?\s?[bm]\b",
        ),
        Requirement("XI.1 1(e)", _("What goes in and what comes out"), keys=("pipeline_tag",), facts=("modality",)),
        Requirement(
            "XII 2(b)",
            _("The largest input and output"),
            ("architecture", "capabilities", "get_started", "summary"),
            mentions=r"context|tokens|resolution|maximum|at most|up to",
        ),
        Requirement("XI.1 1(c)", _("How it is distributed"), ("get_started",), facts=("files",)),
        Requirement("XI.1 1(f)", _("Its licence"), keys=("license",), facts=("licence",)),
        Requirement("XI.1 1(b)", _("Which uses are acceptable"), ("out_of_scope",), facts=("out_of_scope_use",)),
        Requirement("XI.1 1(a)", _("Which tasks it is meant for"), ("intent",), facts=("intended_use",)),
        Requirement(
            "XI.1 1(a)",
            _("Which systems it can be built into"),
            ("intent", "operators"),
            mentions=r"integrat|product|service|system|application|deploy|assistant|tool",
        ),
        Requirement("XII 1(e)", _("Which software it needs"), ("get_started",), ("library_name",)),
        Requirement(
            "XII 1(d)",
            _("Which hardware it needs"),
            ("get_started", "architecture", "operators"),
            mentions=r"gpu|cpu|memory|vram|hardware|accelerator",
        ),
        Requirement("XI.1 2(a)", _("How it is put to work: instructions and tools"), ("get_started", "operators")),
        Requirement("XI.1 2(b)", _("How it was designed and trained"), ("training",)),
        Requirement(
            "XI.1 2(b)",
            _("Why it was designed and trained this way"),
            ("training", "architecture", "safeguards"),
            mentions=r"because|chosen|chose|decided|decision|rationale|reason|so that|in order to",
        ),
        Requirement(
            "XI.1 2(c)",
            _("Which kinds of data it was trained on"),
            ("training_data",),
            ("datasets",),
            ("training_data",),
        ),
        Requirement(
            "XI.1 2(c)",
            _("Where the data came from and how it was chosen"),
            ("training_data",),
            facts=("training_data",),
            mentions=r"source|crawl|collected|licen|public|select|synthetic|annotat|from ",
        ),
        Requirement(
            "XI.1 2(c)",
            _("How much data, and of which scope"),
            ("training_data",),
            mentions=r"\d[\d.,]*\s*(?:[kmbt]\b|million|billion|trillion|thousand|tokens|documents|examples|images|hours)",
        ),
        Requirement(
            "XI.1 2(c)",
            _("How unsuitable data was found and taken out"),
            ("training_data",),
            mentions=r"filter|remov|clean|dedup|exclud|block",
        ),
        Requirement(
            "XI.1 2(c)",
            _("How biases in the data were looked for"),
            ("training_data", "evaluation", "limitations"),
            mentions=r"bias|fairness|represent|stereotyp",
        ),
        Requirement(
            "XI.1 2(d)",
            _("How long training took and what it computed"),
            ("training", "environment", "architecture"),
            mentions=r"\bflops?\b|hours|days|gpu|tpu",
        ),
        Requirement(
            "XI.1 2(e)",
            _("How much energy it took, known or estimated"),
            ("environment",),
            ("co2_eq_emissions",),
            mentions=r"[kmg]wh|energy|electricity|carbon|co2|co₂",
        ),
    ),
)
_NIST = Catalogue(
    "nist_ai_rmf",
    _("NIST AI Risk Management Framework"),
    _("NIST AI 100-1, AI RMF 1.0: the outcomes of Map, Measure and Manage that a card can show"),
    "https://doi.org/10.6028/NIST.AI.100-1",
    (
        Requirement("MAP 1.1", _("Intended purposes, and where it will be used"), ("intent",), facts=("intended_use",)),
        Requirement(
            "MAP 2.1", _("The tasks it does, and by which method"), ("capabilities", "summary"), ("pipeline_tag",)
        ),
        Requirement("MAP 2.2", _("What it does not know, and how people use its output"), ("limitations",)),
        Requirement("MAP 2.3", _("How it was tested, so that others can judge it"), ("evaluation",)),
        Requirement("MAP 3.1", _("What good it is expected to do"), ("capabilities", "intent")),
        Requirement("MAP 3.2", _("What errors can cost"), ("failure_modes",), facts=("public_risks",)),
        Requirement("MAP 3.3", _("Where its scope ends"), ("out_of_scope",), facts=("out_of_scope_use",)),
        Requirement("MAP 3.4", _("What its operators must be able to do"), ("operators",)),
        Requirement(
            "MAP 3.5",
            _("How people oversee it"),
            ("operators", "end_users", "intent", "limitations"),
            mentions=r"human|oversight|oversee|review|a person|people check|supervis",
        ),
        Requirement(
            "MAP 4.1",
            _("Parts that come from others, and their legal terms"),
            ("training_data",),
            ("base_model", "datasets"),
            ("base_model", "training_data"),
        ),
        Requirement(
            "MAP 5.1", _("How likely and how grave each impact is"), ("failure_modes",), facts=("public_risks",)
        ),
        Requirement("MEASURE 2.1", _("Test sets, metrics and tools"), ("evaluation",), ("model-index",)),
        Requirement(
            "MEASURE 2.5",
            _("Where results do not carry over"),
            ("limitations", "evaluation"),
            mentions=r"not|only|limit|beyond|fewer|worse|general",
        ),
        Requirement("MEASURE 2.6", _("Safety: how it fails, and how safely"), ("failure_modes", "safeguards")),
        Requirement(
            "MEASURE 2.7",
            _("Security and resilience"),
            ("evaluation", "limitations", "safeguards", "failure_modes", "operators"),
            mentions=r"secur|inject|attack|adversar|robust|jailbreak|red[ -]team",
        ),
        Requirement("MEASURE 2.9", _("The model explained to those who use it"), ("summary", "architecture")),
        Requirement(
            "MEASURE 2.10",
            _("Privacy"),
            ("training_data", "limitations", "evaluation", "safeguards", "failure_modes"),
            mentions=r"privacy|private|personal|memori[sz]|confidential",
        ),
        Requirement(
            "MEASURE 2.11",
            _("Fairness and harmful bias"),
            ("evaluation", "limitations", "training_data"),
            mentions=r"bias|fair|gender|group|dialect|worse for|language",
        ),
        Requirement("MEASURE 2.12", _("Environmental impact"), ("environment",), ("co2_eq_emissions",)),
        Requirement("MANAGE 1.3", _("What is done about the gravest risks"), ("safeguards",), facts=("safeguards",)),
        Requirement(
            "MANAGE 1.4", _("Which risk remains for users and others"), ("limitations",), facts=("public_risks",)
        ),
        Requirement(
            "MANAGE 4.1",
            _("How users and others are heard after release"),
            ("contact", "end_users", "operators"),
            facts=("contact",),
        ),
        Requirement(
            "MANAGE 4.3",
            _("How incidents and errors reach those affected"),
            ("operators", "end_users", "researchers", "contact"),
            mentions=r"escalat|incident|report|notif|disclos",
        ),
    ),
)
CATALOGUES = (_READERS, _GPAI, _NIST)


def judge(body: str, metadata: Mapping[str, Any], facts: Mapping[str, bool]) -> list[Result]:
    """Each catalogue with each of its requirements, and where the card or the registry answers it."""
    texts: dict[str, str] = {}
    for section in sections.split(body):
        if section.key:
            texts[section.key] = f"{texts.get(section.key, '')}\n{section.text}"
    said = {key: text for key, text in texts.items() if sections.said(text)}
    return [
        Result(catalogue, [Answer(wanted, _found(wanted, said, metadata, facts)) for wanted in catalogue.requirements])
        for catalogue in CATALOGUES
    ]


def _found(
    wanted: Requirement, said: Mapping[str, str], metadata: Mapping[str, Any], facts: Mapping[str, bool]
) -> list[Place]:
    kinds = [
        kind
        for kind in wanted.kinds
        if kind in said and (not wanted.mentions or re.search(wanted.mentions, said[kind], re.IGNORECASE))
    ]
    keys = [key for key in wanted.keys if metadata.get(key) not in (None, "", [], {})]
    return [
        *_places("section", kinds),
        *_places("metadata", keys),
        *(Place("registry", name, FACTS[name]) for name in wanted.facts if facts.get(name)),
    ]


def _places(where: str, names: Iterable[str]) -> list[Place]:
    known: Mapping[str, Any] = BY_KEY if where == "section" else FIELDS
    return [Place(where, name, known[name].label) for name in names]
