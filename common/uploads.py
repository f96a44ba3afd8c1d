"""How much somebody without an account may send."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest


class AnonymousLimit(FileUploadHandler):
    """Refuses a form larger than ``ANONYMOUS_UPLOAD_LIMIT`` before its first file is written to the disk.

    A form checks the size of its files when they are there already, and anybody may post to any address.
    """

    request: HttpRequest

    def handle_raw_input(
        self, input_data: Any, meta: Any, content_length: int, boundary: Any, encoding: str | None = None
    ) -> None:
        if content_length > settings.ANONYMOUS_UPLOAD_LIMIT and not self.request.user.is_authenticated:
            raise RequestDataTooBig("Without an account a form may not be this large.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The next handler keeps the file."""
