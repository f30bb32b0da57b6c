"""Whose fault a lost worker is, and what is remembered of it."""

import re
from datetime import timedelta

import pytest

from domain.blame import (
    REMEMBERED,
    REMEMBERED_FOR,
    RequestPhotos,
    Suspicions,
    Symptom,
    after_failure,
    fault_of,
    photos_of,
)
from domain.composing import SUSPECT_HEADER, Attempt, decide
from domain.history import PartitionHistory
from domain.outcomes import Later, Reject
from schemas.failures import FailureCode, FailureReason
from schemas.http import TrialItemInput
from tests.making import NOW, a_request

TOO_SLOW = FailureReason(code=FailureCode.TIMEOUT, message="too slow")


@pytest.mark.parametrize("symptom", Symptom)
def test_a_worker_lost_once_may_be_anybodys_fault_and_is_tried_again(symptom: Symptom) -> None:
    assert after_failure(symptom, TOO_SLOW, again=False) == Later(TOO_SLOW, suspect=symptom)


@pytest.mark.parametrize("symptom", Symptom)
def test_a_worker_lost_twice_to_the_same_photos_is_their_fault(symptom: Symptom) -> None:
    outcome = after_failure(symptom, TOO_SLOW, again=True)
    assert isinstance(outcome, Reject)
    assert outcome.reason.code is FailureCode.PHOTO_NOT_PROCESSED
    assert "quote fault" in outcome.reason.message


def test_the_next_attempt_is_told_what_the_one_before_was_lost_to() -> None:
    for suspect in ("", Symptom.DIED.value):
        _, emits = decide(
            Attempt(a_request()), Later(TOO_SLOW, suspect), PartitionHistory(), NOW, chance=0
        )
        assert emits[0].extra.get(SUSPECT_HEADER, "") == suspect


def test_photos_are_told_apart_by_tenant_key_and_category_and_not_by_request() -> None:
    one = a_request()
    assert photos_of(one) == photos_of(a_request("01ARZ3NDEKTSV4RRFFQ69G5FAW"))
    other = one.model_copy(
        update={
            "items": (TrialItemInput(trial_image="users/abc/tee.jpg", trial_item_category="dress"),)
        }
    )
    assert (
        len(
            {photos_of(one), photos_of(other), photos_of(one.model_copy(update={"tenant_id": "b"}))}
        )
        == 3
    )
    both = one.model_copy(update={"items": (*one.items, *other.items)})
    assert photos_of(both, 0) == photos_of(one)
    assert photos_of(both) not in {photos_of(one), photos_of(other)}


def test_suspicion_ends_with_time_with_a_good_end_and_with_room() -> None:
    suspicions, photos = Suspicions(), photos_of(a_request())
    assert not suspicions.suspects(photos, NOW)
    suspicions.note(photos, NOW)
    assert suspicions.suspects(photos, NOW + REMEMBERED_FOR - timedelta(seconds=1))
    assert not suspicions.suspects(photos, NOW + REMEMBERED_FOR)
    suspicions.clear(photos)
    assert not suspicions.suspects(photos, NOW)
    for number in range(REMEMBERED + 5):
        suspicions.note(RequestPhotos("t", str(number)), NOW)
    assert len(suspicions) == REMEMBERED
    suspicions.note(photos, NOW + 2 * REMEMBERED_FOR)
    assert len(suspicions) == 1


def test_a_named_photo_of_several_is_itself_and_no_other() -> None:
    one = a_request()
    items = tuple(
        TrialItemInput(trial_image=f"users/abc/{name}.jpg", trial_item_category="top")
        for name in ("a", "b", "c")
    )
    worn = one.model_copy(update={"items": items})
    for index, item in enumerate(items):
        alone = one.model_copy(update={"items": (item,)})
        assert photos_of(worn, index) == photos_of(alone) == photos_of(alone, 0)
    assert len({photos_of(worn, index) for index in range(3)} | {photos_of(worn)}) == 4


def test_a_suspicion_ends_at_its_time_for_those_that_ask_and_in_memory() -> None:
    suspicions, first = Suspicions(), photos_of(a_request())
    suspicions.note(first, NOW)
    instant = timedelta(microseconds=1)
    assert suspicions.suspects(first, NOW + REMEMBERED_FOR - instant)
    assert not suspicions.suspects(first, NOW + REMEMBERED_FOR)
    suspicions.note(RequestPhotos("other", "x"), NOW + REMEMBERED_FOR)
    assert len(suspicions) == 1


def test_a_fault_of_lost_workers_is_the_same_wherever_it_is_told() -> None:
    faults = {symptom: fault_of(symptom) for symptom in Symptom}
    assert len(set(faults.values())) == len(Symptom)
    assert all(re.fullmatch("[0-9a-f]{8}", fault) for fault in faults.values())
    for symptom, fault in faults.items():
        outcome = after_failure(symptom, TOO_SLOW, again=True)
        assert isinstance(outcome, Reject)
        assert f"quote fault {fault}." in outcome.reason.message
