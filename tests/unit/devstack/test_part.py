"""A data folder that is not made says why."""

import pytest

from devstack import part
from devstack.part import PartFailed, make


def test_what_the_program_said_is_told() -> None:
    with pytest.raises(PartFailed, match="the folder can't be made: no room"):
        make("the folder", ["sh", "-c", "echo no room >&2; exit 3"])
    make("the folder", ["true"])


def test_a_program_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "MADE_WITHIN_S", 0.2)
    with pytest.raises(PartFailed, match=r"was not made within 0\.2 s"):
        make("the folder", ["sleep", "60"])
