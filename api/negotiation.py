"""What a client would take (`Accept`, RFC 9110 12.5.1), and HEAD, which is GET without its
content.
"""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_WEIGHT = re.compile(r"q=(0(\.[0-9]{0,3})?|1(\.0{0,3})?)", re.IGNORECASE)


def accepts(accept: str, media_type: str) -> bool:
    """Whether a client with this header takes `media_type`. Of the ranges that cover it the most
    exact one decides.

    An empty header takes everything. A member that can't be read is passed over; parameters other
    than the weight do not count.
    """
    if accept in {"*/*", media_type} or not accept.strip():
        return True
    major = media_type.partition("/")[0]
    weights = dict(filter(None, (_range(member) for member in accept.split(","))))
    for one in (media_type, f"{major}/*", "*/*"):
        if one in weights:
            return weights[one] > 0
    return False


def _range(member: str) -> tuple[str, float] | None:
    name, *parameters = (part.strip().lower() for part in member.split(";"))
    weight = next((part for part in parameters if part.startswith("q=")), "q=1")
    if not name or not _WEIGHT.fullmatch(weight):
        return None
    return name, float(weight[2:])


class HeadIsGet:
    """ASGI middleware: HEAD is answered as GET is, without the content; a stream ends after its
    head.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Over this app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def silent(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._app({**scope, "method": "GET"}, receive, silent)
