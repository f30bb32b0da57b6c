"""Every generated file of the clients, by its path below `clients/`."""

import json
from collections.abc import Iterator
from typing import Final

from cli.clients import python_models, typescript_models
from cli.clients.blocking import blocking
from cli.clients.openapi import document
from cli.clients.reached import event_models, http_models, public_types
from devstack.folder import CHECKOUT
from schemas.samples import body_of

FOLDER: Final = CHECKOUT / "clients"
LICENSE: Final = CHECKOUT / "LICENSE"
"""A package goes out with its own copy."""
PYTHON: Final = "python/looks_client"
ASYNC: Final = "async_client.py"
HTTP: Final = "The HTTP contract. Made from the OpenAPI document by `make contracts`."
EVENTS: Final = "The events on the public topics. Made from their schemas by `make contracts`."


def generated() -> dict[str, str]:
    """By path."""
    http = http_models(document())
    return {
        f"{PYTHON}/models.py": python_models.module(HTTP, http, "looks_client.model"),
        f"{PYTHON}/events/models.py": python_models.module(
            EVENTS, event_models(), "looks_client.model", bounded=True
        ),
        f"{PYTHON}/client.py": blocking((FOLDER / PYTHON / ASYNC).read_text()),
        f"{PYTHON}/testkit/samples.json": _samples(),
        **dict(_released()),
        "typescript/src/models.ts": typescript_models.module(HTTP, http),
        "python/LICENSE": LICENSE.read_text(),
        "typescript/LICENSE": LICENSE.read_text(),
    }


def stale() -> list[str]:
    """Paths of files that are not as they would be made now, those that should not be there
    included.
    """
    fresh = generated()
    there = {path: _text(path) for path in {*fresh, *_schemas_there()}}
    return sorted(path for path in there if there[path] != fresh.get(path))


def write() -> None:
    """Bring them up to date."""
    fresh = generated()
    for path in _schemas_there() - fresh.keys():
        (FOLDER / path).unlink()
    for path, text in fresh.items():
        (FOLDER / path).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / path).write_text(text)


def _text(path: str) -> str | None:
    file = FOLDER / path
    return file.read_text() if file.exists() else None


def _schemas_there() -> set[str]:
    folder = FOLDER / PYTHON / "events" / "released"
    return {str(path.relative_to(FOLDER)) for path in folder.rglob("*.json")}


def _released() -> Iterator[tuple[str, str]]:
    for event_type in public_types():
        for path in sorted((CHECKOUT / "schemas" / "released" / event_type).glob("*.json")):
            yield f"{PYTHON}/events/released/{event_type}/{path.name}", path.read_text()


def _samples() -> str:
    bodies = {event_type: body_of(event_type) for event_type in public_types()}
    return json.dumps(bodies, indent=1) + "\n"
