from incidents.models.audience import EVERYONE_CONCERNED, AudienceQuerySet, audience_for
from incidents.models.incident import Incident, IncidentReport
from incidents.models.report import Category, CloseReason, HandlerDigest, MisuseReport, ReportAttachment, ReportMessage

__all__ = [
    "EVERYONE_CONCERNED",
    "AudienceQuerySet",
    "Category",
    "CloseReason",
    "HandlerDigest",
    "Incident",
    "IncidentReport",
    "MisuseReport",
    "ReportAttachment",
    "ReportMessage",
    "audience_for",
]
