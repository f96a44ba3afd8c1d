"""Addresses of things by their number, for lists that name many of them.

``reverse`` tries the patterns anew for every row. What it answers differs only in the number, so the words
around the number are asked for once a process.
"""

from functools import lru_cache

from django.urls import get_script_prefix, reverse

_SAMPLE = 7_143_311


@lru_cache(maxsize=256)
def _around(name: str, prefix: str) -> tuple[str, str]:
    before, found, after = reverse(name, args=[_SAMPLE]).partition(str(_SAMPLE))
    if not found:
        raise ValueError(f"The address of {name} does not name the number as it is.")
    return before, after


def address(name: str, pk: int) -> str:
    """The address that ``reverse(name, args=[pk])`` gives."""
    before, after = _around(name, get_script_prefix())
    return f"{before}{pk}{after}"
