"""The REST API of this app: routes are collected by config/api_urls.py."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from registry.api.catalogue import (
    ArtifactViewSet,
    FamilyViewSet,
    ObjectiveViewSet,
    PublisherViewSet,
    ReleaseArtifact,
    ReleaseViewSet,
)
from registry.api.people import RoleAssignmentViewSet
from registry.api.risks import MitigationViewSet, RiskViewSet

router = SimpleRouter()
router.register("publishers", PublisherViewSet, basename="publisher")
router.register("families", FamilyViewSet, basename="family")
router.register("releases", ReleaseViewSet, basename="release")
router.register("artifacts", ArtifactViewSet, basename="artifact")
router.register("objectives", ObjectiveViewSet, basename="objective")
router.register("risks", RiskViewSet, basename="risk")
router.register("mitigations", MitigationViewSet, basename="mitigation")
router.register("role-assignments", RoleAssignmentViewSet, basename="role-assignment")
urlpatterns = [
    path("releases/<int:pk>/artifacts/<path:path>", ReleaseArtifact.as_view(), name="release-artifact"),
]
