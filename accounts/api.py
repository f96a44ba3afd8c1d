"""The REST API of this app: routes are collected by config/api_urls.py."""

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from accounts import permissions, services
from accounts.models import ApiToken, Scope, User
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


router = SimpleRouter()
router.register("tokens", TokenViewSet, basename="token")
urlpatterns = [path("me/", Me.as_view(), name="me")]
