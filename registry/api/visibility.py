"""What a publisher lets the public see of its risks."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.views import etag
from registry import services, visibility
from registry.models import Publisher


class RiskFieldsSerializer(serializers.Serializer[Any]):
    # DRF keeps its own ``fields`` apart from a declared one of this name; the page calls it so too.
    public_risk_fields = serializers.ListField(
        child=serializers.ChoiceField(list(visibility.FIELDS.items())),
        help_text="Fields of a shown risk that everybody sees; the others are null for them.",
    )


class RiskFieldsActions:
    """Mixed into the view set of publishers."""

    @extend_schema(responses=RiskFieldsSerializer)
    @action(detail=True, methods=["get"], url_path="public-risk-fields")
    def public_risk_fields(self: Any, request: Request, pk: str | None = None) -> Response:
        """What anybody sees of this publisher's risks."""
        return self._risk_fields(self.get_object())

    @extend_schema(request=RiskFieldsSerializer, responses=RiskFieldsSerializer)
    @public_risk_fields.mapping.put
    def put_public_risk_fields(self: Any, request: Request, pk: str | None = None) -> Response:
        """Say what anybody sees of this publisher's risks. It holds at once, in every place that shows risks."""
        row, data = self.get_object(), self.taken(RiskFieldsSerializer, request)
        version = self.expected_version(request)
        changed = services.set_public_risk_fields(
            row, actor=request.user, fields=data["public_risk_fields"], expected_version=version
        )
        return self._risk_fields(changed)

    def _risk_fields(self: Any, publisher: Publisher) -> Response:
        shown = visibility.in_order(visibility.public_fields(publisher))
        return Response({"public_risk_fields": shown}, headers={"ETag": etag(publisher.row_version)})
