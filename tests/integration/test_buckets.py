"""The bucket as a real store gives it: its rules, how it is addressed, where credentials come
from.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from devstack.bootstrap import settings_of
from devstack.stack import Stack
from runtime.settings import AddressingStyle, ObjectStoreSettings
from storage.object_store import ObjectStore, StoreRefused, new_client
from storage.presigned import Presigner
from tests.integration.test_command_line import looks


@pytest.fixture
def settings(services: Stack) -> ObjectStoreSettings:
    return settings_of(ObjectStoreSettings, services.env)


def test_the_buckets_rules_are_applied_once_and_others_stay(
    services: Stack, settings: ObjectStoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, services.env[name])
    client = new_client(settings)
    foreign: Any = {
        "ID": "of-others",
        "Filter": {"Prefix": "of-others/"},
        "Status": "Enabled",
        "Expiration": {"Days": 3},
    }
    client.put_bucket_lifecycle_configuration(
        Bucket=settings.bucket, LifecycleConfiguration={"Rules": [foreign]}
    )
    planned = looks(services, "store", "apply", "--plan")
    assert planned.stdout.count("would create ") == 3, planned.stderr
    assert looks(services, "store", "apply").stdout.count("create ") == 3
    assert looks(services, "store", "apply").stdout == "up to date\n"
    rules = client.get_bucket_lifecycle_configuration(Bucket=settings.bucket)["Rules"]
    assert "of-others" in {rule["ID"] for rule in rules}
    absent = looks(services, "store", "apply", LOOKS_S3_BUCKET="no-such-bucket")
    assert absent.returncode == 2
    assert "NoSuchBucket" in absent.stderr


def test_credentials_come_from_wherever_the_sdk_looks_for_them(
    services: Stack,
    settings: ObjectStoreSettings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    told = {
        "Version": 1,
        "AccessKeyId": services.env["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": services.env["AWS_SECRET_ACCESS_KEY"],
    }
    (tmp_path / "told.json").write_text(json.dumps(told))
    command = f"{sys.executable} -c \"print(open('{tmp_path / 'told.json'}').read())\""
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {command}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "absent"))
    store = ObjectStore(settings)
    store.put("tests/credentials", b"seen", "text/plain")
    assert store.get("tests/credentials", 10) == b"seen"
    (tmp_path / "told.json").write_text(json.dumps(told | {"SecretAccessKey": "wrong"}))
    with pytest.raises(StoreRefused):
        ObjectStore(settings).put("tests/credentials", b"seen", "text/plain")


@pytest.mark.parametrize(
    ("style", "begins"),
    [
        (AddressingStyle.PATH, "https://s3.example.com/looks/results/x?"),
        (AddressingStyle.VIRTUAL, "https://looks.s3.example.com/results/x?"),
    ],
)
def test_a_buckets_name_stands_in_the_path_or_in_the_host(
    style: AddressingStyle, begins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    made = ObjectStoreSettings(endpoint_url="https://s3.example.com", addressing_style=style)
    assert Presigner(made).get("looks", "results/x").startswith(begins)
