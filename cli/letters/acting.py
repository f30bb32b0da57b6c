"""Carrying out what was decided about records: intent first, then the effect, then the mark.

Whatever is interrupted in between is finished by the same command given again: a record that was
sent is found again by its action's id, and a new request comes with its mark in one transaction.
One operator acts at a time.
"""

import os
import pwd
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import typer
from aiokafka.errors import MessageSizeTooLargeError

from cli.letters.present import clean
from cli.settings import database
from domain.redriving import (
    ACTION_HEADER,
    MAX_REDRIVES,
    Already,
    Discard,
    Mark,
    RecordPosition,
    RedriveDecision,
    RedriveRefused,
    Rerun,
    Send,
    Verb,
    sent_again,
)
from runtime import faults
from runtime.kafka import AIOKafkaProducer, TopicPartition, new_producer, stop_client, unbroken
from runtime.reading import Picker, between, spans
from runtime.settings import KafkaSettings, LookSettings
from schemas.ids import new_request_id
from storage.database import open_pool
from storage.jobs import JobStore
from storage.operator_actions import Intent, OperatorActions, Recorded
from storage.redrives import RedriveStore

VERBS: dict[type[RedriveDecision], Verb] = {
    Send: Verb.SEND,
    Rerun: Verb.RERUN,
    Discard: Verb.DISCARD,
}


@dataclass(frozen=True, slots=True)
class Orders:
    """How to act: only say it, ask or not, in whose name, for what reason."""

    dry_run: bool
    yes: bool
    operator: str
    why: str


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to become of one record."""

    place: RecordPosition
    decision: RedriveDecision
    request_id: str | None
    origin: RecordPosition | None = None
    mark: Mark | None = None  # of an action that was interrupted

    @property
    def order(self) -> RecordPosition:
        """Records go out in the order in which they first came."""
        return self.origin or self.place


@dataclass(frozen=True, slots=True)
class RedrivePlan:
    """What is to become of the chosen records, and how many were left out."""

    planned: Sequence[Planned]
    left: int


@dataclass(frozen=True, slots=True)
class ActedOn:
    """How many records came to what, and how many were left out."""

    came_to: Counter[str]
    left: int


@dataclass(frozen=True, slots=True)
class Desk:
    """What commands work with."""

    kafka: KafkaSettings
    look: LookSettings
    actions: OperatorActions
    redrives: RedriveStore
    jobs: JobStore


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    """Connected to the configured database."""
    async with open_pool(database().direct) as pool:
        yield Desk(
            KafkaSettings(),
            LookSettings(),
            OperatorActions(pool),
            RedriveStore(pool),
            JobStore(pool),
        )


def operator_name(given: str | None) -> str:
    """Who acts: as given, or else the user that this process runs as."""
    if given:
        return given
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def orders(dry_run: bool, yes: bool, operator: str | None, why: str) -> Orders:
    """Orders as a command's options give them."""
    return Orders(dry_run, yes, operator_name(operator), why)


async def act(at: Desk, orders: Orders, make_plan: Callable[[], Awaitable[RedrivePlan]]) -> ActedOn:
    """Say the plan or carry it out. Raises typer.Exit, OperatorBusy, KafkaError."""
    if orders.dry_run:
        plan = await make_plan()
        _say_plan(plan.planned)
        return ActedOn(Counter(f"would {_verb(one.decision)}" for one in plan.planned), plan.left)
    if not orders.yes and not sys.stdin.isatty():
        typer.secho(
            "nothing was done: say --yes, or --dry-run to see what would be", fg="red", err=True
        )
        raise typer.Exit(1)
    async with at.actions.alone():
        plan = await make_plan()
        if not orders.yes:
            _say_plan(plan.planned)
            typer.confirm("Do this?", abort=True)
        return ActedOn(await _carry_out(at, orders, plan.planned), plan.left)


def _verb(decision: RedriveDecision) -> str:
    match decision:
        case Already():
            return "skip"
        case RedriveRefused():
            return "refuse"
        case _:
            return VERBS[type(decision)].value


def _say_plan(planned: Sequence[Planned]) -> None:
    for one in planned:
        _say(f"would {_verb(one.decision)}", one, _detail(one))


def _detail(one: Planned) -> str:
    match one.decision:
        case Already(what):
            return what
        case RedriveRefused(why):
            return why
        case Send(topic, partition, redrives):
            again = " unless its record is found there: it was interrupted" if one.mark else ""
            return f"to {topic}[{partition}], redrive {redrives} of {MAX_REDRIVES}{again}"
        case Rerun():
            return "a new request with the same items, charged 0"
        case Discard():
            return "marked, nothing else"


def _say(word: str, one: Planned, detail: str) -> None:
    typer.echo(f"{word:<13} {one.place} {clean(one.request_id or '-')} {clean(detail)}")


async def _carry_out(at: Desk, orders: Orders, planned: Sequence[Planned]) -> Counter[str]:
    producer = new_producer(at.kafka, "operator")
    came_to: Counter[str] = Counter()
    async with Picker(at.kafka) as picker:
        await unbroken(producer.start())
        try:
            for one in sorted(planned, key=lambda one: one.order):
                word, detail = await _one(at, orders, one, _Wire(producer, picker))
                _say(word, one, detail)
                came_to[word] += 1
        finally:
            await stop_client(producer)
    return came_to


@dataclass(frozen=True, slots=True)
class _Wire:
    producer: AIOKafkaProducer
    picker: Picker


async def _one(at: Desk, orders: Orders, one: Planned, wire: _Wire) -> tuple[str, str]:
    """Act on one record; what it came to, in a word and in detail."""
    match one.decision:
        case Already(what):
            return "skipped", what
        case RedriveRefused(why):
            return "refused", why
        case Discard():
            fresh = await at.actions.whole(_intent(orders, one), "")
            return (
                ("discarded", orders.why)
                if fresh
                else ("skipped", "something was done about it in the meantime")
            )
        case Rerun():
            made = await at.redrives.rerun(
                one.request_id or "", _intent(orders, one), at.look.deadline_s
            )
            return (
                ("rerun", f"as {made}") if made else ("skipped", "it was redriven in the meantime")
            )
        case Send():
            return await _send(at, _intent(orders, one), one.decision, wire)


def _intent(orders: Orders, one: Planned) -> Intent:
    return Intent(
        action_id=new_request_id(),
        verb=VERBS[type(one.decision)],
        place=one.place,
        operator=orders.operator,
        reason=orders.why,
        request_id=one.request_id,
        origin=one.origin,
    )


async def _send(at: Desk, wanted: Intent, send: Send, wire: _Wire) -> tuple[str, str]:
    recorded = await at.actions.intend(wanted)
    intent = recorded.intent
    resumed = intent.action_id != wanted.action_id
    if recorded.mark.finished:
        return "skipped", str(recorded.mark)
    before = await _sent_before(at, recorded, send) if resumed else None
    if before is not None:
        await at.actions.finish(intent, before)
        return "sent", f"{before}, by an action that was interrupted"
    record = await wire.picker.pick(intent.place.topic, intent.place.partition, intent.place.offset)
    if record is None:
        await at.actions.fail(intent, "the topic has forgotten it")
        return "failed", "the topic has forgotten it"
    headers = sent_again(
        tuple((name, raw or b"") for name, raw in record.headers or ()),
        send.redrives,
        intent.action_id,
    )
    await faults.at("operator", faults.FaultPoint.BEFORE_PUBLISH)
    try:
        sent = await wire.producer.send_and_wait(
            send.topic,
            record.value,
            key=record.key,
            partition=send.partition,
            headers=list(headers),
        )
    except MessageSizeTooLargeError:
        await at.actions.fail(intent, "larger than its topic lets in")
        return "failed", "larger than its topic lets in"
    await faults.at("operator", faults.FaultPoint.AFTER_PUBLISH)
    outcome = f"sent as {RecordPosition(send.topic, sent.partition, sent.offset)}"
    await at.actions.finish(intent, outcome)
    return "sent", outcome


async def _sent_before(at: Desk, recorded: Recorded, send: Send) -> str | None:
    """Where an interrupted action's record stands, if it was sent; None when it was not."""
    since = recorded.mark.at - timedelta(seconds=at.look.clock_margin_s)
    wanted = recorded.intent.action_id.encode()
    there = await spans(
        at.kafka, [TopicPartition(send.topic, send.partition)], since, committed_only=False
    )
    async with aclosing(between(at.kafka, there, committed_only=False)) as records:
        async for record in records:
            if dict(record.headers or ()).get(ACTION_HEADER) == wanted:
                return f"sent as {RecordPosition(record.topic, record.partition, record.offset)}"
    return None
