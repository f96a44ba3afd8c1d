"""The API described twice from one source: the OpenAPI schema for programs, a plain page for people."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.permissions import TokenScope

VERBS = ("get", "post", "put", "patch", "delete")


@lru_cache(maxsize=1)
def schema() -> dict[str, Any]:
    """The OpenAPI 3.1 document. It depends on the code alone, so a process makes it once, without the database."""
    return SchemaGenerator().get_schema(request=None, public=True)


class SchemaView(SpectacularAPIView):
    """The OpenAPI document, as YAML or, with ``Accept: application/json``, as JSON."""

    permission_classes = [TokenScope]

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(schema(), headers={"Content-Disposition": 'inline; filename="tidegate-api.yaml"'})


@dataclass(frozen=True)
class Field:
    name: str
    kind: str
    required: bool
    text: str


@dataclass(frozen=True)
class Operation:
    """One verb of one path, in the words of the reference page."""

    anchor: str
    verb: str
    path: str
    text: str
    parameters: list[Field]
    body: list[Field]
    answers: list[tuple[str, str]]
    open_to_all: bool


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "common/api_reference.html", {"groups": groups()})


@lru_cache(maxsize=1)
def groups() -> list[tuple[str, list[Operation]]]:
    """All operations by the noun their path begins with, in the order of their paths."""
    document = schema()
    found: dict[str, list[Operation]] = {}
    for path, operations in sorted(document["paths"].items()):
        noun = path.removeprefix("/api/v1/").split("/")[0]
        for verb in VERBS:
            if verb in operations:
                found.setdefault(noun, []).append(_operation(document, verb, path, operations[verb]))
    return list(found.items())


def _operation(document: dict[str, Any], verb: str, path: str, operation: dict[str, Any]) -> Operation:
    content = operation.get("requestBody", {}).get("content", {})
    body: dict[str, Any] = next((part.get("schema", {}) for part in content.values()), {})
    answers = [
        (code, answer.get("description") or "") for code, answer in operation["responses"].items() if code != "default"
    ]
    parameters = [
        Field(
            each["name"],
            f"{_kind(document, each.get('schema', {}))} ({each['in']})",
            each.get("required", False),
            each.get("description", ""),
        )
        for each in operation.get("parameters", [])
    ]
    return Operation(
        anchor=operation["operationId"],
        verb=verb.upper(),
        path=path,
        text=operation.get("description") or operation.get("summary") or "",
        parameters=parameters,
        body=_fields(document, body),
        answers=answers,
        open_to_all={} in operation.get("security", []),
    )


def _resolve(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        part = document["components"]["schemas"][part["$ref"].rpartition("/")[2]]
    return part


def _fields(document: dict[str, Any], part: dict[str, Any]) -> list[Field]:
    whole = _resolve(document, part)
    required = whole.get("required", [])
    return [
        Field(name, _kind(document, inner), name in required, _resolve(document, inner).get("description", ""))
        for name, inner in whole.get("properties", {}).items()
        if not inner.get("readOnly")
    ]


def _kind(document: dict[str, Any], part: dict[str, Any]) -> str:
    """A JSON type in a few words, with the values it is limited to."""
    if "allOf" in part and len(part["allOf"]) == 1:
        part = part["allOf"][0]
    whole = _resolve(document, part)
    if "oneOf" in whole or "anyOf" in whole:
        kinds = [_kind(document, each) for each in whole.get("oneOf") or whole["anyOf"]]
        return " or ".join(dict.fromkeys(kind for kind in kinds if kind))
    if values := whole.get("enum"):
        return " | ".join(str(value) for value in values if value not in {None, ""})
    kind = whole.get("type", "")
    kind = " or ".join(each for each in kind if each != "null") if isinstance(kind, list) else kind
    if kind == "array":
        return f"list of {_kind(document, whole.get('items', {})) or 'values'}"
    return f"{kind}, {whole['format']}" if whole.get("format") else kind
