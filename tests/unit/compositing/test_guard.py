"""The engine's door: what nobody expected comes out by a name, and what was meant comes out as it
was.
"""

import errno
import re

import pytest

from compositing import (
    CompositingError,
    GarmentError,
    GarmentInput,
    InvalidOption,
    LookOptions,
    compose,
)
from compositing.guard import fingerprint, guarded
from tests.unit.compositing.pictures import save, tee


def through(error: BaseException, item_index: int | None = 0) -> BaseException:
    """What an error is outside."""
    with pytest.raises(BaseException) as raised, guarded(item_index):  # noqa: PT011 (whatever comes out is looked at)
        raise error
    return raised.value


def one_fault() -> BaseException:
    """Raised at one place."""
    return through(ValueError("one"))


@pytest.mark.parametrize(
    "error",
    [IndexError("x"), OSError(errno.EIO, "x"), RecursionError(), AssertionError(), KeyError("k")],
)
def test_what_nobody_expected_names_the_photo_and_the_fault(error: Exception) -> None:
    came = through(error, 3)
    assert isinstance(came, GarmentError)
    assert (came.code, came.item_index, came.__cause__) == ("photo_not_processed", 3, error)
    assert came.fault is not None
    assert re.fullmatch(r"[0-9a-f]{8}", came.fault)
    assert came.fault in str(came)


def test_an_error_that_was_meant_is_passed_on() -> None:
    for error in (
        GarmentError("no_garment_found", "m"),
        InvalidOption("width", "m"),
        KeyboardInterrupt(),
    ):
        assert through(error) is error


def test_want_of_memory_has_one_name() -> None:
    assert isinstance(through(OSError(errno.ENOMEM, "x")), MemoryError)
    assert isinstance(through(MemoryError()), MemoryError)


def test_the_same_fault_has_the_same_name_and_another_one_another() -> None:
    first, again = one_fault(), one_fault()
    assert isinstance(first, GarmentError)
    assert isinstance(again, GarmentError)
    other = through(TypeError("one"))
    assert isinstance(other, GarmentError)
    assert first.fault == again.fault != other.fault
    assert len(fingerprint(ValueError("never raised"))) == 8


def test_of_several_photos_together_none_is_named() -> None:
    came = through(ValueError(), None)
    assert isinstance(came, GarmentError)
    assert came.item_index is None


def test_a_look_of_nothing_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="at least one"):
        compose([], LookOptions())


def test_a_good_photo_passes_through_the_door() -> None:
    assert (
        compose([GarmentInput(save(tee()), "t-shirt")], LookOptions(width_px=256)).width_px == 256
    )
    with pytest.raises(CompositingError):
        compose([GarmentInput(b"", "t-shirt")], LookOptions(width_px=256))
