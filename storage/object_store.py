"""S3: garment photos in, pictures out. Blocking calls, for worker processes.

StoreError
├── ObjectError            about one object: another one may do
│   ├── ObjectMissing      there is no such object
│   ├── ObjectForbidden    the store gives others to us, and not this one
│   └── ObjectTooLarge     more bytes than asked for
├── StoreRefused           about us: credentials, rights, the bucket, quota; heals when it is mended
└── StoreUnavailable       can heal by itself: time-outs, 5xx, SlowDown, connections refused
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
)

from runtime import metrics
from runtime.settings import ObjectStoreSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PROBE_KEY = "cutouts/.probe"
"""Written and read to tell lost rights from one object's own."""
PROBED_FOR_S = 10.0

_MISSING = frozenset({"NoSuchKey", "404", "NotFound", "NoSuchVersion"})
_DENIED = frozenset({"AccessDenied", "403", "Forbidden"})
_OURS = frozenset(
    {
        "AccountProblem",
        "AllAccessDisabled",
        "AuthorizationHeaderMalformed",
        "AuthorizationQueryParametersError",
        "CredentialsNotSupported",
        "ExpiredToken",
        "IllegalLocationConstraintException",
        "InvalidAccessKeyId",
        "InvalidBucketName",
        "InvalidBucketState",
        "InvalidPayer",
        "InvalidSecurity",
        "InvalidToken",
        "MissingSecurityHeader",
        "MovedPermanently",
        "NoSuchBucket",
        "NotSignedUp",
        "PermanentRedirect",
        "QuotaExceeded",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "TemporaryRedirect",
        "TokenRefreshRequired",
        "UnauthorizedAccess",
        "XAmzContentSHA256Mismatch",
    }
)
"""Codes that speak of whoever asks or of the bucket, whichever object is asked for."""
_HEALS = frozenset(
    {
        "BandwidthLimitExceeded",
        "ConditionalRequestConflict",
        "OperationAborted",
        "RequestLimitExceeded",
        "RequestTimeout",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequests",
        "TooManyRequestsException",
    }
)
"""Codes that say later, though some of them come with a 4xx."""


class StoreError(Exception):
    """What went wrong with one object."""


class ObjectError(StoreError):
    """The object is to blame, not the store and not we."""


class ObjectMissing(ObjectError):
    """There is no such object."""


class ObjectForbidden(ObjectError):
    """The store does not give us this object: its own rights, its archive, a key that can't be one.
    `str`: S3's code.
    """


class ObjectTooLarge(ObjectError):
    """It has more bytes than may be read."""


class StoreRefused(StoreError):
    """The store refuses us, whatever we ask for. Somebody must mend it."""


class StoreUnavailable(StoreError):
    """The store did not answer, or answered 5xx. Trying again can help."""


def new_client(settings: ObjectStoreSettings) -> "S3Client":
    """The SDK's client: bounded in time, with credentials from wherever the SDK looks."""
    config = Config(
        connect_timeout=settings.timeout_s,
        read_timeout=settings.timeout_s,
        retries={"total_max_attempts": 2, "mode": "standard"},
        max_pool_connections=32,
        s3={"addressing_style": settings.addressing_style.value},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.Session().client(
        "s3", endpoint_url=settings.endpoint_url, region_name=settings.region, config=config
    )


_OUTCOMES: dict[type[StoreError], str] = {
    StoreRefused: "refused",
    StoreUnavailable: "unavailable",
}


class ObjectStore:
    """One bucket. Not shared between processes; made after a fork."""

    def __init__(self, settings: ObjectStoreSettings) -> None:
        """Connect lazily."""
        self.bucket = settings.bucket
        self.names = settings.names
        self._client = new_client(settings)
        self._probed_s = -PROBED_FOR_S
        self._lost_rights = False

    def get(self, key: str, max_bytes: int) -> bytes:
        """The object's bytes. Raises a StoreError."""
        with _timed("get"):
            return self._get(key, max_bytes)

    def _get(self, key: str, max_bytes: int) -> bytes:
        try:
            answer = self._client.get_object(Bucket=self.bucket, Key=key)
            with answer["Body"] as body:
                if answer["ContentLength"] > max_bytes:
                    raise ObjectTooLarge(f"{answer['ContentLength']} bytes, more than {max_bytes}")
                return body.read()
        except (ClientError, BotoCoreError) as error:
            raise self._not_read(error) from error

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store an object whole, over any older one. Raises a StoreError."""
        with _timed("put"), _asking():
            self._client.put_object(
                Bucket=self.bucket, Key=key, Body=data, ContentType=content_type
            )

    def put_file(self, key: str, file: BinaryIO, content_type: str) -> None:
        """The same from a file that can seek, which is read as it is sent. Raises a StoreError."""
        with _timed("put"), _asking():
            file.seek(0)
            self._client.put_object(
                Bucket=self.bucket, Key=key, Body=file, ContentType=content_type
            )

    def delete(self, key: str) -> None:
        """Remove an object; it is no error when there is none. Raises a StoreError."""
        with _timed("delete"), _asking():
            self._client.delete_object(Bucket=self.bucket, Key=key)

    def below(self, prefix: str) -> Iterator[list[str]]:
        """Keys that begin so, up to a thousand at a time. Raises a StoreError."""
        pages = self._client.get_paginator("list_objects_v2")
        with _asking():
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                if keys := [one["Key"] for one in page.get("Contents", ())]:
                    yield keys

    def delete_all(self, keys: Sequence[str]) -> None:
        """Remove up to a thousand objects. Raises a StoreError, also when one of them stays."""
        with _timed("delete"), _asking():
            answer = self._client.delete_objects(
                Bucket=self.bucket,
                Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True},
            )
        if stayed := answer.get("Errors"):
            raise StoreRefused(f"S3 keeps {len(stayed)} objects: {stayed[0].get('Code')}")

    def _not_read(self, error: ClientError | BotoCoreError) -> StoreError:
        about_us, code = _of_us(error), _code(error)
        if about_us is not None:
            return about_us
        if code in _MISSING:
            return ObjectMissing(code)
        if code in _DENIED and self._rights_are_lost():
            return StoreRefused(f"S3 answered {code}, and so it does for what is ours")
        return ObjectForbidden(code)

    def _rights_are_lost(self) -> bool:
        """Whether we may not even write and read what is our own; asked once in PROBED_FOR_S."""
        if time.monotonic() - self._probed_s >= PROBED_FOR_S:
            self._lost_rights = not self._may(self._client.put_object, Body=b"") or not self._may(
                self._client.get_object
            )
            self._probed_s = time.monotonic()
        return self._lost_rights

    def _may(self, ask: Callable[..., object], **more: object) -> bool:
        try:
            ask(Bucket=self.bucket, Key=self.names.key(PROBE_KEY), **more)
        except (ClientError, BotoCoreError) as error:
            return _code(error) not in _DENIED and not isinstance(_of_us(error), StoreRefused)
        return True


def _of_us(error: ClientError | BotoCoreError) -> StoreUnavailable | StoreRefused | None:
    """The error where it does not speak of the object that was asked for; None where it does."""
    if not isinstance(error, ClientError):
        kind = type(error).__name__
        return (
            StoreRefused(kind)
            if isinstance(error, NoCredentialsError | PartialCredentialsError)
            else StoreUnavailable(kind)
        )
    code, status = (
        _code(error),
        error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500),
    )
    if code in _OURS or 300 <= status < 400:
        return StoreRefused(f"S3 answered {code}")
    if code in _HEALS or status >= 500 or status == 429:
        return StoreUnavailable(f"S3 answered {code}")
    return None


def _code(error: ClientError | BotoCoreError) -> str:
    return (
        str(error.response.get("Error", {}).get("Code", ""))
        if isinstance(error, ClientError)
        else type(error).__name__
    )


@contextmanager
def _asking() -> Iterator[None]:
    """A write. What is written is ours to choose, so a refusal is our fault."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise _of_us(error) or StoreRefused(f"S3 answered {_code(error)}") from error


@contextmanager
def _timed(operation: str) -> Iterator[None]:
    outcome, began_s = "ok", time.monotonic()
    try:
        yield
    except StoreError as error:
        outcome = _OUTCOMES.get(type(error), "object")
        raise
    finally:
        took_s = time.monotonic() - began_s
        metrics.STORE_SECONDS.labels(operation, outcome).observe(took_s)
