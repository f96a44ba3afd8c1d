from registry.models.artifacts import Artifact
from registry.models.cards import ModelCard
from registry.models.catalogue import PUBLIC_STAGES, Modality, ModelFamily, Publisher, Release, Stage
from registry.models.mitigations import Mitigation
from registry.models.objectives import Objective
from registry.models.risks import Risk, RiskAssessment

__all__ = [
    "PUBLIC_STAGES",
    "Artifact",
    "Mitigation",
    "Modality",
    "ModelCard",
    "ModelFamily",
    "Objective",
    "Publisher",
    "Release",
    "Risk",
    "RiskAssessment",
    "Stage",
]
