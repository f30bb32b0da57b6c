"""The work order: what it may carry."""

import pytest
from pydantic import ValidationError

from schemas.events import LookRequested
from tests.making import a_request


@pytest.mark.parametrize("floor", [None, 0.0, 0.35, 1.0])
def test_a_quality_floor_is_carried_as_it_is(floor: float | None) -> None:
    request = a_request().model_copy(update={"quality_floor": floor})
    assert LookRequested.model_validate_json(request.model_dump_json()).quality_floor == floor


@pytest.mark.parametrize("floor", [-0.01, 1.01, "high"])
def test_another_floor_is_refused(floor: object) -> None:
    with pytest.raises(ValidationError):
        LookRequested.model_validate({**a_request().model_dump(), "quality_floor": floor})


def test_a_request_of_before_has_none() -> None:
    old = a_request().model_dump()
    del old["quality_floor"]
    assert LookRequested.model_validate(old).quality_floor is None
