"""`looks dlq list, show, redrive, discard, actions`: dead letters, which are failed requests kept
whole.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Annotated

import typer

from cli.letters import options, present
from cli.letters.acting import Desk, Orders, Planned, RedrivePlan, desk, orders
from cli.letters.commands import Listing, act_on, choose, find, say_list
from cli.letters.finding import Found, Letters
from cli.letters.options import Choice
from cli.letters.running import guarded
from cli.letters.standing import about
from domain.redriving import Letter, Mark, RequestStanding, discard_letter, redrive_letter
from runtime.groups import committed_by
from schemas.failures import FailureCode

app = typer.Typer(no_args_is_help=True, help="Dead letters and quarantined records.")

Reason = Annotated[FailureCode | None, typer.Option(help="only this reason code")]


@app.command("list")
def show_list(  # noqa: PLR0913 (options are arguments)
    request: options.Request = None,
    reason: Reason = None,
    tenant: options.OnlyTenant = None,
    since: options.Since = None,
    until: options.Until = None,
    limit: options.MaxItems = 50,
    unsettled: options.Unsettled = False,
    as_json: options.AsJson = False,
) -> None:
    """List the newest dead letters: when, which request, why, after how many attempts, who decided,
    what was done.
    """
    choice = Choice(request, reason, tenant, window=options.window(since, until))
    say_list(Letters(), choice, Listing(limit, unsettled, as_json))


@app.command("show")
def show(request: str, as_json: options.AsJson = False) -> None:
    """Show one request's dead letters whole, what was done about them, and its timeline."""

    async def work() -> tuple[list[str], dict[str, object]]:
        lines: list[str] = []
        letters: list[dict[str, object]] = []
        async with desk() as at:
            async with aclosing(find(at.kafka, Letters(), Choice(request))) as chosen:
                async for _, record in chosen:
                    lines += present.whole(record)
                    letters.append(present.as_object(record))
            return await about(at, request, lines, {"request_id": request, "letters": letters})

    lines, whole = guarded(work)
    if not whole["letters"]:
        typer.secho(f"there is no dead letter of {request}", fg="red", err=True)
        raise typer.Exit(1)
    typer.echo(json.dumps(whole) if as_json else "\n".join(lines))


def _by_request(found: Found) -> object:
    return found.letter.request_id


def _by_place(found: Found) -> object:
    return found.letter.place


def _act(
    choice: Choice,
    given: Orders,
    limit: int,
    decide: Callable[[Letter, RequestStanding | None, Mark | None], Planned],
    *,
    key: Callable[[Found], object],
) -> None:
    from consumers.dead_letter import DECLARATION  # noqa: PLC0415 (a consumer takes a second to import, and only this needs it)

    async def plan(at: Desk) -> RedrivePlan:
        letters = Letters(await committed_by(at.kafka, DECLARATION.group))
        chosen, left = await choose(find(at.kafka, letters, choice), limit, key)
        known: Sequence[Letter] = [found.letter for found in chosen]
        marks = await at.actions.marks([letter.place for letter in known])
        standings = await at.redrives.standings([letter.request_id for letter in known])
        return RedrivePlan(
            [
                decide(letter, standings.get(letter.request_id), marks.get(letter.place))
                for letter in known
            ],
            left,
        )

    act_on(given, plan)


@app.command()
def redrive(  # noqa: PLR0913 (options are arguments)
    request: options.Request = None,
    reason: Reason = None,
    tenant: options.OnlyTenant = None,
    since: options.Since = None,
    until: options.Until = None,
    everything: options.Everything = False,
    limit: options.MaxItems = 1000,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    operator: options.Operator = None,
    why: options.Why = "",
) -> None:
    """Make failed requests good.

    A request that failed by our fault and was refunded gets a new one at no cost, once. A letter
    that nobody handled is sent again, so that its request fails and is refunded.
    """
    choice = Choice(request, reason, tenant, window=options.window(since, until))
    choice.refuse_blanket(said_all=everything)

    def decide(letter: Letter, standing: RequestStanding | None, mark: Mark | None) -> Planned:
        return Planned(
            letter.place, redrive_letter(letter, standing, mark), letter.request_id, mark=mark
        )

    _act(choice, orders(dry_run, yes, operator, why), limit, decide, key=_by_request)


@app.command()
def discard(  # noqa: PLR0913 (options are arguments)
    why: Annotated[str, typer.Option("--why", help="recorded with the action")],
    request: options.Request = None,
    reason: Reason = None,
    tenant: options.OnlyTenant = None,
    since: options.Since = None,
    until: options.Until = None,
    everything: options.Everything = False,
    limit: options.MaxItems = 1000,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    operator: options.Operator = None,
) -> None:
    """Put dead letters aside that need nothing more. The records stay on their topic."""
    choice = Choice(request, reason, tenant, window=options.window(since, until))
    choice.refuse_blanket(said_all=everything)

    def decide(letter: Letter, standing: RequestStanding | None, mark: Mark | None) -> Planned:
        return Planned(letter.place, discard_letter(standing, mark), letter.request_id)

    _act(choice, orders(dry_run, yes, operator, why), limit, decide, key=_by_place)


@app.command("actions")
def show_actions(limit: options.MaxItems = 50, as_json: options.AsJson = False) -> None:
    """List what operators did, newest last."""

    async def work() -> list[str]:
        async with desk() as at:
            done = await at.actions.newest(limit)
        return [
            json.dumps(present.action_object(one)) if as_json else present.action_line(one)
            for one in done
        ]

    lines = guarded(work)
    if lines or not as_json:
        typer.echo("\n".join(lines) or "no actions")
