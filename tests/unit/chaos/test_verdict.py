"""What clients were told is held against what is on record."""

from chaos.load import Promises
from chaos.plan import ClientWish
from chaos.verdict import broken_promises, is_excused
from domain.blame import Symptom, after_failure, fault_of
from domain.outcomes import Reject
from schemas.failures import FailureCode, FailureReason

ROWS: dict[str, tuple[str, str | None]] = {
    "good": ("SUCCESS", None),
    "cancelled": ("FAILURE", "cancelled"),
    "missing": ("FAILURE", "object_not_found"),
}


def promised() -> Promises:
    return Promises(
        accepted={
            "good": ClientWish.LOOK,
            "cancelled": ClientWish.CANCELLED,
            "missing": ClientWish.MISSING,
        },
        keys={"key": {"good"}},
        cancels={"cancelled": 200},
    )


def test_kept_promises_are_no_finding() -> None:
    assert broken_promises(promised(), ROWS) == []


def test_each_broken_promise_is_one() -> None:
    promises = promised()
    promises.accepted |= {"lost": ClientWish.LOOK}
    promises.keys["key"] = {"good", "cancelled"}
    promises.cancels |= {"good": 200}
    rows = {**ROWS, "missing": ("SUCCESS", None)}
    found = broken_promises(promises, rows)
    assert [line.split(":")[0] for line in found] == ["lost", "key", "good", "missing"]


def test_a_good_look_may_fail_for_our_faults_only() -> None:
    promises = Promises(accepted={"good": ClientWish.LOOK})
    assert broken_promises(promises, {"good": ("FAILURE", "expired")}) == []
    assert len(broken_promises(promises, {"good": ("FAILURE", "image_unreadable")})) == 1


def test_a_good_photo_is_blamed_only_where_the_campaign_struck_its_worker() -> None:
    reason = FailureReason(code=FailureCode.INTERNAL, message="m")
    promises = Promises(accepted={"good": ClientWish.LOOK})
    rows: dict[str, tuple[str, str | None]] = {"good": ("FAILURE", "photo_not_processed")}
    for symptom, excusable in (
        (Symptom.DIED, True),
        (Symptom.OUT_OF_TIME, True),
        (Symptom.OUT_OF_MEMORY, False),
    ):
        blamed = after_failure(symptom, reason, again=True)
        assert isinstance(blamed, Reject)
        assert is_excused(blamed.reason.code, blamed.reason.message) is excusable
    assert not is_excused(
        "photo_not_processed", "This photo can't be processed: quote fault 1a2b3c4d."
    )
    assert not is_excused("image_unreadable", f"fault {fault_of(Symptom.DIED)}")
    assert broken_promises(promises, rows, excused={"good"}) == []
    assert len(broken_promises(promises, rows, excused={"another"})) == 1


def test_a_conflict_for_a_cancelled_look_is_a_lie() -> None:
    promises = Promises(accepted={"cancelled": ClientWish.CANCELLED}, cancels={"cancelled": 409})
    assert len(broken_promises(promises, ROWS)) == 1
    promises = Promises(accepted={"good": ClientWish.CANCELLED}, cancels={"good": 404})
    assert broken_promises(promises, ROWS) == ["good: accepted, and its cancel was answered 404"]
