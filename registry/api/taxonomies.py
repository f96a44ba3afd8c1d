from typing import Any

import django_filters
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.filters import FilterSet
from common.api.permissions import SignedInToWrite
from common.api.views import IdempotentCreateMixin
from registry import services
from registry.models import Taxonomy, Term


class TermSerializer(serializers.ModelSerializer[Term]):
    taxonomy_slug = serializers.CharField(source="taxonomy.slug", read_only=True)

    class Meta:
        model = Term
        fields = ["id", "taxonomy", "taxonomy_slug", "code", "name", "description", "is_current"]
        read_only_fields = fields


class TaxonomySerializer(serializers.ModelSerializer[Taxonomy]):
    terms = serializers.SerializerMethodField(help_text="How many entries can be chosen; /taxonomy-terms/ lists them.")

    class Meta:
        model = Taxonomy
        fields = ["id", "slug", "name", "kind", "version", "url", "licence", "terms"]
        read_only_fields = fields

    def get_terms(self, taxonomy: Taxonomy) -> int:
        return len(taxonomy.terms.all())


class NewTermSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=40)
    name = serializers.CharField(max_length=200)
    description = serializers.CharField(required=False, allow_blank=True, max_length=2000)


class NewTaxonomySerializer(serializers.Serializer[Any]):
    slug = serializers.SlugField(max_length=60)
    name = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(Taxonomy.Kind.choices)
    version = serializers.CharField(required=False, allow_blank=True, max_length=40)
    url = serializers.URLField(required=False, allow_blank=True)
    licence = serializers.CharField(required=False, allow_blank=True, max_length=120)
    terms = NewTermSerializer(many=True, allow_empty=False)


class TaxonomyViewSet(
    IdempotentCreateMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Taxonomy]
):
    """Published lists of risks and harms whose entries risks can name."""

    permission_classes = [SignedInToWrite]
    serializer_class = TaxonomySerializer
    queryset = Taxonomy.objects.none()
    filterset_fields = ["slug", "kind"]
    ordering_fields = ["id"]

    def get_queryset(self) -> QuerySet[Taxonomy]:
        return Taxonomy.objects.prefetch_related(
            Prefetch("terms", Term.objects.filter(is_current=True).only("taxonomy"))
        )

    @extend_schema(request=NewTaxonomySerializer, responses={201: TaxonomySerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Bring a list along, or a newer version of one with this short name. For superusers: all publishers
        share it. Entries that the newer version lacks stay readable and can no longer be chosen."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = NewTaxonomySerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = services.import_taxonomy(actor=request.user, data=dict(given.validated_data))
        return Response(self.get_serializer(self.get_queryset().get(pk=made.pk)).data, status=status.HTTP_201_CREATED)


class TermFilter(FilterSet):
    search = django_filters.CharFilter(field_name="name", lookup_expr="icontains", label="Part of the name")
    taxonomy_slug = django_filters.CharFilter(field_name="taxonomy__slug", label="Short name of the list")

    class Meta:
        model = Term
        fields = ["taxonomy", "code", "is_current"]


class TermViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Term]):
    """The entries of taxonomies."""

    permission_classes = [SignedInToWrite]
    serializer_class = TermSerializer
    queryset = Term.objects.none()
    filterset_class = TermFilter
    ordering_fields = ["id"]

    def get_queryset(self) -> QuerySet[Term]:
        return Term.objects.select_related("taxonomy")
