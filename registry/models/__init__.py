from registry.models.artifacts import Artifact
from registry.models.cards import ModelCard
from registry.models.catalogue import PUBLIC_STAGES, Modality, ModelFamily, Publisher, Release, Stage
from registry.models.guidelines import (
    PARTS,
    BreachRemedy,
    CompliantWorkflow,
    Effect,
    GuidelinesStage,
    Part,
    RecommendedConfiguration,
    RuleKind,
    RuleOverride,
    Sector,
    UsageGuidelines,
    UsageRule,
    UsageScenario,
    Verdict,
)
from registry.models.mitigations import Mitigation
from registry.models.objectives import Objective
from registry.models.risks import Risk, RiskAssessment

__all__ = [
    "PARTS",
    "PUBLIC_STAGES",
    "Artifact",
    "BreachRemedy",
    "CompliantWorkflow",
    "Effect",
    "GuidelinesStage",
    "Mitigation",
    "Modality",
    "ModelCard",
    "ModelFamily",
    "Objective",
    "Part",
    "Publisher",
    "RecommendedConfiguration",
    "Release",
    "Risk",
    "RiskAssessment",
    "RuleKind",
    "RuleOverride",
    "Sector",
    "Stage",
    "UsageGuidelines",
    "UsageRule",
    "UsageScenario",
    "Verdict",
]
