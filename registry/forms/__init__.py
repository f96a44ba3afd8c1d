from registry.forms.cards import CardSourceForm, CardUploadForm, CompareForm, MetadataForm, SectionForm
from registry.forms.catalogue import (
    ArtifactForm,
    CardForm,
    CatalogueFilterForm,
    FamilyForm,
    PublisherForm,
    ReleaseEditForm,
    ReleaseForm,
    SearchForm,
)
from registry.forms.guidelines import GuidelinesForm, NewGuidelinesForm, PlaceForm
from registry.forms.objectives import MeasurementForm, ObjectiveForm
from registry.forms.plan import CapabilityForm, CriterionEvidenceForm, CriterionForm, ParentForm, PhaseForm
from registry.forms.risks import (
    AssessmentForm,
    MitigationEditForm,
    MitigationForm,
    OwnerForm,
    ReasonForm,
    RiskEditForm,
    RiskFilterForm,
    RiskForm,
)
from registry.forms.safeguards import HighRiskUseForm, SafeguardForm
from registry.forms.training_data import CroissantForm, TrainingDatasetForm

__all__ = [
    "ArtifactForm",
    "AssessmentForm",
    "CapabilityForm",
    "CardForm",
    "CardSourceForm",
    "CardUploadForm",
    "CatalogueFilterForm",
    "CompareForm",
    "CriterionEvidenceForm",
    "CriterionForm",
    "CroissantForm",
    "FamilyForm",
    "GuidelinesForm",
    "HighRiskUseForm",
    "MeasurementForm",
    "MetadataForm",
    "MitigationEditForm",
    "MitigationForm",
    "NewGuidelinesForm",
    "ObjectiveForm",
    "OwnerForm",
    "ParentForm",
    "PhaseForm",
    "PlaceForm",
    "PublisherForm",
    "ReasonForm",
    "ReleaseEditForm",
    "ReleaseForm",
    "RiskEditForm",
    "RiskFilterForm",
    "RiskForm",
    "SafeguardForm",
    "SearchForm",
    "SectionForm",
    "TrainingDatasetForm",
]
