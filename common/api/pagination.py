from typing import Any

from django.core.exceptions import ValidationError
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination


class KeysetPagination(CursorPagination):
    """Pages by the last row's key, so that page 4,000 costs what page 1 costs and no row is shown twice."""

    page_size = 25
    max_page_size = 200
    page_size_query_param = "page_size"
    ordering = ("-pk",)

    def decode_cursor(self, request: Any) -> Any:
        cursor = super().decode_cursor(request)
        if cursor is not None and "\x00" in str(cursor.position):
            raise NotFound(self.invalid_cursor_message)
        return cursor

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError) as error:
            # A cursor that somebody made up: its key is no value of the column it is compared with.
            raise NotFound(self.invalid_cursor_message) from error
