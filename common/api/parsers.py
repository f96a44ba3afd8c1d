from typing import Any, BinaryIO

from django.conf import settings
from rest_framework import exceptions, parsers


class TooLarge(exceptions.APIException):
    status_code = 413
    default_detail = "The body is larger than this address takes."
    default_code = "too_large"


class _Limited:
    """A stream that refuses to give more than ``limit`` bytes, whatever its sender announced."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self.stream, self.left = stream, limit

    def read(self, size: int = -1) -> bytes:
        chunk = self.stream.read(min(size, self.left + 1) if size >= 0 else self.left + 1)
        self.left -= len(chunk)
        if self.left < 0:
            raise TooLarge
        return chunk


class JSONParser(parsers.JSONParser):
    """JSON up to ``DATA_UPLOAD_MAX_MEMORY_SIZE``, the limit that Django sets for forms and DRF does not know."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        limited: Any = _Limited(stream, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        return super().parse(limited, media_type, parser_context)
