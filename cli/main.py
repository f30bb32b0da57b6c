"""The root of `looks`. Its commands are named in `cli.lazy` and imported when they are called."""

import typer

from cli.lazy import Root

app = typer.Typer(
    cls=Root,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Looks: a streaming pipeline that dresses mannequins.",
)


@app.callback()
def main() -> None:
    """Settings come from environment variables prefixed LOOKS_; see .env.example."""


if __name__ == "__main__":
    app(prog_name="looks")
