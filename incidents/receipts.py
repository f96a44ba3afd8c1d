"""The receipt: the only way back to a report for somebody without an account.

Seven groups of five characters in Crockford's base32. The first two groups are the locator, by which
the report is found; the other five are the secret, by which its reporter is known (100 random bits).
The last character of every group checks the other four and the place of the group, so that a slip of
the finger is told apart from a receipt that does not exist, and the group it happened in is named.
"""

import hashlib
import hmac
import secrets
import unicodedata
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})

GROUP = 5
LOCATOR_GROUPS, SECRET_GROUPS = 2, 5
GROUPS = LOCATOR_GROUPS + SECRET_GROUPS
LENGTH = GROUP * GROUPS
LOCATOR_LENGTH, SECRET_LENGTH = 4 * LOCATOR_GROUPS, 4 * SECRET_GROUPS


class Mistyped(ValueError):
    """A receipt that cannot be one of ours; ``groups`` counts from 1 and says where to look."""

    def __init__(self, message: str, groups: list[int] | None = None) -> None:
        super().__init__(message)
        self.groups = groups or []


@dataclass(frozen=True)
class Receipt:
    locator: str
    secret: str = field(repr=False)

    @property
    def groups(self) -> list[str]:
        body = self.locator + self.secret
        return [with_check(index, body[4 * index : 4 * index + 4]) for index in range(GROUPS)]

    @property
    def text(self) -> str:
        return "-".join(self.groups)


def _double(value: int) -> int:
    """``value`` times x in the field of 32 elements (modulo x⁵ + x² + 1)."""
    return (value << 1) ^ (0b100101 if value & 0b10000 else 0)


def check_character(group: int, four: str) -> str:
    """The fifth character of group number ``group`` (from 0) whose other four are ``four``.

    A sum over the field of 32 elements with weights x⁴, x³, x², x for the four characters and 1 for the
    check: all are different and none is zero, so no single wrong character and no two exchanged ones
    can leave the sum as it was. The group's number is part of the sum: a group written in another's
    place does not fit either.
    """
    total = 0
    for character in four:
        total = _double(total ^ _VALUE[character])
    return ALPHABET[total ^ (group + 1)]


def with_check(group: int, four: str) -> str:
    return four + check_character(group, four)


def is_whole(group: int, five: str) -> bool:
    """Whether the five characters fit together as group number ``group`` (from 0)."""
    return len(five) == GROUP and set(five) <= _VALUE.keys() and five[4] == check_character(group, five[:4])


def parse(text: str) -> Receipt:
    """Read a receipt as people write it: any case, any dashes or spaces, O for 0, I or L for 1.

    Raises ``Mistyped``, which names the groups that do not fit.
    """
    parts = _parts(text)
    together = "".join(parts)
    if len(parts) != GROUPS:
        parts = [together[start : start + GROUP] for start in range(0, max(len(together), 1), GROUP)]
    wrong = [number for number, part in enumerate(parts[:GROUPS], 1) if not is_whole(number - 1, part)]
    if len(parts) != GROUPS or (len(together) != LENGTH and len(wrong) != 1):
        raise Mistyped(_wrong_length(len(together), wrong), wrong[:1])
    if wrong:
        raise Mistyped(_wrong_groups(wrong), wrong)
    body = "".join(part[:4] for part in parts)
    return Receipt(body[:LOCATOR_LENGTH], body[LOCATOR_LENGTH:])


def parse_locator(text: str) -> str | None:
    """The locator in ``text``, if that is what it is: what a reporter may tell a handler without giving
    the secret away."""
    together = "".join(_parts(text))
    halves = [together[:GROUP], together[GROUP:]]
    return halves[0][:4] + halves[1][:4] if all(is_whole(index, half) for index, half in enumerate(halves)) else None


def _parts(text: str) -> list[str]:
    """What stands between dashes and spaces, in the letters of the alphabet where it can be read so."""
    plain = unicodedata.normalize("NFKC", text).upper().translate(_READ_AS)
    # Everything that is no letter, digit or symbol separates: dashes of all kinds, dots, line breaks.
    spaced = "".join(" " if unicodedata.category(one)[0] in "PZC" else one for one in plain)
    return spaced.split()


def _wrong_groups(wrong: list[int]) -> str:
    return ngettext(
        "Group %(groups)s is mistyped. Compare it with what you saved.",
        "Groups %(groups)s are mistyped. Compare them with what you saved.",
        len(wrong),
    ) % {"groups": get_text_list([str(number) for number in wrong], _("and"))}


def _wrong_length(length: int, wrong: list[int]) -> str:
    words = _("A receipt has %(whole)s characters in %(groups)s groups of five; this has %(length)s.") % {
        "whole": LENGTH,
        "groups": GROUPS,
        "length": length,
    }
    hint = _("It is mistyped from group %(group)s on: compare that group first.") % {"group": wrong[0]} if wrong else ""
    return f"{words} {hint}".strip()


def new_locator() -> str:
    return "".join(secrets.choice(ALPHABET) for _place in range(LOCATOR_LENGTH))


def new_salt() -> bytes:
    return secrets.token_bytes(16)


def digest(salt: bytes, secret: str) -> bytes:
    """What is stored of a secret. One SHA-256 is enough: 100 random bits cannot be tried out."""
    return hashlib.sha256(bytes(salt) + secret.encode()).digest()


# Compared with when there is no such locator, so that the answer takes the same work.
_NOBODY = (new_salt(), secrets.token_bytes(32))


def matches(secret: str, stored: tuple[bytes, bytes] | None) -> bool:
    """Whether ``secret`` belongs to the stored salt and digest; None for a locator that nobody has."""
    salt, expected = stored or _NOBODY
    same = hmac.compare_digest(digest(salt, secret), bytes(expected))
    return same and stored is not None


def secret_for(submission: bytes, key: str | None = None) -> str:
    """The secret that belongs to one sending of the form.

    It is derived, not drawn, so that the same form sent twice can be answered with the same receipt
    although no secret was kept. ``submission`` is random, known to the reporter's browser alone, and
    only its hash is stored: neither a copy of the database nor the portal's key is enough to redo this.
    """
    mac = salted_hmac("incidents.receipt", submission, secret=key or settings.SECRET_KEY, algorithm="sha256").digest()
    number = int.from_bytes(mac[:13], "big") >> 4
    return "".join(ALPHABET[(number >> 5 * place) & 31] for place in range(SECRET_LENGTH))


def secrets_for(submission: bytes) -> list[str]:
    """``secret_for`` under the present key and under those it replaced."""
    return [secret_for(submission, key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
