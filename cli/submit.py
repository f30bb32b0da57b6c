"""`looks submit`: photos in, a picture out, with progress on the way and a receipt at the end."""

import errno
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.client import LookNotMade, LooksClient, OutOfReach, SubmitFailed
from cli.endings import words
from runtime.files import write_whole
from runtime.settings import ClientSettings
from schemas.http import UserCategory

FAILED, NO_ANSWER = 1, 2
DEFAULT_OUTPUT = Path("look").with_suffix(".png")
FORMATS = {".webp": "webp", ".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}

PhotoArguments = Annotated[
    list[str],
    typer.Argument(
        metavar="PHOTO:CATEGORY...", help="a file and its garment category, such as tee.jpg:top"
    ),
]


def submit(
    photos: PhotoArguments,
    mannequin: Annotated[UserCategory | None, typer.Option(help="who wears it")] = None,
    output: Annotated[
        Path, typer.Option(help="where the picture goes: .webp, .png or .jpg")
    ] = DEFAULT_OUTPUT,
) -> None:
    """Upload garment photos, dress a mannequin in them, fetch the picture. Exit 0: the picture is
    there. 1: the request was refused, or the look failed and was refunded. 2: no answer, or a wrong
    option.
    """
    settings = _settings()
    items = [_item(text) for text in photos]
    picture_format = FORMATS.get(output.suffix.lower())
    if picture_format is None:
        raise _end(f"{output} must end in {', '.join(FORMATS)}", NO_ANSWER)
    _refuse_unwritable(output)
    client = LooksClient(settings.url, settings.key.get_secret_value())
    console = Console(stderr=True)
    try:
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        ) as progress:
            ask = partial(client.post, mannequin=mannequin, picture_format=picture_format)
            job = _made(client, items, ask, progress)
            write_whole(output, client.picture(job["artifacts"][0]["image_url"]))
        _receipt(console, job, client.balance())
        typer.echo(output)
    except OutOfReach as error:
        raise _end(f"no answer: {error}", NO_ANSWER) from error
    except SubmitFailed as error:
        raise _end(str(error), FAILED) from error
    except OSError as error:
        raise _end(words(error), NO_ANSWER) from error
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        client.close()


def _made(
    client: LooksClient,
    items: list[tuple[Path, str]],
    ask: Callable[[list[tuple[str, str]]], str],
    progress: Progress,
) -> dict[str, Any]:
    """The job of the look, once it has its picture. Raises SubmitFailed, OSError."""
    task = progress.add_task("uploading", total=len(items) + 2)
    keys = []
    for path, category in items:
        progress.update(task, description=f"uploading {path.name}")
        keys.append((client.upload(path), category))
        progress.advance(task)
    progress.update(task, description="asking for the look")
    request_id = ask(keys)
    progress.advance(task)
    for event in client.events(request_id):
        progress.update(task, description=f"{request_id} {event['stage'] or event['event_type']}")
        line = (
            f"{event['seq']:>3} {event['event_type']:<9} {event['stage'] or ''} {event['message']}"
        )
        progress.console.print(line.rstrip(), highlight=False, soft_wrap=True)
    job = client.job(request_id)
    progress.advance(task)
    if job["status"] != "SUCCESS":
        error = job["error"] or {
            "code": "open",
            "message": "It has no outcome yet.",
            "item_index": None,
        }
        photo = "" if error["item_index"] is None else f" ({items[error['item_index']][0]})"
        back = (
            f"{job['credits_cost']} credits were refunded"
            if job["refunded"]
            else "its credits are not refunded yet"
        )
        raise LookNotMade(f"{request_id} {error['code']}{photo}: {error['message']} {back}.")
    return job


def _receipt(console: Console, job: dict[str, Any], balance: int) -> None:
    picture = job["artifacts"][0]["meta"]
    console.print(
        f"{job['request_id']} {job['status']}: {picture['width']} x {picture['height']} "
        f"{picture['content_type']}; "
        f"{job['credits_cost']} credits charged, {balance} left",
        highlight=False,
        soft_wrap=True,
    )


def _item(text: str) -> tuple[Path, str]:
    name, colon, category = text.rpartition(":")
    if not (name and colon and category):
        raise _end(f"{text!r} is not PHOTO:CATEGORY, such as tee.jpg:top", NO_ANSWER)
    return Path(name), category


def _settings() -> ClientSettings:
    try:
        return ClientSettings()
    except ValidationError as error:
        names = ", ".join(
            f"LOOKS_API_{'_'.join(str(part) for part in one['loc']).upper()}"
            for one in error.errors()
        )
        raise _end(f"set {names} (a development stack: `. .dev/env`)", NO_ANSWER) from error


def _refuse_unwritable(output: Path) -> None:
    """Before anything is paid for. Raises OSError."""
    if output.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(output))
    folder = output.parent
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def _end(message: str, code: int) -> typer.Exit:
    typer.secho(message, fg="red", err=True)
    return typer.Exit(code)
