"""The history of one partition number, retold: each row once, in any order of topics, and nothing
that can't be true.
"""

from datetime import timedelta
from itertools import permutations

import pytest

from domain.projection import StatusChange
from domain.rebuilding import PLAIN_NUMBERS, Rebuilding, RequestRow
from schemas.envelope import Decoded
from schemas.events import LookCompleted, LookFailed, LookProgress, Stage, StoredImage
from schemas.failures import FailureCode, FailureReason
from schemas.http import JobStatus
from schemas.topics import LOOK_COMPLETED, LOOK_FAILED, LOOK_PROGRESS, LOOK_REQUESTED
from tests.making import NOW, REQUEST_ID, TENANT, a_request, decoded

TOPICS = tuple(topic.name for topic in (LOOK_REQUESTED, LOOK_PROGRESS, LOOK_COMPLETED, LOOK_FAILED))
IMAGE = StoredImage(
    bucket="b", key="k", content_type="image/png", width=1, height=1, bytes=1, sha256="0" * 64
)
TENANTS = {REQUEST_ID: TENANT}
LATER = NOW + timedelta(seconds=1)


def progress(sequence: int, second: int = 0) -> Decoded:
    at = NOW + timedelta(seconds=second)
    event = LookProgress(
        request_id=REQUEST_ID, tenant_id=TENANT, stage=Stage.COMPOSING, attempt=1, at=at
    )
    return decoded(event, sequence=sequence)


REQUESTED = decoded(a_request(), sequence=1)
COMPLETED = decoded(
    LookCompleted(
        request_id=REQUEST_ID,
        tenant_id=TENANT,
        image=IMAGE,
        items=(),
        engine_version="1",
        duration_ms=1,
        completed_at=LATER,
    ),
    sequence=3,
)
FAILED = decoded(
    LookFailed(
        request_id=REQUEST_ID,
        tenant_id=TENANT,
        error=FailureReason(code=FailureCode.INTERNAL, message="m"),
        failed_at=LATER,
    ),
    sequence=3,
)


def retold(*told: tuple[str, Decoded]) -> tuple[list[int], list[StatusChange], list[RequestRow]]:
    """Numbers of the events, outcomes and requests, each record in a block of its own."""
    retelling, numbers, outcomes = Rebuilding(TOPICS), list[int](), list[StatusChange]()
    for topic, record in told:
        made = retelling.take(topic, [(0, record)], TENANTS)
        numbers += [row.seq for row, _ in made.events]
        outcomes += made.outcomes
    return numbers, outcomes, list(retelling.requests(None))


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_in_any_order_of_topics_a_look_has_its_events_once_and_one_outcome(
    order: tuple[int, ...],
) -> None:
    topics = [
        (LOOK_REQUESTED.name, [REQUESTED, REQUESTED]),
        (LOOK_PROGRESS.name, [progress(2), progress(2, 9)]),
        (LOOK_COMPLETED.name, [COMPLETED, COMPLETED]),
    ]
    told = [(topics[place][0], record) for place in order for record in topics[place][1]]
    numbers, outcomes, requests = retold(*told)
    assert sorted(numbers) == [1, 2, 3]
    assert [(one.status, one.at) for one in outcomes] == [(JobStatus.SUCCESS, LATER)]
    assert requests == [RequestRow(REQUEST_ID, whole=True, started_at=NOW, two_outcomes=False)]


def test_a_request_with_two_outcomes_keeps_the_first_and_is_marked() -> None:
    _, outcomes, requests = retold(
        (LOOK_REQUESTED.name, REQUESTED),
        (LOOK_COMPLETED.name, COMPLETED),
        (LOOK_FAILED.name, FAILED),
    )
    assert [one.status for one in outcomes] == [JobStatus.SUCCESS]
    assert requests == [RequestRow(REQUEST_ID, whole=False, started_at=None, two_outcomes=True)]


def test_two_topics_may_use_one_number_and_both_events_are_kept() -> None:
    numbers, _, _ = retold((LOOK_PROGRESS.name, progress(3)), (LOOK_COMPLETED.name, COMPLETED))
    assert numbers == [3, 3]


def test_a_number_beyond_the_plain_ones_is_told_once() -> None:
    far = (LOOK_PROGRESS.name, progress(PLAIN_NUMBERS + 1))
    assert retold(far, far)[0] == [PLAIN_NUMBERS + 1]


@pytest.mark.parametrize(
    "tenants", [{}, {REQUEST_ID: "other"}], ids=["no such request", "another tenant's"]
)
def test_what_cannot_be_true_gives_no_row(tenants: dict[str, str]) -> None:
    retelling = Rebuilding(TOPICS)
    told = retelling.take(LOOK_REQUESTED.name, [(0, REQUESTED)], tenants)
    assert (told.events, told.outcomes, told.refused) == ([], [], 1)
    assert list(retelling.requests(None)) == []


def test_only_a_request_accepted_since_nothing_is_missing_is_whole() -> None:
    retelling = Rebuilding(TOPICS)
    retelling.take(LOOK_REQUESTED.name, [(0, REQUESTED)], TENANTS)
    assert [one.whole for one in retelling.requests(NOW)] == [True]
    assert [one.whole for one in retelling.requests(LATER)] == [False]
    begun = Rebuilding(TOPICS)
    begun.take(LOOK_PROGRESS.name, [(0, progress(2))], TENANTS)
    assert [one.whole for one in begun.requests(None)] == [False]
