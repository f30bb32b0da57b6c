"""`looks` as analysts install it (`looks-analysts`): what reads topics and lake, and nothing that
runs the system. Each command is the one of `cli.main`.
"""

import typer

from cli.endings import EXIT_FAILED, flushed, say, steady_output
from cli.lake_views import views
from cli.replay import replay
from cli.report import report

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Looks for analysts: replay topics, ask the lake. Settings are environment variables "
    "prefixed LOOKS_.",
)
lake = typer.Typer(help="The lake: topics as Iceberg tables.")
app.add_typer(lake, name="lake")
app.command()(replay)
app.command()(report)
lake.command()(views)


@lake.callback()
def _group() -> None:
    """Topics as Iceberg tables."""


def main() -> None:
    """Run what the words say; it ends with one line and exit 2 where writing fails."""
    steady_output()
    try:
        flushed(lambda: app(prog_name="looks"))
    except OSError as error:
        say(error)
        raise SystemExit(EXIT_FAILED) from error


if __name__ == "__main__":
    main()
