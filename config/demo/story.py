import io
import json
import struct
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from access.models import Tier
from access.services import requests as asking
from access.services import tiers as offering
from common.actors import ANONYMOUS_REPORTER
from config.demo import cards as documentation
from config.demo import guidelines, interchange, judging, plan, provenance, reviewing, texts
from config.demo.cast import Cast, make_cast
from governance import services as governance
from incidents.services import filing, handling
from incidents.services import incidents as incident_services
from registry.models import AssessmentProposal, Release, Risk
from registry.services import artifacts, cards, catalogue, mitigations, proposals, risks
from reports import services as reports
from reports.scope import Period, Scope

Kept = dict[str, object]


@transaction.atomic
def tell(stage: str) -> Cast:
    """Tell the story up to and with ``stage``. Needs an empty portal."""
    cast, kept = make_cast(), {}
    for name, chapter in STAGES.items():
        chapter(cast, kept)
        if name == stage:
            break
    return cast


def draft(cast: Cast, kept: Kept) -> None:
    """A model family with a release in preparation and its risks."""
    family = catalogue.create_family(
        cast.publisher,
        actor=cast.release_manager,
        slug="tideline-3b",
        name="Tideline 3B",
        summary="A three-billion-parameter model that writes and summarises in English and Dutch.",
        intended_use="Summaries, drafting and classification in English and Dutch, with a person who reads the result.",
        out_of_scope_use="Medical, legal or financial advice; imitating a real person; deciding about people.",
    )
    release = catalogue.create_release(family, actor=cast.release_manager, version="1.0")
    cards.import_card(release, actor=cast.release_manager, source=texts.CARD)
    for path, content in _files().items():
        artifacts.add_artifact(release, actor=cast.release_manager, path=path, content=io.BytesIO(content))
    kept |= {"family": family, "release": release, "risks": _risks(cast, family)}
    documentation.write(release, cast)
    provenance.measured(cast, release, list(family.objectives.all()))
    kept["safeguards"] = provenance.guarded(cast, family, kept["risks"])  # type: ignore[arg-type]
    provenance.trained(cast, family, release)
    plan.planned(cast, release)
    reviewing.reviewed(cast, release, kept["risks"])  # type: ignore[arg-type]


def published(cast: Cast, kept: Kept) -> None:
    """The release is public, with tiers that can be asked for."""
    release: Release = kept["release"]  # type: ignore[assignment]
    guidelines.write(release.family, author=cast.risk_owner, publisher=cast.release_manager)
    tiers = [
        _tier(cast, release, name, kind, description, order, singly)
        for order, (name, kind, description, singly) in enumerate(
            [
                (
                    "Research",
                    "researcher",
                    "For people who study the model at an institution. Opens the weights.",
                    True,
                ),
                ("Development", "developer", "For teams that build a product on the model. Opens the weights.", False),
            ],
            start=1,
        )
    ]
    kept |= {"tiers": tiers, "release": plan.gated(cast, release, tiers)}


def incident(cast: Cast, kept: Kept) -> None:
    """People have asked for access, somebody has reported misuse, and it was dealt with."""
    release: Release = kept["release"]  # type: ignore[assignment]
    documentation.correct(release, cast)
    research, development = kept["tiers"]  # type: ignore[misc]
    first = _ask(
        cast.researcher, research, release, "Interpretability of refusals", "We probe which layers carry a refusal."
    )
    asking.decide_request(
        first, actor=cast.release_manager, approve=True, reason="A clear question, and weights kept in house."
    )
    _ask(cast.developer, development, release, "Summaries for a help desk", "We summarise tickets for our own staff.")
    _misuse(cast, kept)
    reviewing.looked_at_again(cast, release.family)
    interchange.brought(cast, release.family)
    today = timezone.now().date()
    period = Period(today.replace(month=1, day=1), today + timedelta(days=1))
    reports.request_report(Scope(publisher=cast.publisher), period, actor=cast.auditor)
    reports.request_package(release, actor=cast.release_manager)


STAGES: dict[str, Callable[[Cast, Kept], None]] = {"draft": draft, "published": published, "incident": incident}


def _risks(cast: Cast, family: object) -> list[Risk]:
    objectives = provenance.objectives(cast, family)  # type: ignore[arg-type]
    made = []
    for title, harm, affected, objective, before, after, is_public in texts.RISKS:
        risk = risks.create_risk(
            family,  # type: ignore[arg-type]
            actor=cast.release_manager,
            title=title,
            harm=harm,
            affected=affected,
            objectives=[objectives[objective]],
            is_public=is_public,
        )
        risk = risks.assign_risk_owner(risk, actor=cast.release_manager, owner=cast.risk_owner)
        for kind, (likelihood, severity), why in (
            ("inherent", before, "Seen in red-teaming, and in what others report of models of this size."),
            ("residual", after, "Measured again with the safeguards on."),
        ):
            judged = risks.assess_risk(
                risk, actor=cast.risk_owner, kind=kind, likelihood=likelihood, severity=severity, rationale=why
            )
            if isinstance(judged, AssessmentProposal):
                proposals.confirm_proposal(judged, actor=cast.release_manager)
        made.append(risks.open_risk(risk, actor=cast.risk_owner))
    today = timezone.localdate()
    plan = mitigations.add_mitigation(
        made[:2],
        actor=cast.risk_owner,
        title="Filter on output",
        kind="prevent",
        description="A classifier reads every answer before it is shown and holds back what matches a known pattern.",
        evidence="Configuration and thresholds are in the repository of the service.",
        owner=cast.risk_owner,
        due_on=today + timedelta(days=21),
    )
    plan = mitigations.start_mitigation(plan, actor=cast.risk_owner)
    mitigations.measure_mitigation(
        plan,
        actor=cast.reviewer,
        measured="Phishing mails held back",
        result="83 of 100",
        effect="partly",
        evidence="Red team set of the first release, in English only.",
    )
    mitigations.add_mitigation(
        made[2:3],
        actor=cast.risk_owner,
        title="Refusal set in Dutch",
        kind="prevent",
        owner=cast.risk_owner,
        due_on=today + timedelta(days=45),
    )
    risks.create_risk(
        family,  # type: ignore[arg-type]
        actor=cast.reviewer,
        title="Watermark can be removed",
        harm="Text can no longer be traced to the model after light editing.",
    )
    judging.judge(cast, made)
    return made


def _tier(cast: Cast, release: Release, name: str, kind: str, description: str, order: int, singly: bool) -> Tier:
    tier = offering.create_tier(
        release.family,
        actor=cast.release_manager,
        name=name,
        kind=kind,
        description=description,
        order=order,
        decided_singly=singly,
        support_channel="release.manager@example.org",
    )
    offering.set_questions(
        tier,
        actor=cast.release_manager,
        questions=[
            {"text": "What will you do with the model?", "help": "A few sentences are enough.", "kind": "long"},
            {"text": "Where will the weights be kept?", "kind": "short"},
        ],
    )
    offering.publish_terms(
        tier,
        actor=cast.release_manager,
        text=texts.TIER_TERMS,
        can=["Study, test and publish results", "Fine-tune for the purpose you named"],
        must=["Report misuse within 72 hours", "Ask again before the year is over"],
        must_not=["Pass the weights to others", "Imitate a real person to deceive"],
    )
    return tier


def _ask(who: object, tier: Tier, release: Release, purpose: str, answer: str) -> object:
    names = [question.field_name for question in tier.questions.order_by("order")]
    answers = dict(zip(names, (answer, "On a server of our own, for our team only."), strict=True))
    return asking.request_access(tier, release, actor=who, purpose=purpose, answers=answers, typed_name=str(who))


def _misuse(cast: Cast, kept: Kept) -> None:
    family, made = kept["family"], kept["risks"]
    filed = filing.file_report(
        actor=ANONYMOUS_REPORTER,
        model="estuary-lab/tideline-3b",
        version="1.0",
        category="fraud",
        what_happened="I got a message that looked as if it came from my bank. The person who sent it wrote in a forum "
        "that this model had written it, and posted the prompt.",
    )
    case = incident_services.open_incident(
        actor=cast.incident_handler,
        title="Bank phishing written with Tideline 3B",
        summary="A prompt that makes the model write messages in a bank's voice was posted in a forum.",
        severity="high",
        owner=cast.incident_handler,
        families=[family],  # type: ignore[list-item]
        risks=made[:1],  # type: ignore[index]
        report=filed.report,
    )
    report = handling.triage_report(
        filed.report, actor=cast.incident_handler, severity="high", owner=cast.incident_handler, incident=case
    )
    handling.answer_report(
        report,
        actor=cast.incident_handler,
        body="Thank you. We could repeat it and are changing the output filter. Can you tell us which forum it was?",
    )
    filing.file_report(
        actor=ANONYMOUS_REPORTER,
        model="estuary-lab/tideline-3b",
        category="privacy",
        what_happened="When I ask for people in my street it gives a name and a telephone number that are real.",
    )
    decision = governance.record_decision(
        family,  # type: ignore[arg-type]
        actor=cast.release_manager,
        title="Filter the output rather than the prompt",
        context="A prompt that imitates a bank was posted. Blocking the prompt would be quick and easy to get around.",
        outcome="We filter what the model writes in a hosted product, and publish the filter with the weights.",
        consequences="Hosted use gets slower. People who run the weights themselves must switch the filter on.",
        stops_holding_when="The filter lets through more than 2 of 100 known phishing texts, or a rewrite defeats it.",
        review_by=timezone.localdate() + timedelta(days=180),
        options=[
            {"name": "Block the prompt", "arguments_for": "Quick", "arguments_against": "A new wording defeats it"},
            {
                "name": "Filter the output",
                "arguments_for": "Holds whatever the prompt was",
                "arguments_against": "Slower",
                "chosen": True,
            },
            {"name": "Withdraw the release", "arguments_for": "Certain", "arguments_against": "Stops all honest use"},
        ],
        risks=made[:1],  # type: ignore[index]
    )
    decision = governance.publish_decision(decision, actor=cast.reviewer)
    provenance.chosen_by(cast, kept["safeguards"][0], decision)  # type: ignore[index]
    incident_services.link_decision(case, decision, actor=cast.incident_handler)
    incident_services.record_lessons(
        case,
        actor=cast.incident_handler,
        lessons="Test filters with imitated voices of institutions before each release.",
    )


def _files() -> dict[str, bytes]:
    """A small but real safetensors file, and what goes with it."""
    weights = bytes(number % 251 for number in range(4096))
    header = json.dumps(
        {"embed.weight": {"dtype": "U8", "shape": [64, 64], "data_offsets": [0, len(weights)]}}
    ).encode()
    header += b" " * (-len(header) % 8)
    config = {"architectures": ["TidelineForCausalLM"], "hidden_size": 64, "vocab_size": 64}
    return {
        "model.safetensors": struct.pack("<Q", len(header)) + header + weights,
        "config.json": json.dumps(config, indent=2).encode(),
    }
