"""In whose name something is done."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as what (a role, or None at a terminal), and why."""

    operator: str
    role: str | None = None
    why: str = ""
