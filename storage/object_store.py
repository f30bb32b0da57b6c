"""S3: garment photos in, pictures out. Blocking calls, for worker processes.

StoreError
├── ObjectMissing      there is no such object
├── ObjectForbidden    the store refuses it to us
├── ObjectTooLarge     more bytes than asked for
└── StoreUnavailable   it can heal: time-outs, 5xx, connections refused
"""

from typing import BinaryIO

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from runtime.settings import ObjectStoreSettings

_MISSING = {"NoSuchKey", "404", "NotFound", "NoSuchBucket"}
_FORBIDDEN = {"AccessDenied", "403", "Forbidden", "InvalidObjectState"}


class StoreError(Exception):
    """What went wrong with one object."""


class ObjectMissing(StoreError):
    """There is no such object."""


class ObjectForbidden(StoreError):
    """The store refuses it to us."""


class ObjectTooLarge(StoreError):
    """It has more bytes than may be read."""


class StoreUnavailable(StoreError):
    """The store did not answer, or answered 5xx. Trying again can help."""


class ObjectStore:
    """One bucket. Not shared between processes; made after a fork."""

    def __init__(self, settings: ObjectStoreSettings) -> None:
        """Connect lazily."""
        config = Config(
            connect_timeout=settings.timeout_s,
            read_timeout=settings.timeout_s,
            retries={"total_max_attempts": 2, "mode": "standard"},
            max_pool_connections=32,
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        self.bucket = settings.bucket
        self._client = boto3.Session().client(
            "s3", endpoint_url=settings.endpoint_url, region_name=settings.region, config=config
        )

    def get(self, key: str, max_bytes: int) -> bytes:
        """The object's bytes. Raises a StoreError."""
        try:
            answer = self._client.get_object(Bucket=self.bucket, Key=key)
            with answer["Body"] as body:
                if answer["ContentLength"] > max_bytes:
                    raise ObjectTooLarge(f"{answer['ContentLength']} bytes, more than {max_bytes}")
                return body.read()
        except (ClientError, BotoCoreError) as error:
            raise _translated(error) from error

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store an object whole, over any older one. Raises a StoreError."""
        try:
            self._client.put_object(Bucket=self.bucket, Key=key, Body=data, ContentType=content_type)
        except (ClientError, BotoCoreError) as error:
            raise _translated(error) from error

    def put_file(self, key: str, file: BinaryIO, content_type: str) -> None:
        """The same from a file that can seek, which is read as it is sent. Raises a StoreError."""
        try:
            file.seek(0)
            self._client.put_object(Bucket=self.bucket, Key=key, Body=file, ContentType=content_type)
        except (ClientError, BotoCoreError) as error:
            raise _translated(error) from error

    def delete(self, key: str) -> None:
        """Remove an object; it is no error when there is none. Raises a StoreError."""
        try:
            self._client.delete_object(Bucket=self.bucket, Key=key)
        except (ClientError, BotoCoreError) as error:
            raise _translated(error) from error


def _translated(error: ClientError | BotoCoreError) -> StoreError:
    if not isinstance(error, ClientError):
        return StoreUnavailable(type(error).__name__)
    code = error.response.get("Error", {}).get("Code", "")
    if code in _MISSING:
        return ObjectMissing(code)
    if code in _FORBIDDEN:
        return ObjectForbidden(code)
    return StoreUnavailable(f"S3 answered {code}")
