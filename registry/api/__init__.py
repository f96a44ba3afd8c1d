"""The REST API of this app: routes are collected by config/api_urls.py."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from registry.api import cards
from registry.api.bulk import BulkChangeViewSet
from registry.api.capabilities import CapabilityStatusViewSet
from registry.api.catalogue import (
    ArtifactViewSet,
    FamilyViewSet,
    PublisherViewSet,
    ReleaseArtifact,
    ReleaseViewSet,
)
from registry.api.downstream import ReleaseDocument, ReleaseDocuments
from registry.api.exports import ReleaseExport
from registry.api.guidelines import FamilyTerms, UsageGuidelinesViewSet
from registry.api.guidelines_parts import (
    BreachRemedyViewSet,
    CompliantWorkflowViewSet,
    RecommendedConfigurationViewSet,
    RuleOverrideViewSet,
    UsageRuleViewSet,
    UsageScenarioViewSet,
)
from registry.api.interchange import RiskImportViewSet
from registry.api.judging import AcceptanceViewSet, ProposalViewSet
from registry.api.licences import ReleaseLicence
from registry.api.lineage import ReleaseLineage, ReleaseLineageEdge
from registry.api.objectives import MeasurementViewSet, ObjectiveViewSet
from registry.api.people import RoleAssignmentViewSet
from registry.api.plan import CriterionViewSet, PhaseViewSet, ReleasePlan
from registry.api.reviews import QuestionSetViewSet, ReleaseReviewViewSet
from registry.api.risks import MitigationViewSet, RiskViewSet
from registry.api.rounds import ReviewRoundViewSet, RiskReviewViewSet
from registry.api.safeguards import HighRiskUseViewSet, SafeguardViewSet
from registry.api.scales import ScaleViewSet
from registry.api.stubs import ConcernViewSet, StubViewSet
from registry.api.taxonomies import TaxonomyViewSet, TermViewSet
from registry.api.training_data import TrainingDatasetViewSet

router = SimpleRouter()
router.register("publishers", PublisherViewSet, basename="publisher")
router.register("families", FamilyViewSet, basename="family")
router.register("releases", ReleaseViewSet, basename="release")
router.register("artifacts", ArtifactViewSet, basename="artifact")
router.register("objectives", ObjectiveViewSet, basename="objective")
router.register("measurements", MeasurementViewSet, basename="measurement")
router.register("high-risk-uses", HighRiskUseViewSet, basename="high-risk-use")
router.register("safeguards", SafeguardViewSet, basename="safeguard")
router.register("training-datasets", TrainingDatasetViewSet, basename="training-dataset")
router.register("risks", RiskViewSet, basename="risk")
router.register("risk-imports", RiskImportViewSet, basename="risk-import")
router.register("bulk-changes", BulkChangeViewSet, basename="bulk-change")
router.register("risk-acceptances", AcceptanceViewSet, basename="risk-acceptance")
router.register("assessment-proposals", ProposalViewSet, basename="assessment-proposal")
router.register("risk-scales", ScaleViewSet, basename="risk-scale")
router.register("mitigations", MitigationViewSet, basename="mitigation")
router.register("stubs", StubViewSet, basename="stub")
router.register("concerns", ConcernViewSet, basename="concern")
router.register("taxonomies", TaxonomyViewSet, basename="taxonomy")
router.register("taxonomy-terms", TermViewSet, basename="taxonomy-term")
router.register("question-sets", QuestionSetViewSet, basename="question-set")
router.register("release-reviews", ReleaseReviewViewSet, basename="release-review")
router.register("risk-reviews", RiskReviewViewSet, basename="risk-review")
router.register("review-rounds", ReviewRoundViewSet, basename="review-round")
router.register("role-assignments", RoleAssignmentViewSet, basename="role-assignment")
router.register("phases", PhaseViewSet, basename="phase")
router.register("criteria", CriterionViewSet, basename="criterion")
router.register("capability-statuses", CapabilityStatusViewSet, basename="capability-status")
router.register("guidelines", UsageGuidelinesViewSet, basename="guidelines")
router.register("guideline-rules", UsageRuleViewSet, basename="guideline-rule")
router.register("guideline-scenarios", UsageScenarioViewSet, basename="guideline-scenario")
router.register("guideline-overrides", RuleOverrideViewSet, basename="guideline-override")
router.register("guideline-configurations", RecommendedConfigurationViewSet, basename="guideline-configuration")
router.register("guideline-workflows", CompliantWorkflowViewSet, basename="guideline-workflow")
router.register("guideline-remedies", BreachRemedyViewSet, basename="guideline-remedy")
urlpatterns = [
    path("releases/<int:pk>/documents/", ReleaseDocuments.as_view(), name="release-documents"),
    path(
        "releases/<int:pk>/documents/<slug:document>/<slug:document_format>/",
        ReleaseDocument.as_view(),
        name="release-document",
    ),
    path("families/<int:pk>/terms/", FamilyTerms.as_view(), name="family-terms"),
    path("releases/<int:pk>/licence/", ReleaseLicence.as_view(), name="release-licence"),
    path("releases/<int:pk>/plan/", ReleasePlan.as_view(), name="release-plan"),
    path("releases/<int:pk>/lineage/", ReleaseLineage.as_view(), name="release-lineage"),
    path("releases/<int:pk>/lineage/<int:edge>/", ReleaseLineageEdge.as_view(), name="release-lineage-edge"),
    path("releases/<int:pk>/exports/<slug:export_format>/", ReleaseExport.as_view(), name="release-export"),
    path("releases/<int:pk>/artifacts/<path:path>", ReleaseArtifact.as_view(), name="release-artifact"),
    *cards.urlpatterns,
]
