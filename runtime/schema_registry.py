"""Registers released schemas with a schema registry that speaks Confluent's HTTP interface
(Karapace and Apicurio do too).

Subjects are `<topic>-value`. Registering what is there already changes nothing. Our producers do
not ask the registry and do not put its ids into records: the registry is a catalogue for others.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

TIMEOUT_S = 10.0
MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"


class RegistryRefused(Exception):
    """The registry did not take a schema or a setting; the message has its words."""


def register(
    url: str,
    subjects: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    compatibility: str = "FULL_TRANSITIVE",
    policy: str | None = None,
) -> dict[str, list[int]]:
    """Set each subject's compatibility and register its schemas in order, oldest first; returns
    their ids by subject.

    `policy`: Confluent's `compatibilityPolicy`, where the registry knows it. Raises
    RegistryRefused, and httpx's HTTPError
    when the registry is out of reach.
    """
    setting = {"compatibility": compatibility} | ({"compatibilityPolicy": policy} if policy else {})
    ids: dict[str, list[int]] = {}
    with httpx.Client(base_url=url, timeout=TIMEOUT_S, headers={"Accept": MEDIA_TYPE}) as client:
        for subject, schemas in subjects.items():
            _send(client, "PUT", f"/config/{subject}", setting)
            ids[subject] = [
                int(_send(client, "POST", f"/subjects/{subject}/versions", _body(schema))["id"])
                for schema in schemas
            ]
    return ids


def _body(schema: Mapping[str, Any]) -> dict[str, str]:
    return {
        "schemaType": "JSON",
        "schema": json.dumps(schema, separators=(",", ":"), sort_keys=True),
    }


def _send(client: httpx.Client, method: str, path: str, body: Mapping[str, str]) -> dict[str, Any]:
    answer = client.request(
        method, path, content=json.dumps(body), headers={"Content-Type": MEDIA_TYPE}
    )
    if answer.is_success:
        found: dict[str, Any] = answer.json()
        return found
    raise RegistryRefused(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
