"""Short-lived links to objects. Signing is local: no request is made."""

import boto3
from botocore.config import Config

from runtime.settings import ObjectStoreSettings


class Presigner:
    """Signs GET links for one endpoint."""

    def __init__(self, settings: ObjectStoreSettings) -> None:
        """Raises botocore's NoCredentialsError at the first link when there are no credentials."""
        self._ttl_s = settings.presigned_ttl_s
        self._client = boto3.client(
            "s3",
            endpoint_url=settings.public_endpoint_url or settings.endpoint_url,
            region_name=settings.region,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )

    def get(self, bucket: str, key: str) -> str:
        """A link that reads one object and dies soon."""
        return self._client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=self._ttl_s)
