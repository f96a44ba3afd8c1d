"""The whole history of one risk."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.models import AuditEvent
from registry import permissions, selectors
from registry.selectors.history import KINDS


class HistoryEventSerializer(serializers.ModelSerializer[AuditEvent]):
    who = serializers.CharField(source="actor_label", read_only=True)
    # DRF calls its own method so; a declared field is kept apart from it.
    object = serializers.CharField(source="object_label", read_only=True, help_text="The risk, or a mitigation of it.")
    reason = serializers.CharField(read_only=True)

    class Meta:
        model = AuditEvent
        fields = ["id", "at", "who", "verb", "object", "object_type", "object_id", "before", "after", "reason"]
        read_only_fields = fields


class HistoryActions:
    """Mixed into the view set of risks."""

    @extend_schema(
        responses=HistoryEventSerializer(many=True),
        filters=False,
        parameters=[OpenApiParameter("kind", str, enum=list(KINDS), description="Everything when left out.")],
    )
    @action(detail=True, methods=["get"])
    def history(self: Any, request: Request, pk: str | None = None) -> Response:
        """All that is on record about a risk and its mitigations, the newest first.

        For people with a role for the model family.
        """
        risk = self.get_object()
        if not permissions.can_see_inside(request.user, risk.family):
            self.permission_denied(request)
        kind = request.query_params.get("kind", "")
        if kind:
            serializers.ChoiceField(list(KINDS)).run_validation(kind)
        page = self.paginate_queryset(selectors.whole_history(risk, kind))
        return self.get_paginated_response(HistoryEventSerializer(page, many=True).data)
