"""The middleware through which every batch goes: what FastStream leaves open is closed here.

It would log what a handler raises and go on with the next batch. Here the session ends instead, and
nothing is committed after the last batch that was done (DESIGN 3.9). Offsets are moved by the
session alone.
"""

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Protocol

from faststream import BaseMiddleware, ContextRepo
from faststream.message import StreamMessage

from runtime.received import Received

Next = Callable[[StreamMessage[Any]], Awaitable[Any]]


class Guarded(Protocol):
    """The session that batches are for."""

    async def receive(self) -> None:
        """A batch came; called before anything else can happen. Raises when none may be taken."""

    async def consume(self, call_next: Next, message: Received) -> object:
        """Have the batch handled, and make that durable."""

    def received(self, error: BaseException | None) -> None:
        """It is done, or what went wrong with it."""


class Guard(BaseMiddleware):
    """Of one batch."""

    def __init__(
        self, session: Callable[[], Guarded], message: Any, /, *, context: ContextRepo
    ) -> None:
        """`session`: the one that runs now."""
        super().__init__(message, context=context)
        self._session = session()

    async def on_receive(self) -> None:
        """Before the batch is parsed."""
        await self._session.receive()

    async def consume_scope(self, call_next: Next, msg: StreamMessage[Any]) -> Any:
        """Around the handler."""
        if not isinstance(msg, Received):
            raise TypeError(f"{type(msg).__name__} was not parsed by us")
        return await self._session.consume(call_next, msg)

    async def after_processed(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> bool | None:
        """Whatever came of it, parsing included."""
        self._session.received(exc_val)
        return False
