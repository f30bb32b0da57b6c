"""What a campaign takes out must still be there, and be called as what stands in its place."""

import inspect

import pytest

from chaos.sabotage import SAFEGUARDS, Bug


@pytest.mark.parametrize("bug", Bug)
def test_what_replaces_a_safeguard_is_called_as_it_was(bug: Bug) -> None:
    owner, name, replacement = SAFEGUARDS[bug]
    safeguard = getattr(owner, name)
    assert callable(replacement)
    assert list(inspect.signature(replacement).parameters) == list(
        inspect.signature(safeguard).parameters
    )
    assert inspect.iscoroutinefunction(replacement) == inspect.iscoroutinefunction(safeguard)
