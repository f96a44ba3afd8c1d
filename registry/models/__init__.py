from registry.models.acceptances import AssessmentProposal, RiskAcceptance
from registry.models.artifacts import Artifact
from registry.models.assessments import RiskAssessment
from registry.models.capabilities import CapabilityStatus
from registry.models.cards import ModelCard
from registry.models.catalogue import PUBLIC_STAGES, Modality, ModelFamily, Publisher, Release, Stage
from registry.models.concerns import PublicConcern
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
from registry.models.imports import BulkChange, ImportRow, RiskImport, RiskKey
from registry.models.lineage import ReleaseParent
from registry.models.mitigations import Mitigation, MitigationMeasurement
from registry.models.objectives import Objective, ObjectiveMeasurement
from registry.models.plan import EntryCriterion, Phase
from registry.models.question_sets import Question, QuestionSet, RequiredReview
from registry.models.reviews import ReleaseReview, ReviewAnswers, ReviewFinding
from registry.models.risks import Risk
from registry.models.rounds import ReviewRound, RiskReview, RoundItem
from registry.models.safeguards import HighRiskUse, Safeguard
from registry.models.scales import BandRule, RiskScale
from registry.models.taxonomies import Taxonomy, Term
from registry.models.training_data import TrainingDataset

__all__ = [
    "PARTS",
    "PUBLIC_STAGES",
    "Artifact",
    "AssessmentProposal",
    "BandRule",
    "BreachRemedy",
    "BulkChange",
    "CapabilityStatus",
    "CompliantWorkflow",
    "Effect",
    "EntryCriterion",
    "GuidelinesStage",
    "HighRiskUse",
    "ImportRow",
    "Mitigation",
    "MitigationMeasurement",
    "Modality",
    "ModelCard",
    "ModelFamily",
    "Objective",
    "ObjectiveMeasurement",
    "Part",
    "Phase",
    "PublicConcern",
    "Publisher",
    "Question",
    "QuestionSet",
    "RecommendedConfiguration",
    "Release",
    "ReleaseParent",
    "ReleaseReview",
    "RequiredReview",
    "ReviewAnswers",
    "ReviewFinding",
    "ReviewRound",
    "Risk",
    "RiskAcceptance",
    "RiskAssessment",
    "RiskImport",
    "RiskKey",
    "RiskReview",
    "RiskScale",
    "RoundItem",
    "RuleKind",
    "RuleOverride",
    "Safeguard",
    "Sector",
    "Stage",
    "Taxonomy",
    "Term",
    "TrainingDataset",
    "UsageGuidelines",
    "UsageRule",
    "UsageScenario",
    "Verdict",
]
