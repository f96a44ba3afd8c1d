"""The sections that a card can have, in the order we write them, and the headings that others give them."""

import re
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Kind:
    """``heading`` is what we write: cards are in English, as the Hub's template is. ``label`` is for our pages."""

    key: str
    heading: str
    label: Any
    hint: Any
    aliases: tuple[str, ...] = ()
    parts: tuple[str, ...] = field(default=())


EDGE_CASES, ESCALATION = "Edge cases", "Escalation path"
_GUIDANCE = (EDGE_CASES, ESCALATION)

KINDS = (
    Kind(
        "summary",
        "Model description",
        _("What the model is"),
        _("What it does, for a reader who has never heard of it: in a few sentences."),
        ("model details", "model summary", "overview", "about the model", "introduction", "about", "description"),
    ),
    Kind(
        "intent",
        "Intended uses",
        _("What it is for"),
        _("The uses it was made for, who is expected to use it, and whom its use touches."),
        (
            *("uses", "use", "intended use", "intended uses and limitations", "direct use", "downstream use"),
            *("use cases", "intended use cases", "primary intended uses", "what it is for", "purpose"),
            *("applications", "intent", "intended usage", "primary use"),
        ),
    ),
    Kind(
        "out_of_scope",
        "Out-of-scope use",
        _("What it is not for"),
        _("Uses it was not made for, uses that you forbid, and what it will do badly."),
        (
            *("out of scope", "out of scope uses", "out of scope use cases", "misuse", "misuse and malicious use"),
            *("misuse malicious use and out of scope use", "prohibited uses", "what it is not for"),
            *("not intended for", "use out of scope", "prohibited use", "acceptable use", "acceptable use policy"),
        ),
    ),
    Kind(
        "capabilities",
        "Capabilities",
        _("What it can do"),
        _("What it does well, in which languages and up to which size of input, with where you saw it."),
        ("model capabilities", "key features", "features", "strengths", "what it can do", "highlights"),
    ),
    Kind(
        "limitations",
        "Limitations",
        _("Where its limits are"),
        _("What it does badly, for whom, and how output should be checked because of that."),
        (
            *("bias risks and limitations", "limitations and bias", "limitations and biases", "bias and limitations"),
            *("risks and limitations", "known limitations", "limits", "limitation", "bias", "biases"),
            *("ethical considerations", "ethical considerations and limitations", "caveats", "risks"),
            *("caveats and recommendations", "ethics", "bias risk and limitations", "biases risks and limitations"),
        ),
    ),
    Kind(
        "failure_modes",
        "Expected failure modes",
        _("How it fails"),
        _("How you expect it to fail, how often, and how somebody notices. A table reads best."),
        (
            *("failure modes", "known failure modes", "known issues", "what can go wrong", "failures"),
            *("failure cases", "known failures"),
        ),
    ),
    Kind(
        "evaluation",
        "Evaluation",
        _("How it was evaluated"),
        _("What was measured, on which data, with which metrics, and what came out."),
        (
            *("evaluation results", "evaluations", "evaluation summary", "results", "benchmarks", "performance"),
            *("benchmark results", "quantitative analyses", "testing data factors and metrics", "metrics"),
            *("how it was evaluated", "evaluation data", "model performance", "eval results", "benchmark"),
        ),
    ),
    Kind(
        "training_data",
        "Training data",
        _("What it was trained on"),
        _("Where the data came from, how it was chosen and filtered, and what is missing from it."),
        (
            *("training and evaluation data", "data", "training datasets", "training dataset", "dataset", "datasets"),
            *("pretraining data", "pre training data", "data sources", "what it was trained on"),
        ),
    ),
    Kind(
        "training",
        "Training procedure",
        _("How it was trained"),
        _("The steps, the settings that matter, the hardware and the time, and why it was done this way."),
        (
            *("training", "training details", "training hyperparameters", "training process", "how it was trained"),
            *("hyperparameters", "compute infrastructure", "hardware and software", "finetuning", "fine tuning"),
        ),
    ),
    Kind(
        "architecture",
        "Technical specifications",
        _("How it is built"),
        _("Architecture, number of parameters, what goes in and what comes out, and up to which size."),
        (
            *("model architecture and objective", "model architecture", "architecture", "technical details"),
            *("model specifications", "specifications", "model specs"),
        ),
    ),
    Kind(
        "environment",
        "Environmental impact",
        _("What it cost the environment"),
        _("Energy and emissions of training and of use, the hardware and the place, and how they were estimated."),
        ("carbon footprint", "co2 emissions", "environmental cost", "environmental footprint", "carbon emissions"),
    ),
    Kind(
        "safeguards",
        "Safeguards",
        _("What protects people, and why it was chosen"),
        _("Each safeguard, the risk it answers (R-3), why it was chosen and by which decision (D-12)."),
        (
            *("safety", "safety measures", "mitigations", "safeguards and why each was chosen", "responsible ai"),
            *("risk mitigation", "risk mitigations", "responsibility and safety", "ethics and safety"),
            *("trust and safety", "safety evaluation and safeguards", "responsible deployment"),
        ),
    ),
    Kind(
        "get_started",
        "How to get started",
        _("How to run it"),
        _("Code that works when it is copied, and what has to be installed for it."),
        (
            *("how to get started with the model", "how to use", "usage", "quickstart", "quick start", "get started"),
            *("getting started", "inference", "example usage", "installation", "deployment", "how to run it"),
        ),
    ),
    Kind(
        "operators",
        "Guidance for operators",
        _("Guidance for operators"),
        _("For those who put it into a product or service: settings, monitoring, edge cases, and whom to call."),
        (
            *("for operators", "operators", "operator guidance", "guidance for deployers", "for deployers"),
            *("recommendations for deployers", "guidance for developers", "for developers", "deployers"),
        ),
        _GUIDANCE,
    ),
    Kind(
        "researchers",
        "Guidance for researchers",
        _("Guidance for researchers"),
        _("For those who study it: what is known, what is worth looking at, edge cases, and where findings go."),
        ("for researchers", "researchers", "researcher guidance"),
        _GUIDANCE,
    ),
    Kind(
        "end_users",
        "Guidance for end users",
        _("Guidance for end users"),
        _("For those who meet its output: what to expect, what to check, edge cases, and whom to turn to."),
        ("for end users", "end users", "end user guidance", "guidance for users", "for users", "user guidance"),
        _GUIDANCE,
    ),
    Kind(
        "contact",
        "Contact",
        _("Where to turn"),
        _("Who answers questions and reports about this model."),
        ("model card contact", "contacts", "contact us", "support", "feedback", "questions and comments"),
    ),
)
BY_KEY = {kind.key: kind for kind in KINDS}
AUDIENCES = ("operators", "researchers", "end_users")


def normal(title: str) -> str:
    """A heading as it is compared: no numbering, marks, “[optional]”, punctuation or emoji."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
    text = re.sub(r"[\[(]\s*optional\s*[\])]", " ", text, flags=re.IGNORECASE)
    text = text.casefold().replace("&amp;", " and ").replace("&", " and ")
    text = re.sub(r"^\W*(?:section\s+)?(?:\d+(?:\.\d+)*|[a-z])[.):]\s+", "", text)
    words: list[str] = re.findall(r"[^\W_]+", text)
    return " ".join(words)


_KNOWN = {normal(name): kind.key for kind in KINDS for name in (kind.heading, *kind.aliases)}


def kind_of(title: str) -> str:
    """The key of the kind that a heading means; empty for one that we do not know."""
    return _KNOWN.get(normal(title), "")
