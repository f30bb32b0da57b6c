"""Which lane a polled record is for, when the group is shared anew before it is handed on."""

from datetime import UTC, datetime

from aiokafka import ConsumerRecord

from consumers import dead_letter
from consumers.dead_letter import DeadLetters
from runtime.lane_session import LaneSession
from runtime.received import Reading, reading
from schemas.topics import LOOK_DEAD_LETTER
from tests.unit.consumers.test_dead_letter import NoClaims


class Lane:
    """Keeps what it is handed."""

    in_flight = deferred = 0

    def __init__(self) -> None:
        self.taken: list[int] = []

    def take(self, record: "ConsumerRecord[bytes, bytes]", _: object) -> None:
        self.taken.append(record.offset)


def polled(offset: int) -> list[Reading]:
    """One record that can't be read, which lanes take too."""
    return [
        reading(
            ConsumerRecord(
                LOOK_DEAD_LETTER.name, 3, offset, 0, 1, b"k", b"\xff", None, 1, 1, tuple()
            )
        )
    ]


async def test_a_record_polled_for_a_lane_is_not_for_the_one_that_follows_it() -> None:
    handler = DeadLetters(NoClaims())
    session = LaneSession(dead_letter.app(), handler, lambda: datetime.now(UTC))
    before, after = Lane(), Lane()
    session._lanes = {3: before}  # type: ignore[dict-item]  # a lane of tests
    await session.receive()
    session.take(polled(7))
    await session.receive()
    session._lanes = {3: after}  # type: ignore[dict-item]  # opened anew: it begins further back
    session.take(polled(8))
    await session.receive()
    session.take(polled(4))
    assert (before.taken, after.taken) == ([7], [4])
