"""The reference of `looks`: every command, as its help has it."""

from collections.abc import Iterator

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from cli.main import app
from deploy.site.reference.markdown import code, table, words


def page() -> str:
    """The page."""
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    lines = [
        "# Commands",
        "",
        "`looks` with its groups and commands. Settings come from [environment variables]"
        "(settings.md); in a checkout `. .dev/env` has those of the development stack, and the "
        "command is `.venv/bin/looks`.",
    ]
    for path, command in commands(root, typer.Context(root, info_name="looks")):
        lines += _command(path, command)
    return "\n".join([*lines, ""])


Command = TyperGroup | TyperCommand


def commands(command: Command, ctx: typer.Context) -> Iterator[tuple[str, Command]]:
    """Path and command, groups before what is in them."""
    yield ctx.command_path, command
    if isinstance(command, TyperGroup):
        for name in command.list_commands(ctx):
            inner = command.get_command(ctx, name)
            if isinstance(inner, Command) and not inner.hidden:
                yield from commands(inner, typer.Context(inner, info_name=name, parent=ctx))


def _command(path: str, command: Command) -> Iterator[str]:
    depth = min(path.count(" ") + 1, 3)
    if depth > 1:
        yield from ("", f"{'#' * depth} {path}", "", words(command.help or ""))
    options = (one for one in command.params if isinstance(one, TyperArgument | TyperOption))
    yield from table(("argument or option", "default", "about"), map(_row, options))


def _row(parameter: TyperArgument | TyperOption) -> tuple[str, str, str]:
    default = parameter.default
    shown = "" if default in (None, False, (), []) or callable(default) else str(default)
    if isinstance(parameter, TyperArgument):
        name = parameter.metavar or (parameter.name or "").upper()
    else:
        name = ", ".join(parameter.opts)
    return (
        code(name),
        "(required)" if parameter.required else code(shown),
        words(parameter.help or ""),
    )
