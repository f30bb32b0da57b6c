"""What a fresh stack needs before its processes can work: tables, topics, a bucket, tenants with
keys and credits.
"""

import json
import os
import secrets
import shlex
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from pydantic_settings import BaseSettings

from devstack.folder import StackFolder, health_places
from devstack.postgres import database_url
from lake.catalog import installed
from runtime.settings import DatabaseSettings, KafkaSettings
from runtime.topics_admin import apply as apply_topics
from schemas.namespace import Namespace
from storage import lifecycle
from storage.migrations import migrate
from storage.seed import SeededKeys, seed

BUCKET = "looks"
LAKE_BUCKET = "lake"
REGION = "us-east-1"
NAMING = ("LOOKS_NAMESPACE", "LOOKS_KAFKA_PARTITIONS", "LOOKS_KAFKA_TOPIC_PARTITIONS")
"""What a stack is started with is written into its `env`: commands must say the same."""

S = TypeVar("S", bound=BaseSettings)


def s3_credentials(folder: StackFolder) -> tuple[str, str]:
    """The access key and secret of this stack, made once."""
    known = _secrets(folder)
    if "s3_access_key" not in known:
        known |= {
            "s3_access_key": "looks" + secrets.token_hex(6),
            "s3_secret_key": secrets.token_hex(20),
        }
        _keep(folder, known)
    return known["s3_access_key"], known["s3_secret_key"]


def environment(folder: StackFolder, ports: dict[str, int]) -> dict[str, str]:
    """What every process of ours is given."""
    access_key, secret_key = s3_credentials(folder)
    return {
        "LOOKS_DATABASE_URL": database_url(ports),
        "LOOKS_KAFKA_BOOTSTRAP": f"127.0.0.1:{ports['kafka']}",
        "LOOKS_KAFKA_TRANSACTION_ABORT_INTERVAL_S": "1",
        "LOOKS_WEBHOOKS_ALLOW_INSECURE_TARGETS": "true",
        "LOOKS_PHOTOS_ALLOW_INSECURE_URLS": "true",
        "LOOKS_API_UNLIMITED_TENANTS": "bench",
        "LOOKS_OPS_SERVED": "true",
        "LOOKS_OPS_PROCESSES": ",".join(health_places(ports)),
        "LOOKS_S3_ENDPOINT_URL": f"http://127.0.0.1:{ports['s3']}",
        "LOOKS_S3_BUCKET": BUCKET,
        "LOOKS_S3_REGION": REGION,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        **{name: os.environ[name] for name in NAMING if os.environ.get(name)},
        **(_lake(ports, f"{access_key}:{secret_key}") if installed() else {}),
    }


def _lake(ports: dict[str, int], credential: str) -> dict[str, str]:
    """Where its packages are: without them nobody here could ask it."""
    return {
        "LOOKS_LAKE_CATALOG_URI": f"http://127.0.0.1:{ports['lake_catalog']}",
        "LOOKS_LAKE_WAREHOUSE": f"s3://{LAKE_BUCKET}/",
        "LOOKS_LAKE_CREDENTIAL": credential,
    }


def settings_of(area: type[S], env: Mapping[str, str]) -> S:
    """One area of settings, from these variables and no others."""
    variables = {name: variable(area, name) for name in area.model_fields}
    return area.model_validate({name: env[said] for name, said in variables.items() if said in env})


def variable(area: type[BaseSettings], field: str) -> str:
    """The environment variable of a setting."""
    alias = area.model_fields[field].validation_alias
    prefix = area.model_config.get("env_prefix", "")
    return alias if isinstance(alias, str) else f"{prefix}{field}".upper()


async def bootstrap(folder: StackFolder, env: dict[str, str]) -> SeededKeys:
    """Bring a stack whose services run to where processes can start. Safe to repeat."""
    dsn = settings_of(DatabaseSettings, env).dsn
    await migrate(dsn)
    await apply_topics(settings_of(KafkaSettings, env))
    make_bucket(env)
    if env.get("LOOKS_LAKE_CATALOG_URI"):
        make_warehouse(env)
    known = _secrets(folder)
    keys = await seed(dsn, SeededKeys(**known["api_keys"]) if "api_keys" in known else None)
    known["api_keys"] = asdict(keys)
    _keep(folder, known)
    return keys


def _client(env: dict[str, str], service: Literal["s3", "s3tables"]) -> Any:
    """Of one of the store's two services; both are where S3 is."""
    return boto3.client(
        service,
        endpoint_url=env["LOOKS_S3_ENDPOINT_URL"],
        region_name=env["LOOKS_S3_REGION"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        config=Config(
            s3={"addressing_style": "path"}, retries={"total_max_attempts": 5, "mode": "standard"}
        ),
    )


def make_bucket(env: dict[str, str]) -> None:
    """Create the bucket unless it exists, and have its cut-outs forgotten after a while."""
    bucket = env["LOOKS_S3_BUCKET"]
    client = _client(env, "s3")
    try:
        client.create_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {
            "BucketAlreadyExists",
            "BucketAlreadyOwnedByYou",
        }:
            raise
    lifecycle.apply(client, bucket, Namespace(env.get("LOOKS_NAMESPACE", "")))


def make_warehouse(env: dict[str, str]) -> None:
    """Create what SeaweedFS' catalog keeps tables in, unless it exists."""
    client = _client(env, "s3tables")
    try:
        client.create_table_bucket(name=LAKE_BUCKET)
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketAlreadyExists":
            raise


def write_env(
    folder: StackFolder, ports: dict[str, int], env: dict[str, str], keys: SeededKeys
) -> None:
    """The stack's addresses and keys, for shells and scripts."""
    values = {
        "LOOKS_API_URL": f"http://127.0.0.1:{ports['api']}",
        "LOOKS_API_KEY": keys.demo,
        "LOOKS_OTHER_API_KEY": keys.other,
        "LOOKS_BENCH_API_KEY": keys.bench or "",
        "LOOKS_OPS_KEY": keys.ops or "",
        **env,
    }
    lines = "".join(f"export {name}='{value}'\n" for name, value in values.items())
    fresh = folder.env.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(lines + _on_path(Path(sys.executable).parent))
    fresh.replace(folder.env)


def _on_path(programs: Path) -> str:
    """Shell that makes these programs found, behind all others; once, however often it is read."""
    own = shlex.quote(str(programs))
    return f'case ":$PATH:" in *:{own}:*) ;; *) PATH="$PATH":{own} ;; esac\n'


def _secrets(folder: StackFolder) -> dict[str, Any]:
    loaded: dict[str, Any] = (
        json.loads(folder.secrets.read_text()) if folder.secrets.exists() else {}
    )
    return loaded


def _keep(folder: StackFolder, known: dict[str, Any]) -> None:
    fresh = folder.secrets.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(known))
    fresh.replace(folder.secrets)
