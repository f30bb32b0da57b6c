import hashlib
import time

import pytest
from ulid import ULID

from schemas.ids import derived_id, made_s, new_request_id


def test_the_same_words_give_the_same_id_and_others_another() -> None:
    request_id = new_request_id()
    assert derived_id(request_id, "look.failed") == derived_id(request_id, "look.failed")
    assert derived_id(request_id, "look.failed") != derived_id(request_id, "credit.refund")
    assert derived_id(request_id, "ab", "c") != derived_id(request_id, "a", "bc")


def test_a_derived_id_is_a_ulid_of_the_same_moment() -> None:
    request_id = new_request_id()
    assert (
        ULID.from_str(derived_id(request_id, "x")).milliseconds
        == ULID.from_str(request_id).milliseconds
    )


def test_ids_of_one_process_grow_within_a_millisecond_too() -> None:
    ids = [new_request_id() for _ in range(5000)]
    assert sorted(set(ids)) == ids


def test_a_new_id_is_a_ulid_of_now() -> None:
    before_ms = time.time_ns() // 1_000_000
    made = ULID.from_str(new_request_id())
    assert before_ms <= made.milliseconds <= time.time_ns() // 1_000_000


def test_the_digits_are_those_of_the_ulid_library() -> None:
    request_id = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    digest = hashlib.sha256(f"{request_id}\x1flook.failed".encode()).digest()
    wanted = ULID.from_bytes(ULID.from_str(request_id).bytes[:6] + digest[:10])
    assert derived_id(request_id, "look.failed") == str(wanted)


@pytest.mark.parametrize("wrong", ["", "x", "01arz3ndektsv4rrffq69g5fav", "8" + "Z" * 25])
def test_what_is_no_ulid_derives_nothing(wrong: str) -> None:
    with pytest.raises(ValueError, match="is not a ULID"):
        derived_id(wrong, "look.failed")


def test_when_an_id_was_made_can_be_read_off_it() -> None:
    before_s = time.time()
    made = made_s(new_request_id())
    assert before_s - 0.001 <= made <= time.time()
    assert made_s("7ZZZZZZZZZZZZZZZZZZZZZZZZZ") == (2**48 - 1) / 1000
    assert made_s("01ARZ3NDEKTSV4RRFFQ69G5FAV") == 1469922850.259
