"""The server's side of connections: one that must be cut off can be."""

from asyncio import Transport
from typing import Any

from starlette.types import Scope

_ABORT = "looks.abort"


def abortable(transport: Transport) -> dict[str, Any]:
    """The ASGI extension by which a request ends its connection: closing politely waits until a
    reader has read all.
    """
    return {_ABORT: {"abort": transport.abort}}


def abort(scope: Scope) -> bool:
    """End a request's connection at once, without what is still unsent; False under a server that
    can't.
    """
    extension = scope.get("extensions", {}).get(_ABORT)
    if extension is None:
        return False
    extension["abort"]()
    return True
