"""One change to many risks."""

from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from common.api.permissions import SignedIn
from common.api.views import IdempotentCreateMixin
from common.lifecycle import Refused
from registry import permissions, selectors, services
from registry.api.base import LARGEST_NUMBER
from registry.api.risks import RiskFilter
from registry.models import BulkChange, ModelFamily
from registry.services.bulk import MOST


class BulkChangeSerializer(serializers.ModelSerializer[BulkChange]):
    total = serializers.IntegerField(read_only=True)
    problems = serializers.ListField(child=serializers.ListField(), help_text="[number, risk, reason]")
    job_state = serializers.CharField(source="job.state", read_only=True, allow_null=True, default=None)

    class Meta:
        model = BulkChange
        fields = [
            *("id", "action", "person", "reason", "total", "position", "done_count", "problems", "job", "job_state"),
            *("created_at", "finished_at"),
        ]
        read_only_fields = fields


class NewBulkChangeSerializer(serializers.Serializer[Any]):
    """Which risks and what to do with them. Name the risks by number in ``risks``, or give in ``filter`` what the
    list of risks takes in its address, by the same names, together with ``expected_count``: how many you know it to
    find. Found are only risks of models you hold a role for; when their number is another, nothing is changed (409).
    """

    action = serializers.ChoiceField(BulkChange.Action.choices)
    risks = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_NUMBER),
        allow_empty=False,
        max_length=MOST,
        required=False,
    )
    filter = serializers.DictField(
        required=False,
        help_text='Instead of `risks`: the filters of the list of risks, such as `{"family": 3, "overdue": "review"}`.',
    )
    expected_count = serializers.IntegerField(
        min_value=1, max_value=MOST, required=False, help_text="With `filter`: how many risks it has to find."
    )
    person = serializers.IntegerField(
        required=False, help_text="Number of the owner or deputy: somebody with a role for the model families."
    )
    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True)

    def validate_filter(self, given: dict[str, Any]) -> dict[str, str]:
        """A name that no filter has would find everything."""
        wrong = {
            name: ["The list of risks has no such filter."] for name in given if name not in RiskFilter.base_filters
        }
        wrong |= {name: ["Give one value."] for name, value in given.items() if not isinstance(value, str | int)}
        if wrong:
            raise ValidationError(wrong)
        return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if ("risks" in given) == ("filter" in given):
            raise ValidationError({"risks": ["Give either the numbers of risks or a filter."]})
        if ("filter" in given) != ("expected_count" in given):
            raise ValidationError({"expected_count": ["Say how many risks the filter has to find."]})
        return given


class BulkChangeViewSet(
    IdempotentCreateMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[BulkChange]
):
    """Changes of many risks that you asked for. Each risk is changed on its own; scores are not changed in bulk."""

    permission_classes = [SignedIn]
    serializer_class = BulkChangeSerializer
    queryset = BulkChange.objects.none()
    filterset_fields: ClassVar[list[str]] = ["action"]
    ordering_fields: ClassVar[list[str]] = ["id"]

    def get_queryset(self) -> QuerySet[BulkChange]:
        return selectors.bulk_changes_of(self.request.user)

    @extend_schema(request=NewBulkChangeSerializer, responses={201: BulkChangeSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change the owner or deputy of many risks, or ask to look at them again.

        The risks are named by number or by the filter of the list. A few are changed at once, many by a worker.
        `problems` says which were not changed, and why.
        """
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if not permissions.can_change_in_bulk(request.user):
            raise PermissionDenied
        given = NewBulkChangeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        data = dict(given.validated_data)
        chosen, expected = data.pop("filter", None), data.pop("expected_count", 0)
        numbers = data.pop("risks") if chosen is None else self._found(chosen, expected)
        number = data.pop("person", None)
        person = self._person(numbers, number) if number is not None else None
        made = services.start_bulk_change(numbers, actor=request.user, person=person, **data)
        fresh = self.get_queryset().get(pk=made.pk)
        return Response(self.get_serializer(fresh).data, status=status.HTTP_201_CREATED)

    def _found(self, chosen: dict[str, str], expected: int) -> list[int]:
        """The numbers of the risks that a filter finds in the register of whoever asks."""
        found = RiskFilter(data=chosen, queryset=selectors.register(self.request.user), request=self.request)
        if not found.is_valid():
            raise ValidationError({"filter": found.errors})
        numbers = list(found.qs.order_by("pk").values_list("pk", flat=True)[: MOST + 1])
        if len(numbers) != expected:
            many = f"{MOST}+" if len(numbers) > MOST else len(numbers)
            words = _("The filter finds %(found)s risks now, not %(expected)d. Nothing was changed.")
            raise Refused(words % {"found": many, "expected": expected}, field="expected_count")
        return numbers

    def _person(self, numbers: list[int], number: int) -> User:
        """Somebody with a role where the risks are; nobody else's existence is told."""
        risks = selectors.register(self.request.user).filter(pk__in=numbers).order_by()
        families = list(ModelFamily.objects.filter(pk__in=risks.values("family")))
        found: User | None = None
        if families and 0 < number <= LARGEST_NUMBER:
            found = selectors.people_at(families).filter(pk=number).first()
        if found is None:
            raise ValidationError({"person": ["Nobody with this number has a role where these risks are."]})
        return found
