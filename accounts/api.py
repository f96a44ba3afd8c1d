"""The REST API of this app: routes are collected by config/api_urls.py."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from accounts import permissions, reminding, services
from accounts.models import ApiToken, Organisation, OrganisationDomain, ReminderPreference, Scope, User
from accounts.selectors import person_with
from common import ownership, reminders
from common.api.permissions import SignedIn
from common.api.views import IdempotentCreateMixin


class UserSerializer(serializers.ModelSerializer[User]):
    roles = serializers.SerializerMethodField()
    organisation = serializers.StringRelatedField[Any]()

    class Meta:
        model = User
        fields = ["id", "email", "display_name", "organisation", "time_zone", "roles"]

    def get_roles(self, user: User) -> list[str]:
        return permissions.role_words(user)


class Me(APIView):
    """Who the token or session belongs to."""

    permission_classes = [SignedIn]

    @extend_schema(responses=UserSerializer)
    def get(self, request: Request) -> Response:
        return Response(UserSerializer(request.user).data)


class ReminderKindSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    label = serializers.CharField()


class ReminderThingSerializer(serializers.Serializer[Any]):
    label = serializers.CharField()
    url = serializers.CharField(help_text="Address in the portal.")
    due_on = serializers.DateField(allow_null=True)
    why = serializers.CharField(help_text="Why it comes to you, where you are not the first it comes to.")


class RemindersSerializer(serializers.ModelSerializer[ReminderPreference]):
    kinds = serializers.SerializerMethodField(help_text="What there is to be reminded of.")
    waiting = serializers.SerializerMethodField(help_text="What waits now, by kind; of each kind at most 25.")
    time_zone = serializers.SerializerMethodField(help_text="Of the hour; changed in the profile.")

    class Meta:
        model = ReminderPreference
        fields = ["frequency", "hour", "weekday", "left_out", "time_zone", "kinds", "waiting"]
        extra_kwargs = {"left_out": {"help_text": "Keys of the kinds you do not want."}}

    def get_time_zone(self, row: ReminderPreference) -> str:
        return self.context["user"].time_zone or "UTC"

    @extend_schema_field(ReminderKindSerializer(many=True))
    def get_kinds(self, row: ReminderPreference) -> Any:
        return ReminderKindSerializer(reminders.kinds(), many=True).data

    @extend_schema_field(serializers.DictField(child=ReminderThingSerializer(many=True)))
    def get_waiting(self, row: ReminderPreference) -> Any:
        found = reminding.what_waits(self.context["user"], timezone.now())
        return {each.kind.key: ReminderThingSerializer(each.reminders, many=True).data for each in found}


class ReminderWishSerializer(serializers.Serializer[Any]):
    frequency = serializers.ChoiceField(ReminderPreference.Frequency.choices, required=False)
    hour = serializers.IntegerField(min_value=0, max_value=23, required=False)
    weekday = serializers.ChoiceField(ReminderPreference.Weekday.choices, required=False)
    left_out = serializers.ListField(child=serializers.CharField(max_length=60), max_length=50, required=False)

    def validate_left_out(self, keys: list[str]) -> list[str]:
        if strange := set(keys) - {kind.key for kind in reminders.kinds()}:
            raise serializers.ValidationError(f"There is no kind “{sorted(strange)[0]}”.")
        return keys


class Reminders(APIView):
    """What you are reminded of, and how."""

    permission_classes = [SignedIn]

    @extend_schema(responses=RemindersSerializer, operation_id="me_reminders")
    def get(self, request: Request) -> Response:
        """How you want to be reminded, and what waits for you now."""
        return self.answer(request)

    @extend_schema(request=ReminderWishSerializer, responses=RemindersSerializer, operation_id="me_reminders_change")
    def patch(self, request: Request) -> Response:
        """Say how you want to be reminded, and of what."""
        given = ReminderWishSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        reminding.set_reminders(request.user, actor=request.user, **given.validated_data)
        return self.answer(request)

    def answer(self, request: Request) -> Response:
        row = reminding.preference_of(request.user)
        return Response(RemindersSerializer(row, context={"user": request.user}).data)


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    class Meta:
        model = ApiToken
        fields = ["id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at"]


class NewTokenSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(child=serializers.ChoiceField(Scope.choices), allow_empty=False)
    days = serializers.IntegerField(min_value=1, max_value=366, default=90)


class CreatedTokenSerializer(TokenSerializer):
    token = serializers.CharField(help_text="The secret. Shown this once.")

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]


class TokenViewSet(
    IdempotentCreateMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ApiToken]
):
    """Your own API tokens."""

    permission_classes = [SignedIn]
    serializer_class = TokenSerializer
    queryset = ApiToken.objects.none()

    def get_queryset(self) -> QuerySet[ApiToken]:
        return ApiToken.objects.filter(user_id=self.request.user.pk)

    @extend_schema(request=NewTokenSerializer, responses={201: CreatedTokenSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make a token. The answer holds its secret, which is stored nowhere.

        Asked for with a token, the new one may do no more and lives no longer than that.
        """
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = NewTokenSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        token, secret = services.create_token(
            request.user, actor=request.user, made_with=request.auth, **given.validated_data
        )
        return Response({**TokenSerializer(token).data, "token": secret}, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={200: TokenSerializer, 404: OpenApiResponse(description="Not yours")})
    @action(detail=True, methods=["post"])
    def revocation(self, request: Request, pk: str | None = None) -> Response:
        """End a token now."""
        return Response(TokenSerializer(services.revoke_token(self.get_object(), actor=request.user)).data)


class ManagesOrganisations(SignedIn):
    """Whoever runs the portal; everybody else is told that it is not for them."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return super().has_permission(request, view) and permissions.can_manage_organisations(request.user)


class DomainSerializer(serializers.ModelSerializer[OrganisationDomain]):
    class Meta:
        model = OrganisationDomain
        fields = ["id", "domain", "verified_at", "evidence", "created_at"]


class OrganisationSerializer(serializers.ModelSerializer[Organisation]):
    members = serializers.IntegerField(source="member_count", read_only=True, help_text="How many people belong to it.")
    domains = DomainSerializer(many=True, read_only=True)

    class Meta:
        model = Organisation
        fields = ["id", "name", "slug", "country", "members", "domains", "created_at", "updated_at"]


class NewOrganisationSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200)
    slug = serializers.SlugField(max_length=80)
    country = serializers.CharField(
        max_length=2, required=False, allow_blank=True, help_text="ISO 3166 code, such as BE."
    )


class NewDomainSerializer(serializers.Serializer[Any]):
    domain = serializers.CharField(max_length=253, help_text="What comes after the @, such as example.org.")


class VerificationSerializer(serializers.Serializer[Any]):
    evidence = serializers.CharField(max_length=300, help_text="How you checked it. It is kept on record.")


class OrganisationViewSet(
    IdempotentCreateMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Organisation]
):
    """Organisations and their mail domains. For whoever runs the portal."""

    permission_classes = [ManagesOrganisations]
    serializer_class = OrganisationSerializer
    queryset = Organisation.objects.none()
    filterset_fields = ["slug"]
    ordering_fields = ["id", "slug"]
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[Organisation]:
        return Organisation.objects.annotate(member_count=Count("members")).prefetch_related("domains")

    def taken(self, shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
        given = shape(data=request.data)
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)

    @extend_schema(request=NewOrganisationSerializer, responses={201: OrganisationSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Register an organisation that people can belong to."""
        return super().create(request, *args, **kwargs)

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = self.taken(NewOrganisationSerializer, request)
        made = services.create_organisation(actor=request.user, **data)
        fresh = self.get_queryset().get(pk=made.pk)
        return Response(OrganisationSerializer(fresh).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=NewDomainSerializer, responses={201: DomainSerializer})
    @action(detail=True, methods=["post"])
    def domains(self, request: Request, pk: str | None = None) -> Response:
        """Put a mail domain to its name. It counts for nothing until it is verified."""
        organisation, data = self.get_object(), self.taken(NewDomainSerializer, request)
        made = services.add_domain(organisation, actor=request.user, **data)
        return Response(DomainSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=VerificationSerializer, responses=DomainSerializer)
    @action(detail=True, methods=["post"], url_path=r"domains/(?P<domain>\d{1,18})/verification")
    def verification(self, request: Request, pk: str | None = None, domain: str = "") -> Response:
        """Put on record that a domain is the organisation's. Whoever has confirmed an address in it is a member."""
        found = get_object_or_404(self.get_object().domains, pk=domain)
        data = self.taken(VerificationSerializer, request)
        return Response(DomainSerializer(services.verify_domain(found, actor=request.user, **data)).data)


class HoldingSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(source="kind.key")
    label = serializers.CharField(source="kind.label")
    count = serializers.SerializerMethodField()
    things = serializers.SerializerMethodField(help_text="At most 100 of them, as far as you may know of them.")

    def get_count(self, holding: ownership.Holding) -> int:
        return len(holding.rows)

    def get_things(self, holding: ownership.Holding) -> list[str]:
        return [name for _row, name in holding.named]


class HandoverSerializer(serializers.Serializer[Any]):
    to = serializers.EmailField(
        required=False,
        help_text="Who takes over. Left out, each thing goes to its deputy, or to a release manager of its model.",
    )
    reason = serializers.CharField(max_length=2000)

    def validate_to(self, email: str) -> User:
        user = person_with(email)
        if user is None:
            raise serializers.ValidationError("There is no account with this address.")
        return user


class HandedOverSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="How many things went over.")


class Holdings(APIView):
    """What somebody answers for."""

    permission_classes = [SignedIn]

    @extend_schema(responses=HoldingSerializer(many=True), operation_id="people_holdings")
    def get(self, request: Request, pk: int) -> Response:
        """What a person answers for, as far as you may hand it over: your own, or of models you manage."""
        return Response(HoldingSerializer(ownership.holdings(self.person(request, pk), request.user), many=True).data)

    def person(self, request: Request, pk: int) -> User:
        person = get_object_or_404(User, pk=pk, is_service=False)
        if not permissions.can_hand_over(request.user, person):
            raise PermissionDenied
        known = person.pk == request.user.pk or request.user.is_superuser
        if not known and not ownership.holdings(person, request.user):
            raise Http404
        return person

    def given(self, request: Request) -> dict[str, Any]:
        given = HandoverSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return {"to": given.validated_data.get("to"), "reason": given.validated_data["reason"]}


class Handover(Holdings):
    """Handing over."""

    http_method_names = ["post", "options"]

    @extend_schema(request=HandoverSerializer, responses=HandedOverSerializer, operation_id="people_handover")
    def post(self, request: Request, pk: int) -> Response:
        """Give all that a person answers for to somebody else in one step; all of it or nothing."""
        count = services.hand_over(self.person(request, pk), actor=request.user, **self.given(request))
        return Response({"count": count})


class Closure(Holdings):
    """Closing an account."""

    http_method_names = ["post", "options"]

    @extend_schema(request=HandoverSerializer, responses=HandedOverSerializer, operation_id="people_closure")
    def post(self, request: Request, pk: int) -> Response:
        """Close an account and hand over all it answers for, in one step. For whoever runs the portal."""
        person = get_object_or_404(User, pk=pk, is_service=False)
        if not permissions.can_close_account(request.user, person):
            raise PermissionDenied
        return Response({"count": services.close_account(person, actor=request.user, **self.given(request))})


router = SimpleRouter()
router.register("tokens", TokenViewSet, basename="token")
router.register("organisations", OrganisationViewSet, basename="organisation")
urlpatterns = [
    path("me/", Me.as_view(), name="me"),
    path("me/reminders/", Reminders.as_view(), name="me-reminders"),
    path("people/<int:pk>/holdings/", Holdings.as_view(), name="person-holdings"),
    path("people/<int:pk>/handover/", Handover.as_view(), name="person-handover"),
    path("people/<int:pk>/closure/", Closure.as_view(), name="person-closure"),
]
