import logging
import re

from common import context

_SECRETS = re.compile(
    r"(tg_[A-Za-z0-9]{8}_)[A-Za-z0-9_-]+"  # API tokens keep their public prefix
    r"|((?:[?&](?:token|signature|code|key)=))[^&\s]+"
    r"|((?:[0-9A-HJKMNP-TV-Z]{5}-){2})(?:[0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}"  # receipts keep their locator
    r"|((?:Bearer|Basic) )\S+",
    re.IGNORECASE,
)


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = context.request_id.get() or "-"
        return True


class RedactFilter(logging.Filter):
    """No token, receipt or signed link reaches a log, whoever logs it."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if _SECRETS.search(text):
            record.msg, record.args = redact(text), ()
        return True


def redact(text: str) -> str:
    """``text`` with every secret we know the shape of cut off."""
    return _SECRETS.sub(lambda match: next(group for group in (*match.groups(), "") if group is not None) + "…", text)
