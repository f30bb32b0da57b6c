"""`looks dlq list, show, redrive, discard, actions`: dead letters, which are failed requests kept
whole.
"""

import json
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Annotated

import typer

from cli.letters import options, present
from cli.letters.acting import Desk, Orders, Planned, act, desk, operator_name
from cli.letters.finding import Choice, Found, found_in, records
from cli.letters.running import batches, finish, guarded, refuse_blanket
from cli.letters.standing import about
from domain.redriving import Letter, Mark, Place, Standing, discard_letter, redrive_letter
from runtime.groups import committed_by
from runtime.kafka import TopicPartition
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
    unsettled: Annotated[
        bool, typer.Option("--open", help="only those that no operator has dealt with")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """List the newest dead letters: when, which request, why, after how many attempts, who decided,
    what was done.
    """
    choice = Choice(request, reason, tenant, options.window(since, until))

    async def work() -> list[str]:
        lines: deque[str] = deque(maxlen=limit)
        async with desk() as at, aclosing(records(at.kafka, choice)) as chosen:
            async for batch in batches(chosen):
                found = [one for one in map(found_in, batch) if one is not None]
                marks, standings = await _known(at, [one.letter for one in found])
                for one in found:
                    state = _state(
                        marks.get(one.letter.place), standings.get(one.letter.request_id)
                    )
                    if state == "open" or not unsettled:
                        lines.append(_object(one, state) if as_json else _line(one, state))
        return list(lines)

    lines = guarded(work)
    if lines or not as_json:
        typer.echo("\n".join(lines) or "no dead letters")


async def _known(
    at: Desk, letters: Sequence[Letter]
) -> tuple[dict[RecordPosition, Mark], dict[str, RequestStanding]]:
    marks = await at.actions.marks([letter.place for letter in letters])
    return marks, await at.redrives.standings([letter.request_id for letter in letters])


def _state(mark: Mark | None, standing: RequestStanding | None) -> str:
    if mark is not None:
        return mark.state
    return "redriven" if standing is not None and standing.redriven_as else "open"


def _line(found: Found, state: str) -> str:
    event = found.event
    item = "" if event.reason.item_index is None else f" items[{event.reason.item_index}]"
    return (
        f"{present.clock(event.dead_lettered_at)} {event.request_id} {event.tenant_id:<12} "
        f"{state:<10} "
        f"{event.reason.code}{item} after {event.attempts} by {present.clean(event.decided_by)}: "
        f"{present.clean(event.reason.message)}"
    )


def _object(found: Found, state: str) -> str:
    event = found.event
    return json.dumps(
        {
            "record": str(found.letter.place),
            "at": event.dead_lettered_at.isoformat(),
            "request_id": event.request_id,
            "tenant_id": event.tenant_id,
            "state": state,
            "reason": event.reason.model_dump(mode="json"),
            "attempts": event.attempts,
            "decided_by": event.decided_by,
            "redrives": found.letter.redrives,
        }
    )


@app.command("show")
def show(request: str, as_json: options.AsJson = False) -> None:
    """Show one request's dead letters whole, what was done about them, and its timeline."""
    choice = Choice(request, None, None, options.Window(None, None))

    async def work() -> tuple[list[str], dict[str, object]]:
        lines: list[str] = []
        found: list[dict[str, object]] = []
        async with desk() as at:
            async with aclosing(records(at.kafka, choice)) as chosen:
                async for record in chosen:
                    lines += present.whole(record)
                    found.append(present.as_object(record))
            return await about(at, request, lines, {"request_id": request, "letters": found})

    lines, whole = guarded(work)
    if not whole["letters"]:
        typer.secho(f"there is no dead letter of {request}", fg="red", err=True)
        raise typer.Exit(1)
    typer.echo(json.dumps(whole) if as_json else "\n".join(lines))


async def _chosen(
    at: Desk, choice: Choice, limit: int, *, per_request: bool
) -> tuple[list[Letter], int]:
    """The first `limit` of the chosen letters, and how many were left out. Per request: only the
    last one of each.
    """
    from consumers.dead_letter import DECLARATION  # noqa: PLC0415 (a consumer takes a second to import, and only this needs it)

    handled = await committed_by(at.kafka, DECLARATION.group)
    letters: dict[str | RecordPosition, Letter] = {}
    left = 0
    async with aclosing(records(at.kafka, choice)) as chosen:
        async for record in chosen:
            found = found_in(record, handled.get(TopicPartition(record.topic, record.partition)))
            if found is None:
                continue
            key = found.letter.request_id if per_request else found.letter.place
            if key in letters or len(letters) < limit:
                letters[key] = found.letter
            else:
                left += 1
    return list(letters.values()), left


def _act(
    choice: Choice,
    orders: Orders,
    limit: int,
    decide: Callable[[Letter, RequestStanding | None, Mark | None], Planned],
    *,
    per_request: bool,
) -> None:
    left = 0

    async def work() -> Counter[str]:
        async with desk() as at:

            async def plan() -> list[Planned]:
                nonlocal left
                letters, left = await _chosen(at, choice, limit, per_request=per_request)
                marks, standings = await _known(at, letters)
                return [
                    decide(one, standings.get(one.request_id), marks.get(one.place))
                    for one in letters
                ]

            return await act(at, orders, plan)

    finish(guarded(work), left)


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
    choice = Choice(request, reason, tenant, options.window(since, until))
    refuse_blanket(everything=choice.everything, said_all=everything)

    def decide(letter: Letter, standing: RequestStanding | None, mark: Mark | None) -> Planned:
        return Planned(
            letter.place, redrive_letter(letter, standing, mark), letter.request_id, mark=mark
        )

    _act(
        choice, Orders(dry_run, yes, operator_name(operator), why), limit, decide, per_request=True
    )


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
    choice = Choice(request, reason, tenant, options.window(since, until))
    refuse_blanket(everything=choice.everything, said_all=everything)

    def decide(letter: Letter, standing: RequestStanding | None, mark: Mark | None) -> Planned:
        return Planned(letter.place, discard_letter(standing, mark), letter.request_id)

    _act(
        choice, Orders(dry_run, yes, operator_name(operator), why), limit, decide, per_request=False
    )


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
