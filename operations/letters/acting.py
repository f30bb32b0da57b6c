"""Carrying out what was decided about records: intent first, then the effect, then the mark.

Whatever is interrupted in between is finished by the same order given again: a record that was
sent is found again by its action's id, and a new request comes with its mark in one transaction.
One operator acts at a time.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta

from aiokafka.errors import MessageSizeTooLargeError

from domain.redriving import (
    ACTION_HEADER,
    Already,
    Discard,
    RecordPosition,
    RedriveRefused,
    Rerun,
    Send,
    sent_again,
)
from operations.actor import Actor
from operations.letters.desk import Desk
from operations.letters.planning import VERBS, Planned
from runtime import faults
from runtime.kafka import AIOKafkaProducer, TopicPartition, new_producer, stop_client, unbroken
from runtime.reading import Picker, between, spans
from schemas.ids import new_request_id
from storage.operator_actions import Intent, Recorded


@dataclass(frozen=True, slots=True)
class CameTo:
    """What became of one record: in a word, and in detail."""

    planned: Planned
    word: str
    detail: str


async def carry_out(
    at: Desk, actor: Actor, planned: Sequence[Planned]
) -> AsyncGenerator[CameTo, None]:
    """Act on each; what was done is told as it is done. The caller holds `actions.alone()`."""
    producer = new_producer(at.kafka, "operator")
    async with Picker(at.kafka) as picker:
        await unbroken(producer.start())
        try:
            for one in sorted(planned, key=lambda one: one.order):
                yield CameTo(one, *await _one(at, actor, one, _Wire(producer, picker)))
        finally:
            await stop_client(producer)


@dataclass(frozen=True, slots=True)
class _Wire:
    producer: AIOKafkaProducer
    picker: Picker


async def _one(at: Desk, actor: Actor, one: Planned, wire: _Wire) -> tuple[str, str]:
    """Act on one record; what it came to, in a word and in detail."""
    match one.decision:
        case Already(what):
            return "skipped", what
        case RedriveRefused(why):
            return "refused", why
        case Discard():
            fresh = await at.actions.whole(_intent(actor, one), "")
            return (
                ("discarded", actor.why)
                if fresh
                else ("skipped", "something was done about it in the meantime")
            )
        case Rerun():
            made = await at.redrives.rerun(
                one.request_id or "", _intent(actor, one), at.look.deadline_s
            )
            return (
                ("rerun", f"as {made}") if made else ("skipped", "it was redriven in the meantime")
            )
        case Send():
            return await _send(at, one.place, _intent(actor, one), one.decision, wire)


def _intent(actor: Actor, one: Planned) -> Intent:
    return Intent(
        action_id=new_request_id(),
        verb=VERBS[type(one.decision)],
        place=one.place,
        operator=actor.operator,
        reason=actor.why,
        request_id=one.request_id,
        origin=one.origin,
        role=actor.role,
    )


async def _send(
    at: Desk, place: RecordPosition, wanted: Intent, send: Send, wire: _Wire
) -> tuple[str, str]:
    recorded = await at.actions.intend(wanted)
    intent = recorded.intent
    resumed = intent.action_id != wanted.action_id
    if recorded.mark.finished:
        return "skipped", str(recorded.mark)
    before = await _sent_before(at, recorded, send) if resumed else None
    if before is not None:
        await at.actions.finish(intent, before)
        return "sent", f"{before}, by an action that was interrupted"
    record = await wire.picker.pick(place.topic, place.partition, place.offset)
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
