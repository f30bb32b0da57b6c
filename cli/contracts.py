"""`python -m cli.contracts [--check]`: writes the generated contracts, or says which are stale
(`make check`).
"""

import sys
from pathlib import Path

import typer

from cli.asyncapi import document
from cli.clients import package
from cli.releases import altered, released
from schemas import versions
from schemas.events import EVENT_TYPES
from schemas.json_schema import as_text, schema_of

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "contracts"


def contracts() -> dict[str, str]:
    """Every generated file by its name: one JSON Schema per event type, and the AsyncAPI
    document.
    """
    schemas = {f"{event_type}.json": as_text(schema_of(event_type)) for event_type in EVENT_TYPES}
    return {**schemas, "asyncapi.json": as_text(document())}


def stale(folder: Path = FOLDER) -> list[str]:
    """Names of files that are not as they would be generated now, those that should not be there
    included.
    """
    fresh = contracts()
    there = {path.name: path.read_text() for path in folder.glob("*.json")}
    return sorted(
        name for name in fresh.keys() | there.keys() if fresh.get(name) != there.get(name)
    )


def write(folder: Path = FOLDER) -> None:
    """Bring the folder up to date."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = contracts()
    for path in folder.glob("*.json"):
        if path.name not in fresh:
            path.unlink()
    for name, text in fresh.items():
        (folder / name).write_text(text)


def not_releasable() -> dict[str, tuple[str, ...]]:
    """By event type, why its current schema could not be released as that type."""
    verdicts = {one: versions.check_release(released(one), schema_of(one)) for one in EVENT_TYPES}
    return {
        one: verdict.reasons
        for one, verdict in verdicts.items()
        if isinstance(verdict, versions.ReleaseRefused)
    }


def main(words: list[str]) -> int:
    """0 when all is fresh and compatible, or was written."""
    if words != ["--check"]:
        write()
        package.write()
    problems = [f"docs/contracts/{name} is stale: run `make contracts`" for name in stale()]
    problems += [f"clients/{path} is stale: run `make contracts`" for path in package.stale()]
    problems += [
        f"{event_type}: {reason}"
        for event_type, reasons in not_releasable().items()
        for reason in reasons
    ]
    problems += [f"schemas/released/{name} is not as it was released" for name in altered()]
    for problem in problems:
        typer.secho(problem, fg="red", err=True)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
