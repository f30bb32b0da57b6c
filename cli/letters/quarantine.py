"""`looks dlq quarantine`: records that somebody could not read or handle, kept as they came."""

import json
from typing import Annotated

import typer

from cli.letters import options, present, standing
from cli.letters.acting import desk, orders
from cli.letters.commands import Listing, act_on, say_list
from cli.letters.running import guarded
from operations.letters.choice import Choice
from operations.letters.finding import Listed
from operations.letters.planning import discard_records, redrive_records
from operations.letters.quarantine import Kept, Quarantined
from operations.letters.records import record_object, state_of, written_at
from operations.letters.standing import standing_of
from runtime.reading import Picker

app = typer.Typer(no_args_is_help=True, help="Records that no process could read or handle.")

MAX_SHOWN_BYTES = 80

ReasonContains = Annotated[str | None, typer.Option(help="only records whose reason contains this")]
FromTopic = Annotated[
    str | None, typer.Option("--topic", help="only records that came from this topic")
]
Consumer = Annotated[
    str | None, typer.Option(help="only records that this consumer could not handle")
]
OneRecord = Annotated[
    str | None, typer.Option(help="only the record at this place, PARTITION@OFFSET")
]


@app.command("list")
def show_list(  # noqa: PLR0913 (options are arguments)
    request: options.Request = None,
    reason: ReasonContains = None,
    tenant: options.OnlyTenant = None,
    topic: FromTopic = None,
    consumer: Consumer = None,
    since: options.Since = None,
    until: options.Until = None,
    limit: options.MaxItems = 50,
    unsettled: options.Unsettled = False,
    as_json: options.AsJson = False,
) -> None:
    """List the newest quarantined records: where each is, where it came from, which process could
    not handle it and why, what an operator did, and its first bytes.
    """
    window = options.window(since, until)
    choice = Choice(options.only(request), reason, tenant, topic, consumer, window=window)
    listing = Listing(limit, unsettled, as_json, "nothing is quarantined")
    say_list(Quarantined(), choice, listing, _line)


def _line(listed: Listed[Kept]) -> str:
    one, begins = listed.one, (listed.record.value or b"")[:MAX_SHOWN_BYTES]
    return present.clean(
        f"{present.clock(written_at(listed.record))} "
        f"{one.place.partition}@{one.place.offset} {listed.state:<10} "
        f"from {one.origin or '?'} {one.said('consumer')}: {one.said('reason')} {begins!r}"
    )


@app.command("show")
def show(
    record: Annotated[
        str, typer.Argument(help="the record's place, PARTITION@OFFSET, as `list` shows it")
    ],
    as_json: options.AsJson = False,
) -> None:
    """Show one quarantined record whole, the timeline of its request, and what operators did."""
    place = options.place(record)

    async def work() -> tuple[list[str], dict[str, object]] | None:
        async with desk() as at, Picker(at.kafka) as picker:
            found = await picker.pick(place.topic, place.partition, place.offset)
            if found is None:
                return None
            mark = (await at.actions.marks([place])).get(place)
            lines = [
                *present.whole(found),
                f"state: {present.clean(str(mark)) if mark else state_of(None)}",
            ]
            whole = record_object(found) | {"state": state_of(mark)}
            request_id = Quarantined().read(found).request_id
            if request_id is None:
                return lines, whole
            stands = await standing_of(at, request_id)
            return lines + standing.lines(request_id, stands), whole | stands.fields

    shown = guarded(work)
    if shown is None:
        typer.secho(f"there is no record at {place}", fg="red", err=True)
        raise typer.Exit(1)
    lines, whole = shown
    typer.echo(json.dumps(whole) if as_json else "\n".join(lines))


@app.command()
def redrive(  # noqa: PLR0913 (options are arguments)
    request: options.Request = None,
    reason: ReasonContains = None,
    tenant: options.OnlyTenant = None,
    topic: FromTopic = None,
    consumer: Consumer = None,
    record: OneRecord = None,
    since: options.Since = None,
    until: options.Until = None,
    everything: options.Everything = False,
    limit: options.MaxItems = 1000,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    operator: options.WhoActs = None,
    why: options.Why = "",
) -> None:
    """Send quarantined records back to the topics that they came from, oldest first. Fix the cause
    before, or they come back. Try --dry-run first.
    """
    records = options.only(None if record is None else options.place(record))
    window = options.window(since, until)
    choice = Choice(options.only(request), reason, tenant, topic, consumer, records, window)
    options.selected(choice, said_all=everything)
    act_on(orders(dry_run, yes, operator, why), lambda at: redrive_records(at, choice, limit))


@app.command()
def discard(  # noqa: PLR0913 (options are arguments)
    why: Annotated[str, typer.Option("--why", help="the reason, kept with the action")],
    request: options.Request = None,
    reason: ReasonContains = None,
    tenant: options.OnlyTenant = None,
    topic: FromTopic = None,
    consumer: Consumer = None,
    record: OneRecord = None,
    since: options.Since = None,
    until: options.Until = None,
    everything: options.Everything = False,
    limit: options.MaxItems = 1000,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    operator: options.WhoActs = None,
) -> None:
    """Mark quarantined records as handled, so that `--open` no longer lists them. Nothing is
    deleted.
    """
    records = options.only(None if record is None else options.place(record))
    window = options.window(since, until)
    choice = Choice(options.only(request), reason, tenant, topic, consumer, records, window)
    options.selected(choice, said_all=everything)
    act_on(orders(dry_run, yes, operator, why), lambda at: discard_records(at, choice, limit))
