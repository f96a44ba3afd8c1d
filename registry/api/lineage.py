"""What releases were made from, over the API."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.permissions import SignedIn, SignedInToWrite
from common.api.views import IdempotentCreateMixin
from registry import selectors, services
from registry.api.serializers import Visible
from registry.models import Release, ReleaseParent
from registry.models.lineage import Relation


class NodeSerializer(serializers.Serializer[Any]):
    """One step of the tree; ``above`` is the edge it hangs on, so that the nesting need not be guessed."""

    edge = serializers.IntegerField(help_text="Number of the edge, by which it can be taken back.")
    depth = serializers.IntegerField(help_text="1 next to the release, 2 one step further, and so on to 6.")
    above = serializers.IntegerField(allow_null=True, help_text="The edge one step nearer to the release.")
    relation = serializers.ChoiceField(Relation.choices)
    release = serializers.IntegerField(allow_null=True, help_text="Null for a model elsewhere.")
    name = serializers.CharField()
    url = serializers.CharField(help_text="Empty for a model elsewhere.")


class LineageSerializer(serializers.Serializer[Any]):
    release = serializers.IntegerField()
    parents = NodeSerializer(many=True)
    derivatives = NodeSerializer(many=True)


class NewParentSerializer(serializers.ModelSerializer[ReleaseParent]):
    parent = Visible(Release, required=False, allow_null=True)

    class Meta:
        model = ReleaseParent
        fields = ["parent", "parent_name", "relation"]
        validators: list[Any] = []


class ReleaseLineage(IdempotentCreateMixin, APIView):
    """What a release was made from, and what was made from it."""

    permission_classes = [SignedInToWrite]

    def release(self, request: Request, pk: int) -> Release:
        rows = Release.objects.visible_to(request.user).select_related("family__publisher")
        return get_object_or_404(selectors.with_lineage(rows, request.user), pk=pk)

    @extend_schema(operation_id="release_lineage", responses=LineageSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """The tree both ways, six steps deep, as far as you may know of each release."""
        return self.tree(request, pk)

    @extend_schema(
        operation_id="release_lineage_create", request=NewParentSerializer, responses={201: LineageSerializer}
    )
    def post(self, request: Request, pk: int) -> Response:
        """Say what it was made from: ``parent`` by number, or ``parent_name`` for a model elsewhere."""
        return self.create(request, pk)

    def perform_idempotent_create(self, request: Request, pk: int, *args: Any, **kwargs: Any) -> Response:
        release = self.release(request, pk)
        given = NewParentSerializer(data=request.data, context={"request": request})
        given.is_valid(raise_exception=True)
        data = {"relation": Relation.FINETUNE, **given.validated_data}
        services.add_parent(release, actor=request.user, **data)
        return self.tree(request, pk, status.HTTP_201_CREATED)

    def tree(self, request: Request, pk: int, code: int = status.HTTP_200_OK) -> Response:
        release = self.release(request, pk)
        found = selectors.lineage_of(release)
        body = {"release": release.pk, "parents": _rows(found.parents), "derivatives": _rows(found.derivatives)}
        return Response(LineageSerializer(body).data, status=code)


class ReleaseLineageEdge(APIView):
    """One edge of the lineage of a release."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="release_lineage_delete", responses={204: None})
    def delete(self, request: Request, pk: int, edge: int) -> Response:
        """Take back that the release was made from it. That somebody said so stays on record."""
        rows = ReleaseParent.objects.visible_to(request.user).select_related("release__family", "parent__family")
        services.remove_parent(get_object_or_404(rows, pk=edge, release=pk), actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _rows(nodes: list[selectors.Node], above: int | None = None, depth: int = 1) -> list[dict[str, Any]]:
    """A tree as a list: the nesting would have no end in the document of the API."""
    rows: list[dict[str, Any]] = []
    for node in nodes:
        number = node.release.pk if node.release else None
        row = {"edge": node.edge, "depth": depth, "above": above, "relation": node.relation, "release": number}
        rows.append({**row, "name": node.label, "url": node.url})
        rows += _rows(node.children, node.edge, depth + 1)
    return rows
