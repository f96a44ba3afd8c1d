"""The plan of the demo's release, its licence, lineage and capabilities."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from access.models import Tier
from access.services.phases import set_phase_tiers
from config.demo.cast import Cast
from governance import services as governance
from registry.models import Phase, Release
from registry.services import capabilities, catalogue, lineage, plan

CRITERIA = (
    ("Refusals at least 90 % in both languages", "0.92 in English, 0.90 in Dutch, on our set of 1,200 prompts.", True),
    ("Red-teaming of six weeks is over, and what it found is in the risk register", "Report of the last round.", True),
    ("Somebody outside has read the model card", "", False),
)
CAPABILITIES = (
    ("Summaries in English", "evaluated", "Read against their sources by two people: 19 of 20 hold."),
    ("Summaries in Dutch", "experimental", "Works on what we tried; not measured yet."),
    ("Refusal of requests for fraud", "safeguarded", "0.92 on our set, and a filter on the output stands behind it."),
    ("Writing in a named person’s voice", "removed", "Trained against after red-teaming; see the model card."),
)


def planned(cast: Cast, release: Release) -> None:
    """From internal use to the end of support, decided by the reviewer."""
    manager: Any = cast.release_manager
    release = catalogue.edit_release(
        release,
        actor=manager,
        intended_users="Developers who build writing aids with a person in the loop, and people who study refusals.",
    )
    lineage.add_parent(release, actor=manager, relation="finetune", parent_name="estuary-lab/tideline-base")
    today = timezone.localdate()
    steps = [("internal", "", -60, False), ("gated", "", 0, True), ("public", "", 120, False)]
    for kind, title, days, announced in [*steps, ("end_of_support", "", 730, True)]:
        phase = plan.plan_phase(
            release,
            actor=manager,
            kind=kind,
            title=title,
            planned_on=today + timedelta(days=days),
            is_announced=announced,
            decider=cast.reviewer,
        )
        if kind == "internal":
            governance.enter_phase(phase, actor=cast.reviewer)
        if kind == "gated":
            _criteria(cast, phase)
        if kind == "public":
            plan.add_criterion(phase, actor=manager, text="Half a year gated without an incident of high severity")
    for name, status, evidence in CAPABILITIES:
        capabilities.note_capability(release, actor=cast.reviewer, capability=name, status=status, evidence=evidence)


def _criteria(cast: Cast, phase: Phase) -> None:
    for text, evidence, is_required in CRITERIA:
        criterion = plan.add_criterion(phase, actor=cast.release_manager, text=text, is_required=is_required)
        if evidence:
            plan.meet_criterion(criterion, actor=cast.risk_owner, evidence=evidence)


def gated(cast: Cast, release: Release, tiers: list[Tier]) -> Release:
    """The reviewer lets the release enter its gated phase, which publishes it and opens both tiers."""
    for phase in release.phases.in_order():
        if phase.opens:
            set_phase_tiers(phase, actor=cast.release_manager, tiers=tiers)
    governance.enter_phase(release.phases.get(kind="gated"), actor=cast.reviewer)
    return Release.objects.select_related("family__publisher").get(pk=release.pk)
