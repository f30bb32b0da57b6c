"""What `dead_letter` knows of what it published, before it asks Postgres."""

from datetime import timedelta

from consumers.dead_letter import DECLARATION, DeadLetters, ReceivedLetter
from domain.history import PartitionHistory
from domain.outcomes import Skip
from schemas.access import PROCESSES
from schemas.events import LookDeadLettered, LookFailed
from schemas.failures import FailureCode, FailureReason
from schemas.topics import LOOK_DEAD_LETTER, LOOK_FAILED
from storage.claims import ClaimResult, ClaimStore
from tests.making import NOW, REQUEST_ID, TENANT, a_request, work

GONE = FailureReason(code=FailureCode.OBJECT_NOT_FOUND, message="gone", item_index=0)
LETTER = LookDeadLettered(
    request_id=REQUEST_ID,
    tenant_id=TENANT,
    reason=GONE,
    request=a_request(),
    attempts=1,
    decided_by="test",
    dead_lettered_at=NOW,
)
FAILED = LookFailed(request_id=REQUEST_ID, tenant_id=TENANT, error=GONE, failed_at=NOW)


class NoClaims(ClaimStore):
    """Nobody asks it."""

    def __init__(self) -> None:
        """Without a database."""

    async def claim(
        self, request_id: str, code: str, topic: str, partition: int, offset: int
    ) -> ClaimResult:
        raise AssertionError("claimed")


def test_a_letter_whose_failure_was_published_is_skipped_for_as_long_as_it_can_be_read_again() -> (
    None
):
    handler, history = DeadLetters(NoClaims()), PartitionHistory()
    letter = handler.parse(work(LETTER))
    assert isinstance(letter, ReceivedLetter)
    assert handler.receive(letter, history, NOW) is None
    until = NOW + timedelta(seconds=DECLARATION.history_window_s)
    handler.remember(history, work(FAILED), until)
    assert handler.receive(letter, history, NOW) == Skip("its failure was published before")
    history.forget(NOW + timedelta(milliseconds=LOOK_DEAD_LETTER.retention_ms))
    assert handler.receive(letter, history, NOW) is not None


def test_it_may_read_what_tells_it() -> None:
    (access,) = [one for one in PROCESSES if one.name == DECLARATION.name]
    assert {*DECLARATION.topics, *DECLARATION.history} <= {*access.reads}
    assert LOOK_FAILED in DECLARATION.history
