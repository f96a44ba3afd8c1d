"""The REST API of this app: routes are collected by config/api_urls.py."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from incidents.api.incidents import IncidentViewSet
from incidents.api.reports import MisuseReportViewSet
from incidents.api.tracking import TrackedMessagesView, TrackedReportView

router = SimpleRouter()
router.register("misuse-reports", MisuseReportViewSet, basename="misuse-report")
router.register("incidents", IncidentViewSet, basename="incident")

urlpatterns = [
    path("misuse-reports/track/", TrackedReportView.as_view(), name="misuse-report-track"),
    path("misuse-reports/track/messages/", TrackedMessagesView.as_view(), name="misuse-report-track-messages"),
]
