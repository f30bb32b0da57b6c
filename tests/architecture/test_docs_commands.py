"""The docs name commands, options, targets and modules that are there."""

import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from cli.main import app
from deploy.site.reference.commands import commands
from devstack.folder import CHECKOUT
from tests.docs_lines import NO_TEST, RUN_BY, lines, run_by
from tests.docs_lines import PAGES as WITHOUT_ALERTS
from tests.spark.session import JARS, catalog_settings

PAGES = [*WITHOUT_ALERTS, CHECKOUT / "deploy" / "alerts.yml"]
CODE = re.compile(r"```[^\n]*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
OF_LOOKS = re.compile(r"(?:^|[\s(/;|])looks ([a-z][^#\n|;)]*)", re.MULTILINE)
OF_MAKE = re.compile(r"(?:^|\s)make ([a-z][a-z-]*)", re.MULTILINE)
OF_PYTHON = re.compile(r"python3? -m ([a-zA-Z_]\w*(?:\.\w+)*)")
SHELL = re.compile(r"```(?:sh|bash|shell|console)?\n(.*?)```", re.DOTALL)
INDENTED = re.compile(r"^\n((?: {4}[^\n]*\n)+)", re.MULTILINE)
TYPED = re.compile(r"(?:^|[\s;(|&])(?:\S*/|run --rm )?looks ([a-z][^|;&)>]*)")
OTHERS = re.compile(r"^(helm|kubectl|docker build) ")
"""Commands in which the name stands for something else."""
PLACEHOLDERS = {"NAME"}
"""What stands where a module's name is to be put."""
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


def test_the_help_of_a_command_says_what_each_argument_and_option_is() -> None:
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    found = [*commands(root, typer.Context(root, info_name="looks"))]
    assert len(found) > 50
    assert [path for path, command in found if not command.help] == []
    silent = [
        (path, one.name)
        for path, command in found
        for one in command.params
        if not getattr(one, "help", None) and not getattr(one, "hidden", False)
    ]
    assert silent == []


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


def typed(text: str) -> Iterator[str]:
    """Whole commands of `looks`, as a reader copies them out of blocks of shell."""
    outside = re.sub(r"```[^\n]*\n.*?```", "", text, flags=re.DOTALL)
    for block in (*SHELL.findall(text), *INDENTED.findall(outside)):
        for line in block.replace("\\\n", " ").split("\n"):
            said = re.sub(r"(?:^|\s)#.*", "", line).strip()
            if not OTHERS.match(said):
                yield from (found.strip() for found in TYPED.findall(said))


def refused(said: str) -> str | None:
    """What the command line itself says to it, before it would run; None: nothing."""
    ctx, command = typer.Context(get_command(app), info_name="looks"), get_command(app)
    rest = shlex.split(said)
    while isinstance(command, TyperGroup) and rest and not rest[0].startswith("-"):
        inner = command.get_command(ctx, rest[0])
        if inner is None:
            return f"looks {said}: there is no {rest[0]}"
        command, name = inner, rest.pop(0)
        if isinstance(command, TyperGroup):
            ctx = typer.Context(command, info_name=name, parent=ctx)
    try:
        command.make_context(command.name, rest, parent=ctx)
    except Exception as error:
        told = getattr(error, "format_message", None)
        return f"looks {said}: {told() if told else error}"
    return None


def test_whole_commands_are_taken_by_the_command_line_as_they_stand() -> None:
    said = [(page.name, one) for page in PAGES for one in typed(page.read_text())]
    assert len(said) > 30
    assert [(page, why) for page, one in said if (why := refused(one))] == []


def test_every_line_that_the_docs_say_to_type_is_run_by_somebody_who_is_named() -> None:
    typed = lines()
    assert len(typed) > 80
    assert [one for one in typed if run_by(*one) is None] == []
    assert [rule for rule in RUN_BY if rule not in {run_by(*one) for one in typed}] == []
    for _, line, by in RUN_BY:
        file, _, name = by.partition("::")
        assert NO_TEST.fullmatch(by) or f"def {name}(" in (CHECKOUT / file).read_text(), (line, by)


def test_the_cookbook_s_pyspark_has_the_settings_that_spark_is_tried_with() -> None:
    """`pyspark` itself fetches jars by its own client; tests/spark has them from `tests.maven`."""
    page = (CHECKOUT / "docs" / "cookbook.md").read_text()
    said = dict(re.findall(r"--conf (\S+?)=(\S+)", page))
    (packages,) = re.findall(r"pyspark --packages (\S+)", page)
    assert set(packages.split(",")) == set(JARS.split("+"))
    env = {name: f"${name}" for name in re.findall(r"\$(LOOKS_\w+)", " ".join(said.values()))}
    assert said == catalog_settings(env) | {"spark.sql.session.timeZone": "UTC"}


def test_nothing_tells_anybody_to_install_looks_from_an_index() -> None:
    """`looks` there is somebody else's."""
    told = [
        (page.name, line)
        for page in (*PAGES, CHECKOUT / "CHANGELOG.md")
        for line in page.read_text().splitlines()
        if re.search(r"(?:pip|uv|npm|pipx) (?:pip )?(?:install|add) [^`]*\blooks(?![-_/\w])", line)
    ]
    assert told == []


def test_modules_that_are_to_be_run_are_there() -> None:
    said = {
        (page.name, name)
        for page in PAGES
        for name in OF_PYTHON.findall(page.read_text())
        if name.rpartition(".")[2] not in PLACEHOLDERS
    }
    assert len(said) > 15
    assert [(page, name) for page, name in sorted(said) if find_spec(name) is None] == []


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("lag", "there is no lag"),
        ("replay look.failed --lats 2h", "--lats"),
        ("audit --sample few", "few"),
        ("operators revoke", "Missing argument"),
        ("operators list now", "unexpected extra argument"),
    ],
)
def test_what_the_command_line_would_refuse_is_told(said: str, found: str) -> None:
    assert found in (refused(said) or "")


def test_a_block_of_shell_is_read_as_a_reader_copies_it() -> None:
    page = """
Say `looks lag`.

```sh
. .dev/env && looks topics lag   # behind?
LOOKS_A=1 .venv/bin/looks replay look.failed \\
  --last 2h > out
```

    looks keys list demo | wc -l
    docker compose run --rm looks audit

    helm install looks deploy/chart
"""
    assert [" ".join(one.split()) for one in typed(page)] == [
        "topics lag",
        "replay look.failed --last 2h",
        "keys list demo",
        "audit",
    ]


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
