"""What may be released, and under which number."""

from typing import Any

import pytest
from pydantic import BaseModel, Field

from schemas.versions import Allowed, ReleaseRefused, Unchanged, check_release, parse, text


class First(BaseModel):
    a: int
    b: int | None = None


class OtherWords(BaseModel):
    """Says more."""

    a: int = Field(description="how many")
    b: int | None = None


class Extended(First):
    c: str | None = None


class Deprecating(BaseModel):
    a: int
    b: int | None = Field(default=None, deprecated=True)


class Without(BaseModel):
    a: int


class AnotherB(BaseModel):
    a: int
    b: str | None = None


class AnotherDefault(BaseModel):
    a: int
    b: int | None = 7


def schemas(*models: type[BaseModel]) -> dict[tuple[int, int, int], dict[str, Any]]:
    return {(1, minor, 0): model.model_json_schema() for minor, model in enumerate(models)}


@pytest.mark.parametrize(
    ("released", "current", "verdict"),
    [
        (schemas(), First, Allowed((1, 0, 0))),
        (schemas(First), First, Unchanged((1, 0, 0))),
        (schemas(First), OtherWords, Allowed((1, 0, 1))),
        (schemas(First), Deprecating, Allowed((1, 0, 1))),
        (schemas(First), Extended, Allowed((1, 1, 0))),
        (schemas(First, Extended), Extended, Unchanged((1, 1, 0))),
        (schemas(First, Deprecating), Without, Allowed((1, 2, 0))),
    ],
)
def test_what_is_allowed_gets_the_next_number(
    released: Any, current: type[BaseModel], verdict: object
) -> None:
    names = {"title": "Model"}
    named = {version: {**schema, **names} for version, schema in released.items()}
    assert check_release(named, {**current.model_json_schema(), **names}) == verdict


@pytest.mark.parametrize(
    ("released", "current", "why"),
    [
        (schemas(First), Without, "$.b is gone: release it as deprecated first"),
        (schemas(First), AnotherB, "a new reader can't read records of 1.0.0: $.b"),
        (
            schemas(First, Deprecating, Without),
            AnotherB,
            "a new reader can't read records of 1.0.0: $.b",
        ),
        (schemas(First), AnotherDefault, "the default of $.b differs"),
    ],
)
def test_what_is_refused_says_why(released: Any, current: type[BaseModel], why: str) -> None:
    verdict = check_release(released, current.model_json_schema())
    assert isinstance(verdict, ReleaseRefused)
    assert any(why in reason for reason in verdict.reasons)


def test_versions_are_read_as_they_are_written() -> None:
    assert text(parse("1.20.3")) == "1.20.3"
    with pytest.raises(ValueError, match="expected 3"):
        parse("1.2")
