"""Usage guidelines, the terms on one page, and the templates that downstream teams take away."""

from tests.factories.registry import (
    BreachRemedyFactory,
    CompliantWorkflowFactory,
    RecommendedConfigurationFactory,
    RuleOverrideFactory,
    UsageGuidelinesFactory,
    UsageRuleFactory,
    UsageScenarioFactory,
)
from tests.matrix import MEMBERS, api_only, everybody, only, route

PUBLIC = everybody(200)
TREATING = ("release_manager", "risk_owner")
MANAGER = ("release_manager",)
RULE = {"kind": "prohibited", "title": "Imitate a real person"}


def build(w):
    """What holds, a draft of the next version with a part of each kind, and guidelines of one release to retire."""
    w.guidelines = UsageGuidelinesFactory(
        family=w.family, number=1, published=True, parts={"rules": [{"key": "persona"}]}, created_by=w.release_manager
    )
    w.own_guidelines = UsageGuidelinesFactory(family=w.family, release=w.withdrawn, number=2, published=True)
    draft = UsageGuidelinesFactory(family=w.family, number=3, change_note="Clearer.", created_by=w.release_manager)
    rule = UsageRuleFactory(guidelines=draft, key="persona")
    w.guidelines_draft, w.usage_rule = draft, rule
    w.usage_scenario = UsageScenarioFactory(guidelines=draft, rule=rule)
    w.rule_override = RuleOverrideFactory(guidelines=draft, rule=rule)
    w.configuration = RecommendedConfigurationFactory(guidelines=draft)
    w.workflow = CompliantWorkflowFactory(guidelines=draft)
    w.remedy = BreachRemedyFactory(guidelines=draft)


def family(w):
    return [w.publisher.slug, w.family.slug]


def inside(*roles, status=200):
    """Drafts: nobody outside knows of them."""
    return only(*roles, status=status, outside=404)


PAGES = {
    "guidelines": route(args=family, get=PUBLIC, query="?region=DE&sector=health"),
    "guidelines_version": route(
        args=lambda w: [*family(w), w.guidelines_draft.number],
        get=dict.fromkeys((*MEMBERS, "superuser"), 200) | dict.fromkeys(("anonymous", "stranger", "researcher"), 404),
    ),
    "guidelines_changes": route(args=lambda w: [*family(w), w.guidelines.number], get=PUBLIC),
    "terms": route(args=family, get=PUBLIC, query="?region=EU"),
    "downstream_documents": route(args=lambda w: [*family(w), w.release.version], get=PUBLIC, query="?region=EU"),
    "downstream_document": route(args=lambda w: [*family(w), w.release.version, "risk-report"], get=PUBLIC),
    "downstream_file": route(args=lambda w: [*family(w), w.release.version, "release-checklist", "csv"], get=PUBLIC),
    "guidelines_versions": route(
        args=lambda w: [w.family.pk],
        get=only(*MEMBERS),
        post=only(*TREATING, status=302),
        body=lambda w: {"release": w.draft.pk},
    ),
    "manage_guidelines": route(
        args=lambda w: [w.guidelines_draft.pk],
        get=inside(*MEMBERS),
        post=inside(*TREATING, status=302),
        body=lambda w: {"summary": "New.", "row_version": 1},
    ),
    "guidelines_part_create": route(
        args=lambda w: [w.guidelines_draft.pk, "rules"],
        get=inside(*TREATING),
        post=inside(*TREATING, status=302),
        body=lambda w: RULE,
    ),
    "guidelines_part": route(
        args=lambda w: ["rules", w.usage_rule.pk],
        get=inside(*TREATING),
        post=inside(*TREATING, status=302),
        body=lambda w: {**RULE, "row_version": 1},
    ),
    "guidelines_part_removal": route(
        args=lambda w: ["overrides", w.rule_override.pk],
        get=inside(*TREATING),
        post=inside(*TREATING, status=302),
    ),
    "guidelines_publication": route(
        args=lambda w: [w.guidelines_draft.pk], get=inside(*MANAGER), post=inside(*MANAGER, status=302)
    ),
    "guidelines_retirement": route(
        args=lambda w: [w.own_guidelines.pk],
        get=only(*MANAGER),
        post=only(*MANAGER, status=302),
        body=lambda w: {"reason": "The family's are enough."},
    ),
    "guidelines_removal": route(
        args=lambda w: [w.guidelines_draft.pk], get=inside(*TREATING), post=inside(*TREATING, status=302)
    ),
}
API_INSIDE = dict.fromkeys((*MEMBERS, "superuser"), 200) | dict.fromkeys(("anonymous", "stranger", "researcher"), 404)


def part(name, attribute, body):
    """Rows of one kind of part: those of the draft are known inside only, and written by those who treat risks."""
    return {
        f"guideline-{name}-list": route(
            get=PUBLIC,
            post=api_only(*TREATING, status=201, outside=400),
            body=lambda w: {"guidelines": w.guidelines_draft.pk, **body},
        ),
        f"guideline-{name}-detail": route(
            args=lambda w: [getattr(w, attribute).pk],
            get=API_INSIDE,
            patch=api_only(*TREATING, outside=404),
            delete=api_only(*TREATING, status=204, outside=404),
            body=lambda w: {"position": 3},
        ),
    }


LAW = {"source_title": "A law", "source_citation": "Article 1"}
API = {
    "guidelines-list": route(
        get=PUBLIC,
        post=api_only(*TREATING, status=201, outside=400),
        body=lambda w: {"family": w.family.pk, "release": w.draft.pk},
    ),
    "guidelines-detail": route(
        args=lambda w: [w.guidelines_draft.pk],
        get=API_INSIDE,
        patch=api_only(*TREATING, outside=404),
        delete=api_only(*TREATING, status=204, outside=404),
        body=lambda w: {"summary": "New."},
    ),
    "guidelines-publication": route(args=lambda w: [w.guidelines_draft.pk], post=api_only(*MANAGER, outside=404)),
    "guidelines-retirement": route(
        args=lambda w: [w.guidelines.pk], post=api_only(*MANAGER), body=lambda w: {"reason": "Over."}
    ),
    "guidelines-effective": route(args=lambda w: [w.guidelines.pk], get=PUBLIC, query="?region=DE"),
    "guidelines-changes": route(args=lambda w: [w.guidelines_draft.pk], get=API_INSIDE),
    "family-terms": route(args=lambda w: [w.family.pk], get=PUBLIC, query="?sector=health"),
    "release-documents": route(args=lambda w: [w.release.pk], get=PUBLIC),
    "release-document": route(args=lambda w: [w.draft.pk, "evaluation-plan", "txt"], get=API_INSIDE),
    **part("rule", "usage_rule", RULE),
    **part(
        "scenario",
        "usage_scenario",
        {"title": "Letters", "situation": "A clerk drafts letters.", "verdict": "allowed", "why": "A person reads."},
    ),
    **part("override", "rule_override", {"effect": "new", "region": "FR", "kind": "prohibited", "title": "X", **LAW}),
    **part("configuration", "configuration", {"title": "Careful", "settings": "temperature = 0.2"}),
    **part("workflow", "workflow", {"title": "Letters", "steps": ["Draft.", "Read."]}),
    **part("remedy", "remedy", {"title": "Fraud", "follows": "Access ends.", "decided_by": "Release manager"}),
}
