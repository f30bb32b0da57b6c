"""Short-lived links to objects. Signing is local: no request is made."""

from datetime import UTC, datetime, timedelta

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from runtime.settings import ObjectStoreSettings


class Presigner:
    """Signs GET links for one endpoint."""

    def __init__(self, settings: ObjectStoreSettings) -> None:
        """Raises botocore's NoCredentialsError at the first link when there are no credentials."""
        self._ttl_s = settings.presigned_ttl_s
        self._client = boto3.Session().client(
            "s3",
            endpoint_url=settings.public_endpoint_url or settings.endpoint_url,
            region_name=settings.region,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": settings.addressing_style.value},
            ),
        )

    def get(self, bucket: str, key: str, *, attachment: bool = False) -> str:
        """A link that reads one object and dies soon. `attachment`: a browser saves it and does not
        show it.
        """
        params = {"Bucket": bucket, "Key": key} | (
            {"ResponseContentDisposition": "attachment"} if attachment else {}
        )
        return self._client.generate_presigned_url(
            "get_object", Params=params, ExpiresIn=self._ttl_s
        )

    def link(self, bucket: str, key: str) -> tuple[str, datetime] | None:
        """The same with when it dies; None where there are no credentials to sign with, or they
        can't be had. Looking for them may block.
        """
        expires_at = datetime.now(UTC) + timedelta(seconds=self._ttl_s)
        try:
            return self.get(bucket, key), expires_at
        except BotoCoreError:
            return None

    def post(
        self, bucket: str, key: str, content_type: str, max_bytes: int, ttl_s: int
    ) -> tuple[str, dict[str, str], datetime]:
        """A form that stores one object of this key and type and 1 to `max_bytes` bytes: URL,
        fields, when it dies.
        """
        expires_at = datetime.now(UTC) + timedelta(seconds=ttl_s)
        signed = self._client.generate_presigned_post(
            bucket,
            key,
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, max_bytes]],
            ExpiresIn=ttl_s,
        )
        return signed["url"], signed["fields"], expires_at
