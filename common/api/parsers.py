import json
import math
from typing import Any

from django.conf import settings
from rest_framework import exceptions, parsers
from rest_framework.utils.json import strict_constant


class TooLarge(exceptions.APIException):
    status_code = 413
    default_detail = "The body is larger than this address takes."
    default_code = "too_large"


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits[:40]} is too large for a number")
    return number


class JSONParser(parsers.JSONParser):
    """JSON in UTF-8 up to ``DATA_UPLOAD_MAX_MEMORY_SIZE``, the limit that Django sets for forms and DRF does not know.

    Refused as well is what Python reads and nothing behind it can hold: numbers beyond all bounds, halves of
    characters, and nesting deeper than its stack.
    """

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge
        try:
            data = json.loads(body.decode(), parse_constant=strict_constant, parse_float=_finite)
            if b"\\u" in body:
                json.dumps(data, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise exceptions.ParseError(f"JSON parse error - {error}".encode(errors="replace").decode()) from error
        return data
