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
    """Ask the remote engine who it is. Exit code 1: it is not as it should be; 2: there is none, or
    it is out of reach.
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
        f"{card.name} {card.engine_version} at {settings.url}; makes the looks that ask for none: "
        f"{settings.default}"
    )
    for name, limit in card.limits.model_dump().items():
        typer.echo(f"{name:<18} {limit:g}")
    problems = _problems(card, settings)
    for problem in problems:
        typer.secho(problem, fg="yellow", err=True)
    if problems:
        raise typer.Exit(1)


def _problems(card: EngineCard, settings: EngineSettings) -> list[str]:
    found = []
    if card.limits.time_limit_s >= settings.timeout_s:
        found.append(
            "it may take longer than LOOKS_ENGINE_TIMEOUT_S: looks are given up that it still makes"
        )
    if card.limits.concurrency < settings.concurrency:
        found.append(
            "it makes fewer looks at once than LOOKS_ENGINE_CONCURRENCY of a single compositor"
        )
    return found


def _end(code: int, message: str) -> typer.Exit:
    typer.secho(message, fg="red", err=True)
    return typer.Exit(code)
