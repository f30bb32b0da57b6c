"""The root of `looks`."""

import typer

from cli import accounts, archive, audit, database, dev, letters, replay, report, submit, topics

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Looks: a streaming pipeline that dresses mannequins.")
app.command("archive")(archive.archive)
app.add_typer(audit.app, name="audit")
app.add_typer(accounts.credits_app, name="credits")
app.add_typer(database.app, name="db")
app.add_typer(dev.app, name="dev")
app.add_typer(letters.app, name="dlq")
app.add_typer(accounts.keys_app, name="keys")
app.command("replay")(replay.replay)
app.command("report")(report.report)
app.command("submit")(submit.submit)
app.add_typer(accounts.tenants_app, name="tenants")
app.add_typer(topics.app, name="topics")


@app.callback()
def main() -> None:
    """Settings come from environment variables prefixed LOOKS_; see .env.example."""
