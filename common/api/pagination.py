from rest_framework.pagination import CursorPagination


class KeysetPagination(CursorPagination):
    """Pages by the last row's key, so that page 4,000 costs what page 1 costs and no row is shown twice."""

    page_size = 25
    max_page_size = 200
    page_size_query_param = "page_size"
    ordering = ("-pk",)
