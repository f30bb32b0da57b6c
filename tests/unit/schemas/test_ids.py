from ulid import ULID

from schemas.ids import derived_id, new_request_id


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
