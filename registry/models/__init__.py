from registry.models.catalogue import Artifact, ModelCard, ModelFamily, Publisher, Release, Stage
from registry.models.risks import Mitigation, Objective, Risk, RiskAssessment

__all__ = [
    "Artifact",
    "Mitigation",
    "ModelCard",
    "ModelFamily",
    "Objective",
    "Publisher",
    "Release",
    "Risk",
    "RiskAssessment",
    "Stage",
]
