"""Connecting to the catalog. PyIceberg comes with the extra `lake`."""

import os
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from runtime.settings import AddressingStyle, LakeSettings, ObjectStoreSettings

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

MISSING: Final = (
    "the lake needs packages that are not installed: `looks-analysts` and the image `lake` bring "
    "them, in a checkout `make install`"
)
UNSET: Final = (
    "there is no lake: set LOOKS_LAKE_CATALOG_URI and LOOKS_LAKE_WAREHOUSE "
    "(a development stack: `. .dev/env`; docs/lake.md)"
)


class NoLake(Exception):
    """The lake can't be used here; the message says what to do."""


def installed() -> bool:
    """Whether the packages are there."""
    return find_spec("pyiceberg") is not None and find_spec("pyarrow") is not None


def options(
    lake: LakeSettings, store: ObjectStoreSettings, env: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """What PyIceberg's REST catalog is told: secret. The keys of S3 are in `env`. Raises NoLake
    without a catalog.
    """
    if lake.catalog_uri is None or lake.warehouse is None:
        raise NoLake(UNSET)
    told: dict[str, str | None] = {
        "type": "rest",
        "uri": lake.catalog_uri,
        "warehouse": lake.warehouse,
        "token": lake.token.get_secret_value(),
        "credential": lake.credential.get_secret_value(),
        "s3.region": store.region,
        "s3.endpoint": store.endpoint_url,
        "s3.access-key-id": env.get("AWS_ACCESS_KEY_ID"),
        "s3.secret-access-key": env.get("AWS_SECRET_ACCESS_KEY"),
        "s3.session-token": env.get("AWS_SESSION_TOKEN"),
        "s3.force-virtual-addressing": _virtual(store),
        "s3.connect-timeout": str(store.timeout_s),
        "s3.request-timeout": str(store.timeout_s),
    }
    if told["credential"]:
        told["oauth2-server-uri"] = (
            lake.oauth2_server_uri or f"{lake.catalog_uri.rstrip('/')}/v1/oauth/tokens"
        )
    if lake.signing_name is not None:
        told |= {
            "rest.sigv4-enabled": "true",
            "rest.signing-name": lake.signing_name,
            "rest.signing-region": store.region,
        }
    return {name: value for name, value in told.items() if value}


def _virtual(store: ObjectStoreSettings) -> str | None:
    """PyIceberg's word for how buckets are addressed; None: as it does for AWS itself."""
    if store.addressing_style is AddressingStyle.VIRTUAL:
        return "true"
    return "false" if store.endpoint_url else None


def connect(
    lake: LakeSettings, store: ObjectStoreSettings, env: Mapping[str, str] = os.environ
) -> "Catalog":
    """The configured catalog. Blocks. Raises NoLake, and what `away` knows."""
    told = options(lake, store, env)
    if not installed():
        raise NoLake(MISSING)
    from pyiceberg.catalog import load_catalog  # noqa: PLC0415 (may not be installed)

    return load_catalog("looks", **told)


def table_path(lake: LakeSettings, topic: str) -> str:
    """What engines call a topic's table within the catalog."""
    return f"{lake.schema_here}.{table_name(topic)}"


def table_name(topic: str) -> str:
    """The table of a topic: `look.dead-letter` is `look_dead_letter`."""
    return "".join(letter if letter.isalnum() else "_" for letter in topic)
