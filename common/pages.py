"""Keyset pagination for pages: the API's own paginator, so that both walk a list in the same way."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from common.api.pagination import KeysetPagination


@dataclass(frozen=True)
class Page:
    """One page of a list: ``rows``, and the addresses of its neighbours where there are any."""

    rows: list[Any]
    next_url: str | None
    previous_url: str | None

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def keyset_page(rows: QuerySet, request: HttpRequest, order: tuple[str, ...] = ("-pk",), size: int = 25) -> Page:
    """The page of ``rows`` that the address asks for. A cursor that makes no sense shows the first page."""
    paginator: Any = KeysetPagination()
    paginator.page_size, paginator.ordering = size, order
    try:
        found = paginator.paginate_queryset(rows, Request(request))
    except NotFound:
        address: Any = request.GET.copy()
        address.pop("cursor", None)
        request.GET = address
        found = paginator.paginate_queryset(rows, Request(request))
    return Page(list(found or []), paginator.get_next_link(), paginator.get_previous_link())
