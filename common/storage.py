"""Files in a bucket of an S3 service. Loaded only where one is configured."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage

from common.views import StorageAway

log = logging.getLogger(__name__)

MIB = 1024 * 1024
# Every part carries its SHA-256 in the signature, which every S3 service checks. The newer checksums that the
# library adds by itself are unknown to older services. A service that is away is given up on within seconds.
CLIENT = Config(
    signature_version="s3v4",
    s3={"payload_signing_enabled": True},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 2},
)
# One part at a time and no threads: an upload holds two parts in memory whatever its size. A file has at most
# 10,000 parts, so this is 160 GB.
TRANSFER = TransferConfig(use_threads=False, multipart_threshold=16 * MIB, multipart_chunksize=16 * MIB)


@contextmanager
def _own_words(name: str) -> Iterator[None]:
    """Turn what the library raises into what a local disk would, or into the service being away."""
    try:
        yield
    except (BotoCoreError, Boto3Error, ClientError) as error:
        answer = getattr(error, "response", {})
        if answer.get("Error", {}).get("Code") in {"404", "NoSuchKey"}:
            raise FileNotFoundError(name) from error
        log.error("The file store did not do what was asked for %s: %s", name, error)
        raise StorageAway(str(error)) from error


class BucketStorage(S3Storage):
    """The artifacts, reports and evidence of a portal in one private bucket.

    ``public_endpoint_url`` is where downloaders reach the service if it is not where we do: what stands in
    the signed addresses.
    """

    def __init__(self, *, public_endpoint_url: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._public = type(self)(**{**options, "endpoint_url": public_endpoint_url}) if public_endpoint_url else None

    def get_default_settings(self) -> dict[str, Any]:
        ours = {
            "client_config": CLIENT,
            "transfer_config": TRANSFER,
            "max_memory_size": 4 * MIB,
            "default_acl": None,
            "file_overwrite": False,
            "querystring_auth": True,
        }
        return {**super().get_default_settings(), **ours}

    def _open(self, name: str, mode: str = "rb") -> Any:
        """A file to read is here as a whole before anything of it is passed on, on the disk if it is large."""
        with _own_words(name):
            found = super()._open(name, mode)
            if "r" in mode:
                found.open()
            return found

    def _save(self, name: str, content: Any) -> str:
        with _own_words(name):
            return super()._save(name, content)

    def delete(self, name: str) -> None:
        with _own_words(name):
            super().delete(name)

    def exists(self, name: str) -> bool:
        with _own_words(name):
            return bool(super().exists(name))

    def listdir(self, name: str) -> Any:
        with _own_words(name):
            return super().listdir(name)

    def size(self, name: str) -> Any:
        with _own_words(name):
            return super().size(name)

    def get_modified_time(self, name: str) -> Any:
        with _own_words(name):
            return super().get_modified_time(name)

    def url(self, name: str, *args: Any, **options: Any) -> str:
        if self._public:
            return self._public.url(name, *args, **options)
        with _own_words(name):
            return super().url(name, *args, **options)
