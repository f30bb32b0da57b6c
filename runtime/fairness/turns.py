"""Whose turn it is: round robin over tenants, first come first served within one.

One tenant's burst of thousands waits in its own line; another tenant's single look is next.
"""

from collections import OrderedDict, deque
from collections.abc import Collection
from typing import Generic, TypeVar

T = TypeVar("T")


class Turns(Generic[T]):
    """Waiting things, by tenant."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._lines: OrderedDict[str, deque[T]] = OrderedDict()

    def __len__(self) -> int:
        """Count the waiting."""
        return sum(len(line) for line in self._lines.values())

    def join(self, tenant_id: str, waiting: T) -> None:
        """To the end of the tenant's line."""
        self._lines.setdefault(tenant_id, deque()).append(waiting)

    def next(self, *, without: Collection[str] = ()) -> T | None:
        """The head of the line whose turn it is, whose tenant then goes to the end of the round;
        None when nobody waits.

        Tenants in `without` are passed over and keep their turn.
        """
        tenant_id = next((one for one in self._lines if one not in without), None)
        if tenant_id is None:
            return None
        line = self._lines.pop(tenant_id)
        waiting = line.popleft()
        if line:
            self._lines[tenant_id] = line
        return waiting

    def clear(self) -> list[T]:
        """Send everybody away; returns who waited."""
        waiting = [one for line in self._lines.values() for one in line]
        self._lines.clear()
        return waiting
