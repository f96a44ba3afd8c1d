"""What every API view of the portal shares: idempotent creates and protection against lost updates."""

import base64
import hashlib
import json
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from cryptography.fernet import Fernet
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils.datastructures import MultiValueDict
from django.utils.encoding import force_bytes
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.problems import KeyInUse, KeyReused, PreconditionRequired
from common.models import IdempotencyRecord


def fingerprint(request: Request) -> str:
    """SHA-256 over what a request asks for. Files count by name and content, read chunk by chunk from the disk."""
    data = request.data
    if isinstance(data, MultiValueDict):
        data = {name: [_part(value) for value in values] for name, values in data.lists()}
    body = json.dumps(data, sort_keys=True, default=str)
    return hashlib.sha256(f"{request.path}\n{body}".encode()).hexdigest()


def _part(value: Any) -> Any:
    if not isinstance(value, UploadedFile):
        return value
    content = hashlib.sha256()
    for chunk in value.chunks():
        content.update(chunk)
    value.seek(0)
    return {"name": value.name, "sha256": content.hexdigest()}


class IdempotentCreateMixin:
    """``POST`` with an ``Idempotency-Key`` may be sent again: the second answer is the first one's.

    The record commits with what was created, so a crash leaves neither or both. Keys belong to the
    account (or, without one, to whoever knows the key), are 8 to 200 characters long and are forgotten
    after a week.
    """

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            with self.prepared(request):
                return self.perform_idempotent_create(request, *args, **kwargs)
        if not 8 <= len(key) <= 200:
            raise ValidationError({"Idempotency-Key": ["Use 8 to 200 characters."]})
        owner = request.user.pk or "anonymous"
        key_hash = hashlib.sha256(f"{owner}\n{key}".encode()).hexdigest()
        request_hash = fingerprint(request)
        seal = Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"answer\n{owner}\n{key}".encode()).digest()))
        if known := IdempotencyRecord.objects.filter(key_hash=key_hash).first():
            return self._replay(known, request_hash, seal)
        try:
            with self.prepared(request), transaction.atomic():
                record = IdempotencyRecord.objects.create(key_hash=key_hash, request_hash=request_hash)
                response = self.perform_idempotent_create(request, *args, **kwargs)
                record.status = response.status_code
                record.answer = seal.encrypt(json.dumps(response.data, default=str).encode())
                record.save(update_fields=["status", "answer"])
        except IntegrityError as error:
            if known := IdempotencyRecord.objects.filter(key_hash=key_hash).first():
                return self._replay(known, request_hash, seal)
            raise error
        return response

    def prepared(self, request: Request) -> AbstractContextManager[Any]:
        """What takes long and needs no transaction, around it: what was prepared is undone when the block raises."""
        return nullcontext()

    def perform_idempotent_create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)  # type: ignore[misc]

    def _replay(self, record: IdempotencyRecord, request_hash: str, seal: Fernet) -> Response:
        if record.request_hash != request_hash:
            raise KeyReused
        if record.status is None or record.answer is None:
            raise KeyInUse
        answer = json.loads(seal.decrypt(force_bytes(record.answer)))
        return Response(answer, status=record.status, headers={"Idempotency-Replayed": "true"})


def etag(version: int) -> str:
    return f'"v{version}"'


class LostUpdateMixin:
    """Answers carry the row's version as ``ETag``; ``PUT``, ``PATCH`` and ``DELETE`` must send it as ``If-Match``."""

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        instance = self.get_object()  # type: ignore[attr-defined]
        tag = etag(instance.row_version)
        if request.headers.get("If-None-Match") == tag:
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": tag})
        return Response(self.get_serializer(instance).data, headers={"ETag": tag})  # type: ignore[attr-defined]

    def expected_version(self, request: Request) -> int | None:
        """The version the writer read; None for ``*``, whatever is stored. Raises 428 when they did not say."""
        given = request.headers.get("If-Match", "").strip()
        if not given:
            raise PreconditionRequired
        if given == "*":
            return None
        number = given.removeprefix("W/").strip('"').removeprefix("v")
        # A tag we never gave out matches nothing, which is what the service then says.
        return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0
