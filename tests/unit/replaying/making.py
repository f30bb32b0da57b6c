"""Blocks as if they had been read."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from replaying.history import Progress
from replaying.records import EPOCH, EVERYBODY, MS, Block, Replayed, Wish
from replaying.sinks import Sink
from schemas.envelope import Encoded, Meta, encode
from schemas.events import TYPE_OF, LookCompleted, PlacedGarment, RequestEvent, StoredImage
from schemas.ids import derived_id
from tests.making import NOW, TENANT

DAY_MS = 24 * 60 * 60 * 1000
NOON_MS = int(datetime(2026, 1, 2, 12, tzinfo=UTC).timestamp() * 1000)
TOPIC = "look.completed"


def request_id(number: int) -> str:
    """The same request id for the same number."""
    return derived_id("01ARZ3NDEKTSV4RRFFQ69G5FAV", str(number))


def a_completion(
    number: int = 0, *, tenant: str = TENANT, category: str = "shirt"
) -> LookCompleted:
    """A completed look of one garment."""
    name = request_id(number)
    picture = StoredImage(
        bucket="looks",
        key=f"results/{tenant}/{name}.webp",
        content_type="image/webp",
        width=8,
        height=9,
        bytes=7,
        sha256="a" * 64,
    )
    item = PlacedGarment(
        trial_image="users/abc/tee.jpg",
        trial_item_category=category,
        layer="32",
        box=(0, 1, 2, 3),
        landmarks={"hem": (1.5, 2.0), "neck": (0.25, 3.0)},
        warnings=('a "quoted" word\n', "größer, x"),
    )
    return LookCompleted(
        request_id=name,
        tenant_id=tenant,
        image=picture,
        items=(item,),
        engine_version="1",
        stage_ms={"cut": 1.5},
        duration_ms=number,
        completed_at=NOW + timedelta(milliseconds=number),
    )


def encoded(event: RequestEvent, *, sequence: int = 4) -> Encoded:
    """The record of an event."""
    event_type = TYPE_OF[type(event)]
    return encode(
        event, Meta(derived_id(event.request_id, event_type), event_type, "/test", NOW, sequence)
    )


def a_block(
    rows: Sequence[Encoded | RequestEvent],
    *,
    first: int = 0,
    partition: int = 0,
    topic: str = TOPIC,
    at_ms: int = NOON_MS,
    step_ms: int = 1,
    wish: Wish = EVERYBODY,
) -> Block:
    """Records in a row."""
    records = [row if isinstance(row, Encoded) else encoded(row) for row in rows]
    return Block(
        topic,
        partition,
        first + len(records),
        [
            Replayed(
                topic,
                partition,
                at,
                EPOCH + (at_ms + step_ms * at) * MS,
                record.key,
                record.value,
                record.headers,
            )
            for at, record in enumerate(records, first)
        ],
        wish,
    )


def completions(first: int, count: int, *, step_ms: int = 1) -> Block:
    """Completed looks with these numbers at these offsets."""
    return a_block(
        [a_completion(number) for number in range(first, first + count)],
        first=first,
        step_ms=step_ms,
    )


def put(sink: Sink, *blocks: Block) -> None:
    """Each is taken and committed."""
    for block in blocks:
        sink.take(block)
        sink.commit({block.topic: Progress({block.partition: block.next_offset})})
