"""`looks dlq quarantine`: records that somebody could not read or handle, kept as they came."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from cli.letters import options, present
from cli.letters.acting import Desk, Orders, Planned, RedrivePlan, desk, orders
from cli.letters.commands import Listing, act_on, choose, find, say_list, state_of
from cli.letters.options import Choice
from cli.letters.running import guarded
from cli.letters.standing import about
from domain.redriving import (
    Already,
    Mark,
    RecordPosition,
    Send,
    discard_record,
    origin,
    redrive_record,
)
from runtime.kafka import ConsumerRecord
from runtime.reading import Picker
from runtime.settings import KafkaSettings
from schemas.ids import RequestId
from schemas.topics import LOOK_QUARANTINE, Topic

app = typer.Typer(no_args_is_help=True, help="Records that nobody could read or handle.")

MAX_SHOWN_BYTES = 80
_REQUEST_ID: TypeAdapter[str] = TypeAdapter(RequestId)

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


@dataclass(frozen=True, slots=True)
class Kept:
    """One quarantined record, in short."""

    place: RecordPosition
    origin: RecordPosition | None
    headers: dict[str, str]
    request_id: str | None

    def said(self, name: str) -> str:
        """What quarantine noted about it."""
        return self.headers.get(f"looks-quarantine-{name}", "?")


def _tenant(value: bytes | None) -> str | None:
    try:
        body = json.loads(value or b"")
    except (ValueError, RecursionError):
        return None
    tenant = body.get("tenant_id") if isinstance(body, dict) else None
    return tenant if isinstance(tenant, str) else None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Records that somebody could not read or handle."""

    topic: Topic = LOOK_QUARANTINE
    nothing: str = "nothing is quarantined"

    def read(self, record: ConsumerRecord) -> Kept:
        """A quarantined record in short. Its request is what its key names, if it names one."""
        headers = present.headers_of(record)
        try:
            request_id = _REQUEST_ID.validate_python((record.key or b"").decode())
        except (ValidationError, UnicodeDecodeError):
            request_id = None
        place = RecordPosition(record.topic, record.partition, record.offset)
        return Kept(place, origin(headers), headers, request_id)

    def takes(self, choice: Choice, one: Kept, record: ConsumerRecord) -> bool:
        """Whether it is meant. A tenant is what its body names, where it can be read at all."""
        return (
            choice.request in (None, one.request_id)
            and (choice.reason is None or choice.reason in one.said("reason"))
            and choice.topic in (None, one.said("topic"))
            and choice.consumer in (None, one.said("consumer"))
            and (choice.record is None or options.place(choice.record) == one.place)
            and (choice.tenant is None or _tenant(record.value) == choice.tenant)
        )

    async def states(self, at: Desk, found: Sequence[Kept]) -> Sequence[str]:
        """What operators did about each."""
        marks = await at.actions.marks([kept.place for kept in found])
        return [state_of(marks.get(kept.place)) for kept in found]

    def line(self, one: Kept, record: ConsumerRecord, state: str) -> str:
        """For people."""
        begins = (record.value or b"")[:MAX_SHOWN_BYTES]
        return present.clean(
            f"{present.clock(present.written_at(record))} "
            f"{one.place.partition}@{one.place.offset} {state:<10} "
            f"from {one.origin or '?'} {one.said('consumer')}: {one.said('reason')} {begins!r}"
        )

    def fields(self, one: Kept, record: ConsumerRecord, state: str) -> dict[str, object]:
        """For programs."""
        return {
            "record": str(one.place),
            "at": present.written_at(record).isoformat(),
            "origin": str(one.origin) if one.origin else None,
            "consumer": one.said("consumer"),
            "reason": one.said("reason"),
            "request_id": one.request_id,
            "state": state,
            "bytes": len(record.value or b""),
        }


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
    """List the newest quarantined records: place, origin, who could not handle it, why, what was
    done, its first bytes.
    """
    window = options.window(since, until)
    choice = Choice(request, reason, tenant, topic, consumer, window=window)
    say_list(Quarantined(), choice, Listing(limit, unsettled, as_json))


@app.command("show")
def show(
    record: Annotated[str, typer.Argument(help="PARTITION@OFFSET")], as_json: options.AsJson = False
) -> None:
    """Show one record whole, what was done about it, and the timeline of its request."""
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
            whole = present.as_object(found) | {"state": state_of(mark)}
            request_id = Quarantined().read(found).request_id
            return await about(at, request_id, lines, whole) if request_id else (lines, whole)

    shown = guarded(work)
    if shown is None:
        typer.secho(f"there is no record at {place}", fg="red", err=True)
        raise typer.Exit(1)
    lines, whole = shown
    typer.echo(json.dumps(whole) if as_json else "\n".join(lines))


def _act(
    choice: Choice,
    given: Orders,
    limit: int,
    decide: Callable[[Kept, Mark | None, Mark | None], Planned],
) -> None:
    async def plan(at: Desk) -> RedrivePlan:
        chosen, left = await choose(
            find(at.kafka, Quarantined(), choice), limit, lambda kept: kept.place
        )
        return RedrivePlan(await _planned(at, chosen, decide), left)

    act_on(given, plan)


async def _planned(
    at: Desk, chosen: list[Kept], decide: Callable[[Kept, Mark | None, Mark | None], Planned]
) -> list[Planned]:
    marks = await at.actions.marks([kept.place for kept in chosen])
    origins = [kept.origin for kept in chosen if kept.origin is not None]
    twins = await at.actions.sent_from(origins) | await at.actions.marks(origins)
    planned: list[Planned] = []
    first: dict[RecordPosition, RecordPosition] = {}
    for kept in chosen:
        one = decide(kept, marks.get(kept.place), twins.get(kept.origin) if kept.origin else None)
        if isinstance(one.decision, Send) and kept.origin is not None:
            copy = first.setdefault(kept.origin, kept.place)
            if copy != kept.place:
                what = Already(f"the same record as {copy}, kept by another reader")
                one = Planned(kept.place, what, kept.request_id, kept.origin)
        planned.append(one)
    return planned


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
    operator: options.Operator = None,
    why: options.Why = "",
) -> None:
    """Send quarantined records back to the topics that they came from, in the order in which they
    first came.
    """
    choice = Choice(request, reason, tenant, topic, consumer, record, options.window(since, until))
    choice.refuse_blanket(said_all=everything)

    topics = KafkaSettings().names.declared

    def decide(kept: Kept, mark: Mark | None, twin: Mark | None) -> Planned:
        return Planned(
            kept.place,
            redrive_record(kept.headers, topics, mark, twin),
            kept.request_id,
            kept.origin,
            mark,
        )

    _act(choice, orders(dry_run, yes, operator, why), limit, decide)


@app.command()
def discard(  # noqa: PLR0913 (options are arguments)
    why: Annotated[str, typer.Option("--why", help="recorded with the action")],
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
    operator: options.Operator = None,
) -> None:
    """Mark quarantined records as dealt with. The records stay on their topic."""
    choice = Choice(request, reason, tenant, topic, consumer, record, options.window(since, until))
    choice.refuse_blanket(said_all=everything)

    def decide(kept: Kept, mark: Mark | None, twin: Mark | None) -> Planned:
        return Planned(kept.place, discard_record(mark), kept.request_id, kept.origin)

    _act(choice, orders(dry_run, yes, operator, why), limit, decide)
