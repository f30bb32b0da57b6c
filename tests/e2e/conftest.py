"""Clients of the running stack."""

from collections.abc import Iterator

import pytest

from devstack.stack import Stack
from tests.e2e.client import Client


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    """The demo tenant's client."""
    made = Client(stack)
    yield made
    made.close()


@pytest.fixture
def other(stack: Stack) -> Iterator[Client]:
    """The other tenant's client: 15 credits, its own objects."""
    made = Client(stack, stack.env["LOOKS_OTHER_API_KEY"])
    yield made
    made.close()
