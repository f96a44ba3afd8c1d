"""The usage guidelines of the demo: one published version, and a draft of the next."""

from typing import Any

from registry.models import ModelFamily, UsageGuidelines
from registry.services import guidelines as writing

AI_ACT = {
    "source_title": "Regulation (EU) 2024/1689 (AI Act)",
    "source_url": "https://eur-lex.europa.eu/eli/reg/2024/1689/oj",
}
TEXTS = {
    "summary": "Tideline 3B drafts and summarises for a person who reads the result. Whoever builds on it answers for "
    "what it is used for, and keeps to these rules.",
    "data": "Do not type personal data of others without a lawful ground. The weights store nothing that you type; "
    "what a hosted product keeps is said by whoever runs it.",
    "safeguards": "Keep the output filter that comes with the weights switched on, and log when it stops an answer.",
    "reporting": "Report misuse or a doubt through this portal, with or without an account. We answer within 72 hours.",
}
# key in the story, kind, line, in full, condition, why
RULES: list[tuple[str, str, str, str, str, str]] = [
    (
        "drafting",
        "permitted",
        "Draft and summarise text that a person reads before it is used",
        "Letters, minutes, notices, reports, in English and Dutch.",
        "",
        "A reader catches what the model invents.",
    ),
    (
        "research",
        "permitted",
        "Study, test and fine-tune the model, and publish what you find",
        "Results may be published without asking, failures above all.",
        "",
        "",
    ),
    (
        "assistants",
        "restricted",
        "Build an assistant that answers the public",
        "Help desks, reading aids, search in your own documents.",
        "People are told that a machine answers, and can reach a person.",
        "Instructions hidden in quoted text can take an assistant over.",
    ),
    (
        "hiring",
        "restricted",
        "Sort or summarise job applications",
        "The model may order papers for reading. It does not reject anybody.",
        "A person decides on each application and can say why.",
        "The model writes worse Dutch than English and judges applicants by it.",
    ),
    ("label", "required", "Say that a machine wrote it wherever others read it unchanged", "", "", ""),
    (
        "filter",
        "required",
        "Run the output filter that comes with the weights",
        "",
        "",
        "It stops most of the phishing texts that we know.",
    ),
    ("report", "required", "Tell us of misuse within 72 hours", "Through the report form of this portal.", "", ""),
    (
        "imitation",
        "prohibited",
        "Imitate a real person or an institution to deceive",
        "Also by fine-tuning on their texts.",
        "",
        "Phishing in a bank's voice is the misuse that we have seen.",
    ),
    ("advice", "prohibited", "Give medical, legal or financial advice without a professional", "", "", ""),
    (
        "deciding",
        "prohibited",
        "Decide about people by the model alone",
        "Benefits, credit, marks, jobs, visas.",
        "",
        "",
    ),
]
# rule, effect, region, sector, what differs, where in the law
OVERRIDES: list[tuple[str, str, str, str, dict[str, str], str]] = [
    (
        "hiring",
        "add",
        "EU",
        "",
        {
            "text": "Sorting applications is a high-risk use: whoever deploys it keeps logs and informs the workers' "
            "representatives before it starts.",
            "condition": "The applicants are told.",
        },
        "Article 26(7) and Annex III, 4",
    ),
    (
        "label",
        "add",
        "EU",
        "media",
        {"text": "Text on matters of public interest is labelled unless an editor has reviewed it and answers for it."},
        "Article 50(4)",
    ),
    (
        "assistants",
        "replace",
        "",
        "children",
        {"kind": "prohibited", "text": "Not as an assistant that children talk to."},
        "",
    ),
    (
        "",
        "new",
        "EU",
        "",
        {
            "kind": "prohibited",
            "title": "Infer emotions at work or in school",
            "text": "The law leaves out medical and safety reasons; ask us first.",
        },
        "Article 5(1)(f)",
    ),
]


def write(family: ModelFamily, *, author: Any, publisher: Any) -> UsageGuidelines:
    """Publish the first version and begin the second, with one rule changed."""
    first = writing.draft_guidelines(family, actor=author, **TEXTS)
    rules = _rules(first, author)
    _overrides(first, author, rules)
    _examples(first, author, rules)
    writing.publish_guidelines(first, actor=publisher)
    draft = writing.draft_guidelines(
        family, actor=author, change_note="After the phishing report: labels are required for all text, and sooner."
    )
    label = draft.usagerule_set.get(key=rules["label"].key)
    writing.edit_part(label, actor=author, title="Say that a machine wrote it wherever others read it")
    return draft


def _rules(guidelines: UsageGuidelines, author: Any) -> dict[str, Any]:
    return {
        name: writing.add_part(
            guidelines,
            "rules",
            actor=author,
            kind=kind,
            title=title,
            text=text,
            condition=condition,
            rationale=rationale,
        )
        for name, kind, title, text, condition, rationale in RULES
    }


def _overrides(guidelines: UsageGuidelines, author: Any, rules: dict[str, Any]) -> None:
    for name, effect, region, sector, differs, where in OVERRIDES:
        source = {**AI_ACT, "source_citation": where}
        if not where:
            source = {"source_title": "UN Convention on the Rights of the Child", "source_citation": "Article 3(1)"}
        writing.add_part(
            guidelines,
            "overrides",
            actor=author,
            effect=effect,
            rule=rules.get(name),
            region=region,
            sector=sector,
            **differs,
            **source,
        )


def _examples(guidelines: UsageGuidelines, author: Any, rules: dict[str, Any]) -> None:
    for name, title, situation, verdict, why in (
        (
            "drafting",
            "A clerk answers letters",
            "A town hall drafts answers with the model; a clerk reads and signs each.",
            "allowed",
            "A person reads the draft and answers for it.",
        ),
        (
            "hiring",
            "Two hundred applications",
            "A firm lets the model write three lines on each application, and invites the first twenty.",
            "conditional",
            "Only if a person has looked at the others too: the order must not become the decision.",
        ),
        (
            "imitation",
            "A letter in the voice of a bank",
            "A trainer wants phishing examples in a named bank's wording for a course.",
            "refused",
            "The text deceives outside the course as well. Invented institutions teach the same.",
        ),
    ):
        writing.add_part(
            guidelines,
            "scenarios",
            actor=author,
            rule=rules[name],
            title=title,
            situation=situation,
            verdict=verdict,
            why=why,
        )
    writing.add_part(
        guidelines,
        "configurations",
        actor=author,
        title="Summaries that a reader can check",
        when="Wherever a summary replaces the reading of its source.",
        settings="temperature = 0.2\ntop_p = 0.9\nmax_new_tokens = 400\noutput_filter = on\ncite_paragraphs = on",
    )
    writing.add_part(
        guidelines,
        "workflows",
        actor=author,
        title="Answering letters",
        steps=[
            "Take personal data that the answer does not need out of the letter.",
            "Draft with the recommended configuration.",
            "Read the draft against the letter; correct it.",
            "Sign it with your own name, and keep draft and answer together.",
        ],
    )
    for title, follows, decided_by, appeal in (
        (
            "Imitation to deceive, or decisions by the model alone",
            "Access is suspended at once while we look into it, and revoked if it is so.",
            "The incident handler suspends; the release manager revokes",
            "Write to the contact of this model within 30 days. Somebody else looks at it anew.",
        ),
        (
            "A label or the filter is missing",
            "We ask for it to be put right within ten working days; after that access is suspended.",
            "The release manager",
            "Answer in the request itself.",
        ),
    ):
        writing.add_part(
            guidelines,
            "remedies",
            actor=author,
            title=title,
            follows=follows,
            decided_by=decided_by,
            appeal=appeal,
        )
