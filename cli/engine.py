"""`looks engine`: whether the remote engine answers, who it is, and whether its limits go with
ours.
"""

import typer
from pydantic import ValidationError

from consumers.compositor.exchange import NoAnswer
from consumers.compositor.remote import Malformed, RemoteDresser
from runtime.settings import EngineSettings, LookSettings
from schemas.engines import EngineCard


def engine() -> None:
    """Show the remote engine's name, version and limits. Exit 0: it answers, and its limits suit
    our settings. 1: they do not, and a line says why. 2: none is set, or it did not answer.
    """
    try:
        settings, look = EngineSettings(), LookSettings()
        settings.check(look)
    except (ValidationError, ValueError) as error:
        raise _end(2, str(error)) from error
    if settings.url is None:
        raise _end(2, "there is no LOOKS_ENGINE_URL")
    try:
        card = RemoteDresser(settings).describe()
    except NoAnswer as error:
        raise _end(2, f"{settings.url}: {error}") from error
    except (Malformed, OSError) as error:
        raise _end(1, f"{settings.url}: {error}") from error
    typer.echo(
        f"{card.name} {card.engine_version} at {settings.url}; looks that name no engine are made "
        f"by: {settings.default}"
    )
    for name, limit in card.limits.model_dump().items():
        typer.echo(f"{name:<18} {limit:,}")
    problems = _problems(card, settings)
    for problem in problems:
        typer.secho(problem, fg="yellow", err=True)
    if problems:
        raise typer.Exit(1)


def _problems(card: EngineCard, settings: EngineSettings) -> list[str]:
    found = []
    if card.limits.time_limit_s >= settings.timeout_s:
        found.append(
            "its time_limit_s is not below LOOKS_ENGINE_TIMEOUT_S: we would give up looks that "
            "it still works on; raise LOOKS_ENGINE_TIMEOUT_S, or have the engine give up earlier"
        )
    if card.limits.concurrency < settings.concurrency:
        found.append(
            "its concurrency is below LOOKS_ENGINE_CONCURRENCY: one compositor alone would send it "
            "more looks than it makes at once; lower the setting, or give the engine more workers"
        )
    return found


def _end(code: int, message: str) -> typer.Exit:
    typer.secho(message, fg="red", err=True)
    return typer.Exit(code)
