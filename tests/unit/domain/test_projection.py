import pytest

from domain.projection import RANK, Placement, fold, squeeze_in
from schemas.events import LookFailed, LookProgress, Stage
from schemas.failures import FailureCode, FailureReason
from schemas.http import JobStatus
from tests.making import NOW, REQUEST_ID, TENANT, a_request, decoded

REASON = FailureReason(code=FailureCode.NO_GARMENT_FOUND, message="nothing on it", item_index=2)


def composing() -> LookProgress:
    return LookProgress(
        request_id=REQUEST_ID, tenant_id=TENANT, stage=Stage.COMPOSING, attempt=1, at=NOW
    )


def failed() -> LookFailed:
    return LookFailed(request_id=REQUEST_ID, tenant_id=TENANT, error=REASON, failed_at=NOW)


def test_queued_adds_an_event_and_moves_no_status() -> None:
    changes = fold([decoded(a_request())])
    assert [(row.seq, row.event_type) for row in changes.events] == [(1, "queued")]
    assert changes.statuses == {}


def test_the_furthest_status_of_a_batch_wins_in_any_order_of_arrival() -> None:
    in_order = [decoded(composing(), sequence=2), decoded(failed(), sequence=3)]
    for records in (in_order, in_order[::-1]):
        assert fold(records).statuses[REQUEST_ID].status is JobStatus.FAILURE


def test_a_failure_carries_its_reason_into_the_row_and_the_event() -> None:
    changes = fold([decoded(failed(), sequence=3)])
    assert changes.statuses[REQUEST_ID].error == REASON
    assert changes.events[0].extra == {"code": "no_garment_found", "item_index": 2}
    assert changes.events[0].seq == 3


@pytest.mark.parametrize(
    ("stored", "newcomer", "placement"),
    [
        ({1: "queued", 2: "stage"}, "failed", Placement(3)),
        ({1: "queued", 2: "failed"}, "stage", Placement(2, moved=(2, 3))),
        ({1: "queued", 2: "stage", 4: "succeeded"}, "stage", Placement(4, moved=(4, 5))),
        ({2: "stage"}, "stage", Placement(3)),
        ({2: "succeeded"}, "failed", Placement(3)),
    ],
)
def test_an_event_whose_number_is_taken_is_kept_and_the_outcome_stays_last(
    stored: dict[int, str], newcomer: str, placement: Placement
) -> None:
    assert squeeze_in(stored, newcomer) == placement


def test_a_status_moves_to_a_higher_rank_only_and_no_outcome_follows_another() -> None:
    ranks = [RANK[status] for status in JobStatus]
    assert list(JobStatus) == [
        JobStatus.NOT_STARTED,
        JobStatus.IN_PROGRESS,
        JobStatus.SUCCESS,
        JobStatus.FAILURE,
    ]
    assert ranks[0] < ranks[1] < ranks[2] == ranks[3]
