"""How long one waits for a look."""

import time
from dataclasses import dataclass
from typing import Self

from looks_client.errors import WaitTimeout


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment after which nobody waits any more; none where `timeout_s` is None."""

    request_id: str
    timeout_s: float | None
    until_s: float

    @classmethod
    def after(cls, timeout_s: float | None, request_id: str) -> Self:
        """From now on."""
        return cls(request_id, timeout_s, time.monotonic() + (timeout_s or 0.0))

    def left_s(self, most_s: float) -> float:
        """What is left of it, `most_s` at most."""
        if self.timeout_s is None:
            return most_s
        return max(0.0, min(most_s, self.until_s - time.monotonic()))

    def check(self) -> None:
        """Raises WaitTimeout once it is over."""
        if self.timeout_s is not None and self.left_s(1.0) <= 0:
            raise WaitTimeout(self.request_id, self.timeout_s)
