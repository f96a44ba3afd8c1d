from registry.models.catalogue import (
    PUBLIC_STAGES,
    Artifact,
    Modality,
    ModelCard,
    ModelFamily,
    Publisher,
    Release,
    Stage,
)
from registry.models.risks import Mitigation, Objective, Risk, RiskAssessment

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
