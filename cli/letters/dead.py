"""`looks dlq list, show, redrive, discard, actions`: dead letters, which are failed requests kept
whole.
"""

import json
from contextlib import aclosing
from typing import Annotated

import typer

from cli.letters import options, present, standing
from cli.letters.acting import desk, orders
from cli.letters.commands import Listing, act_on, say_list
from cli.letters.running import guarded
from operations.letters.choice import Choice
from operations.letters.dead import Found, Letters
from operations.letters.finding import Listed, find
from operations.letters.planning import discard_letters, redrive_letters
from operations.letters.records import action_object, record_object
from operations.letters.standing import standing_of
from schemas.failures import FailureCode

app = typer.Typer(no_args_is_help=True, help="Failed looks (dead letters) and quarantined records.")

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
    """List the newest dead letters, that is, failed looks: when, which request, why, after how many
    attempts, which process decided, and what an operator did about it.
    """
    window = options.window(since, until)
    choice = Choice(options.only(request), reason, tenant, window=window)
    say_list(Letters(), choice, Listing(limit, unsettled, as_json, "no dead letters"), _line)


def _line(listed: Listed[Found]) -> str:
    event = listed.one.event
    item = "" if event.reason.item_index is None else f" items[{event.reason.item_index}]"
    return (
        f"{present.clock(event.dead_lettered_at)} {event.request_id} {event.tenant_id:<12} "
        f"{listed.state:<10} "
        f"{event.reason.code}{item} after {event.attempts} by "
        f"{present.clean(event.decided_by)}: {present.clean(event.reason.message)}"
    )


@app.command("show")
def show(
    request: Annotated[str, typer.Argument(help="request id")], as_json: options.AsJson = False
) -> None:
    """Show one request: its dead letters whole, its timeline, and what operators did."""

    async def work() -> tuple[list[str], dict[str, object]]:
        lines: list[str] = []
        letters: list[dict[str, object]] = []
        async with desk() as at:
            choice = Choice(options.only(request))
            async with aclosing(find(at.kafka, Letters(), choice)) as chosen:
                async for _, record in chosen:
                    lines += present.whole(record)
                    letters.append(record_object(record))
            stands = await standing_of(at, request)
        whole = {"request_id": request, "letters": letters} | stands.fields
        return lines + standing.lines(request, stands), whole

    lines, whole = guarded(work)
    if not whole["letters"]:
        typer.secho(f"there is no dead letter of {request}", fg="red", err=True)
        raise typer.Exit(1)
    typer.echo(json.dumps(whole) if as_json else "\n".join(lines))


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
    operator: options.WhoActs = None,
    why: options.Why = "",
) -> None:
    """Run failed looks again. A look that failed by our fault and was refunded is made anew at no
    cost, once. A dead letter that nobody handled is sent again, so that its look fails and is
    refunded as it should. Try --dry-run first.
    """
    choice = Choice(options.only(request), reason, tenant, window=options.window(since, until))
    options.selected(choice, said_all=everything)
    act_on(orders(dry_run, yes, operator, why), lambda at: redrive_letters(at, choice, limit))


@app.command()
def discard(  # noqa: PLR0913 (options are arguments)
    why: Annotated[str, typer.Option("--why", help="the reason, kept with the action")],
    request: options.Request = None,
    reason: Reason = None,
    tenant: options.OnlyTenant = None,
    since: options.Since = None,
    until: options.Until = None,
    everything: options.Everything = False,
    limit: options.MaxItems = 1000,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    operator: options.WhoActs = None,
) -> None:
    """Mark dead letters as handled, so that `--open` no longer lists them. Nothing is deleted."""
    choice = Choice(options.only(request), reason, tenant, window=options.window(since, until))
    options.selected(choice, said_all=everything)
    act_on(orders(dry_run, yes, operator, why), lambda at: discard_letters(at, choice, limit))


@app.command("actions")
def show_actions(limit: options.MaxItems = 50, as_json: options.AsJson = False) -> None:
    """List what operators did, newest last."""

    async def work() -> list[str]:
        async with desk() as at:
            done = await at.actions.newest(limit)
        return [
            json.dumps(action_object(one)) if as_json else present.action_line(one) for one in done
        ]

    lines = guarded(work)
    if lines or not as_json:
        typer.echo("\n".join(lines) or "no actions")
