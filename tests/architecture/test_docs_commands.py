"""The docs name commands, options and targets that are there."""

import re
import shlex
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from cli.main import app
from deploy.site.reference.commands import commands
from devstack.folder import CHECKOUT

PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "clients/*/README.md", "deploy/alerts.yml")
    for path in CHECKOUT.glob(pattern)
    if path.name != "CHANGELOG.md"  # what it tells of may be gone
)
CODE = re.compile(r"```[^\n]*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
OF_LOOKS = re.compile(r"(?:^|[\s(/;|])looks ([a-z][^#\n|;)]*)", re.MULTILINE)
OF_MAKE = re.compile(r"(?:^|\s)make ([a-z][a-z-]*)", re.MULTILINE)
GONE = {"archive"}
"""Told of as an earlier release's."""


def code(text: str) -> Iterator[str]:
    """Blocks and words in backticks, without comments."""
    for block, inline in CODE.findall(text):
        yield re.sub(r"(?:^|\s)#.*", "", block or inline)


def known() -> dict[str, set[str]]:
    """Path of a command -> its options; of a group none."""
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    found = commands(root, typer.Context(root, info_name="looks"))
    return {
        path.removeprefix("looks").strip(): {
            "--help",
            *(one for told in command.params for one in (*told.opts, *told.secondary_opts)),
        }
        for path, command in found
    }


def words(said: str) -> list[str]:
    try:
        return shlex.split(said.replace("[", " ").replace("]", " "))
    except ValueError:  # a quotation that goes on in the next line
        return said.split()


def wrong(said: str, there: dict[str, set[str]]) -> str | None:
    """What is not there, of a command as it is written; None: all is."""
    told = [one.rstrip(",.:") for one in words(said)]
    path = ""
    for one in told:
        longer = f"{path} {one}".strip()
        if longer not in there:
            break
        path = longer
    if not path:
        return None if told[0] in GONE else f"looks {told[0]}"
    lacking = {one.partition("=")[0] for one in told if one.startswith("--")} - there[path]
    return f"looks {path}: {sorted(lacking)}" if lacking else None


def test_what_the_docs_say_to_type_is_there() -> None:
    there = known()
    targets = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    parts = [(page.name, part) for page in PAGES for part in code(page.read_text())]
    said = [(page, one) for page, part in parts for one in OF_LOOKS.findall(part)]
    made = [(page, one) for page, part in parts for one in OF_MAKE.findall(part)]
    assert len(said) > 150
    assert len(made) > 50
    assert [(page, found) for page, one in said if (found := wrong(one, there))] == []
    assert [(page, one) for page, one in made if one not in targets] == []


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("replay look.failed --last 2h", None),
        ("dlq quarantine redrive --reason x", None),
        ("replay look.failed --lats 2h", "looks replay: ['--lats']"),
        ("forget everything", "looks forget"),
        ("archive", None),
    ],
)
def test_what_is_not_there_is_named(said: str, found: str | None) -> None:
    assert wrong(said, known()) == found
