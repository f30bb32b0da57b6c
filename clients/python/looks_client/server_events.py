"""Server-sent events, read line by line. Pure."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event of a stream."""

    event: str
    data: str


@dataclass(slots=True)
class ServerEvents:
    """Takes lines, gives events."""

    _event: str = "message"
    _data: list[str] = field(default_factory=list)

    def take(self, line: str) -> ServerEvent | None:
        """The event that this line ends. Comments and what is not known are passed over."""
        if not line:
            return self._ended()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._event = value
        elif name == "data":
            self._data.append(value)
        return None

    def _ended(self) -> ServerEvent | None:
        event, data = self._event, "\n".join(self._data)
        self._event, self._data = "message", []
        return ServerEvent(event, data) if data or event != "message" else None


class NothingLeft(Exception):
    """The job has no event after those that were seen."""
