"""`looks dlq quarantine`: records that somebody could not read or handle, kept as they came."""

import json
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from cli.letters import options, present
from cli.letters.acting import Desk, Orders, Planned, act, desk, operator_name
from cli.letters.running import batches, finish, guarded, refuse_blanket
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
from runtime.reading import Picker, between, partitions_of, spans
from runtime.settings import KafkaSettings
from schemas.ids import RequestId
from schemas.topics import BY_NAME, LOOK_QUARANTINE

app = typer.Typer(no_args_is_help=True, help="Records that nobody could read or handle.")

MAX_SHOWN_BYTES = 80
_REQUEST_ID: TypeAdapter[str] = TypeAdapter(RequestId)

Reason = Annotated[str | None, typer.Option(help="only records whose reason contains this")]
FromTopic = Annotated[
    str | None, typer.Option("--topic", help="only records that came from this topic")
]
Consumer = Annotated[
    str | None, typer.Option(help="only records that this consumer could not handle")
]
Record = Annotated[str | None, typer.Option(help="only the record at this place, PARTITION@OFFSET")]


@dataclass(frozen=True, slots=True)
class Kept:
    """One quarantined record, in short."""

    place: RecordPosition
    origin: RecordPosition | None
    headers: dict[str, str]
    request_id: str | None
    begins: bytes

    def said(self, name: str) -> str:
        """What quarantine noted about it."""
        return self.headers.get(f"looks-quarantine-{name}", "?")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which quarantined records."""

    request: str | None
    reason: str | None
    tenant: str | None
    topic: str | None
    consumer: str | None
    record: str | None
    window: options.Window

    @property
    def everything(self) -> bool:
        """Whether nothing was selected."""
        return self == Choice(None, None, None, None, None, None, options.Window(None, None))

    def takes(self, kept: Kept, record: ConsumerRecord) -> bool:
        """Whether a record is meant. A tenant is what its body names, where it can be read at
        all.
        """
        return (
            self.request in (None, kept.request_id)
            and (self.reason is None or self.reason in kept.said("reason"))
            and self.topic in (None, kept.said("topic"))
            and self.consumer in (None, kept.said("consumer"))
            and (self.record is None or options.place(self.record) == kept.place)
            and (self.tenant is None or _tenant(record.value) == self.tenant)
        )


def _tenant(value: bytes | None) -> str | None:
    try:
        body = json.loads(value or b"")
    except (ValueError, RecursionError):
        return None
    tenant = body.get("tenant_id") if isinstance(body, dict) else None
    return tenant if isinstance(tenant, str) else None


def kept_in(record: ConsumerRecord) -> Kept:
    """A quarantined record in short. Its request is what its key names, if it names one."""
    headers = present.headers_of(record)
    try:
        request_id = _REQUEST_ID.validate_python((record.key or b"").decode())
    except (ValidationError, UnicodeDecodeError):
        request_id = None
    place = RecordPosition(record.topic, record.partition, record.offset)
    return Kept(
        place, origin(headers), headers, request_id, (record.value or b"")[:MAX_SHOWN_BYTES]
    )


async def _records(
    kafka: KafkaSettings, choice: Choice
) -> AsyncGenerator[tuple[Kept, ConsumerRecord], None]:
    there = await spans(
        kafka, partitions_of([LOOK_QUARANTINE]), choice.window.since, choice.window.until
    )
    async with aclosing(between(kafka, there)) as everything:
        async for record in everything:
            kept = kept_in(record)
            if choice.takes(kept, record):
                yield kept, record


@app.command("list")
def show_list(  # noqa: PLR0913 (options are arguments)
    request: options.Request = None,
    reason: Reason = None,
    tenant: options.OnlyTenant = None,
    topic: FromTopic = None,
    consumer: Consumer = None,
    since: options.Since = None,
    until: options.Until = None,
    limit: options.MaxItems = 50,
    unsettled: Annotated[
        bool, typer.Option("--open", help="only those that no operator has dealt with")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """List the newest quarantined records: place, origin, who could not handle it, why, what was
    done, its first bytes.
    """
    choice = Choice(request, reason, tenant, topic, consumer, None, options.window(since, until))

    async def work() -> list[str]:
        lines: deque[str] = deque(maxlen=limit)
        async with desk() as at, aclosing(_records(at.kafka, choice)) as chosen:
            async for batch in batches(chosen):
                marks = await at.actions.marks([kept.place for kept, _ in batch])
                for kept, record in batch:
                    mark = marks.get(kept.place)
                    if mark is None or not unsettled:
                        state = mark.state if mark else "open"
                        lines.append(
                            _object(kept, record, state) if as_json else _line(kept, record, state)
                        )
        return list(lines)

    lines = guarded(work)
    if lines or not as_json:
        typer.echo("\n".join(lines) or "nothing is quarantined")


def _line(kept: Kept, record: ConsumerRecord, state: str) -> str:
    return present.clean(
        f"{present.clock(present.written_at(record))} {kept.place.partition}@{kept.place.offset} "
        f"{state:<10} "
        f"from {kept.origin or '?'} {kept.said('consumer')}: {kept.said('reason')} {kept.begins!r}"
    )


def _object(kept: Kept, record: ConsumerRecord, state: str) -> str:
    return json.dumps(
        {
            "record": str(kept.place),
            "at": present.written_at(record).isoformat(),
            "origin": str(kept.origin) if kept.origin else None,
            "consumer": kept.said("consumer"),
            "reason": kept.said("reason"),
            "request_id": kept.request_id,
            "state": state,
            "bytes": len(record.value or b""),
        }
    )


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
                f"state: {present.clean(str(mark)) if mark else 'open'}",
            ]
            whole = present.as_object(found) | {"state": mark.state if mark else "open"}
            request_id = kept_in(found).request_id
            return await about(at, request_id, lines, whole) if request_id else (lines, whole)

    shown = guarded(work)
    if shown is None:
        typer.secho(f"there is no record at {place}", fg="red", err=True)
        raise typer.Exit(1)
    lines, whole = shown
    typer.echo(json.dumps(whole) if as_json else "\n".join(lines))


def _act(
    choice: Choice,
    orders: Orders,
    limit: int,
    decide: Callable[[Kept, Mark | None, Mark | None], Planned],
) -> None:
    left = 0

    async def work() -> Counter[str]:
        async with desk() as at:

            async def plan() -> list[Planned]:
                nonlocal left
                chosen, left = await _chosen(at, choice, limit)
                return await _plan(at, chosen, decide)

            return await act(at, orders, plan)

    finish(guarded(work), left)


async def _chosen(at: Desk, choice: Choice, limit: int) -> tuple[list[Kept], int]:
    """The first `limit` of the chosen records, and how many were left out."""
    chosen: list[Kept] = []
    left = 0
    async with aclosing(_records(at.kafka, choice)) as records:
        async for kept, _ in records:
            if len(chosen) < limit:
                chosen.append(kept)
            else:
                left += 1
    return chosen, left


async def _plan(
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
    reason: Reason = None,
    tenant: options.OnlyTenant = None,
    topic: FromTopic = None,
    consumer: Consumer = None,
    record: Record = None,
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
    refuse_blanket(everything=choice.everything, said_all=everything)

    def decide(kept: Kept, mark: Mark | None, twin: Mark | None) -> Planned:
        return Planned(
            kept.place,
            redrive_record(kept.headers, BY_NAME, mark, twin),
            kept.request_id,
            kept.origin,
            mark,
        )

    _act(choice, Orders(dry_run, yes, operator_name(operator), why), limit, decide)


@app.command()
def discard(  # noqa: PLR0913 (options are arguments)
    why: Annotated[str, typer.Option("--why", help="recorded with the action")],
    request: options.Request = None,
    reason: Reason = None,
    tenant: options.OnlyTenant = None,
    topic: FromTopic = None,
    consumer: Consumer = None,
    record: Record = None,
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
    refuse_blanket(everything=choice.everything, said_all=everything)

    def decide(kept: Kept, mark: Mark | None, twin: Mark | None) -> Planned:
        return Planned(kept.place, discard_record(mark), kept.request_id, kept.origin)

    _act(choice, Orders(dry_run, yes, operator_name(operator), why), limit, decide)
