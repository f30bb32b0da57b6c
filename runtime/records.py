"""Records as the runtime passes them around."""

from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.envelope import Decoded, Headers


@dataclass(frozen=True, slots=True)
class Work:
    """A record that was read and understood, and where it stood."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    decoded: Decoded

    @property
    def request_id(self) -> str:
        """The request it is about."""
        return self.decoded.event.request_id

    @property
    def written_at(self) -> datetime:
        """When its producer made it."""
        return datetime.fromtimestamp(self.timestamp_ms / 1000, UTC)


@dataclass(frozen=True, slots=True)
class OutRecord:
    """A record to send; its key decides its partition."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
