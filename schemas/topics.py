"""Every topic, declared once: name, payload, retention, audience. `looks topics apply` creates what
stands here.
"""

from dataclasses import dataclass
from enum import StrEnum

from schemas.events import (
    CancelLook,
    CreditRefund,
    LookCompleted,
    LookDeadLettered,
    LookFailed,
    LookProgress,
    LookRequested,
    RequestEvent,
)

PARTITIONS = 12
"""Of every topic, unless settings say otherwise (`schemas.namespace`)."""

MAX_RECORD_BYTES = 1024 * 1024
"""As the broker stores it, compressed."""

_DAY_MS = 24 * 60 * 60 * 1000


class Audience(StrEnum):
    """Who may build on a topic."""

    INTERNAL = "internal"
    PUBLIC = "public"
    OPERATORS = "operators"
    FINANCE = "finance"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `event` is None where the bytes are kept as they came."""

    name: str
    event: type[RequestEvent] | None
    retention_ms: int
    audience: Audience
    about: str
    partitions: int = PARTITIONS
    max_record_bytes: int = MAX_RECORD_BYTES
    copartitioned: bool = True  # the same key has the same partition number as in the others

    def config(self) -> dict[str, str]:
        """Topic-level settings for the broker."""
        return {
            "retention.ms": str(self.retention_ms),
            "compression.type": "producer",
            "cleanup.policy": "delete",
            # The broker's time, not the producer's: retention, seeks by time and the deadline's
            # last look rest on one clock.
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(self.max_record_bytes),
        }


LOOK_REQUESTED = Topic(
    "look.requested",
    LookRequested,
    7 * _DAY_MS,
    Audience.INTERNAL,
    "accepted requests, to be composed",
)
LOOK_CANCEL = Topic(
    "look.cancel", CancelLook, 7 * _DAY_MS, Audience.INTERNAL, "commands to cancel a request"
)
LOOK_PROGRESS = Topic(
    "look.progress", LookProgress, 7 * _DAY_MS, Audience.INTERNAL, "stages of looks in the making"
)
LOOK_COMPLETED = Topic(
    "look.completed", LookCompleted, 90 * _DAY_MS, Audience.PUBLIC, "finished looks"
)
LOOK_FAILED = Topic(
    "look.failed", LookFailed, 90 * _DAY_MS, Audience.PUBLIC, "looks that failed for good"
)
LOOK_DEAD_LETTER = Topic(
    "look.dead-letter",
    LookDeadLettered,
    30 * _DAY_MS,
    Audience.OPERATORS,
    "failed requests, kept whole",
)
LOOK_QUARANTINE = Topic(
    "look.quarantine",
    None,
    30 * _DAY_MS,
    Audience.OPERATORS,
    "records that can't be read or handled, as they came",
    max_record_bytes=2 * MAX_RECORD_BYTES,
    copartitioned=False,
)
CREDIT_REFUND = Topic(
    "credit.refund",
    CreditRefund,
    90 * _DAY_MS,
    Audience.FINANCE,
    "refunds owed to tenants",
    copartitioned=False,
)

RETRY_DELAYS_S: tuple[int, ...] = (2, 10, 30)
"""One retry topic per delay: the n-th retry waits n-th delay, with jitter. After the last the look
fails.
"""


def _retry_topic(delay_s: int) -> Topic:
    return Topic(
        f"look.requested.retry.{delay_s}s",
        LookRequested,
        7 * _DAY_MS,
        Audience.INTERNAL,
        f"requests to try again after {delay_s} s",
    )


RETRY_TOPICS: tuple[Topic, ...] = tuple(_retry_topic(delay_s) for delay_s in RETRY_DELAYS_S)

TOPICS: tuple[Topic, ...] = (
    LOOK_REQUESTED,
    *RETRY_TOPICS,
    LOOK_CANCEL,
    LOOK_PROGRESS,
    LOOK_COMPLETED,
    LOOK_FAILED,
    LOOK_DEAD_LETTER,
    LOOK_QUARANTINE,
    CREDIT_REFUND,
)
IN_THE_LAKE: tuple[Topic, ...] = (
    LOOK_REQUESTED,
    LOOK_PROGRESS,
    LOOK_COMPLETED,
    LOOK_FAILED,
    LOOK_DEAD_LETTER,
    CREDIT_REFUND,
)
"""Those of which the lake has a table."""
TOPIC_OF: dict[type[RequestEvent], Topic] = {
    topic.event: topic for topic in TOPICS if topic.event is not None and topic not in RETRY_TOPICS
}
BY_NAME: dict[str, Topic] = {topic.name: topic for topic in TOPICS}
COPARTITIONED: tuple[str, ...] = tuple(topic.name for topic in TOPICS if topic.copartitioned)
"""A request has the same partition number in all of these, so one consumer owns all that concerns
it. Their counts are equal.
"""
