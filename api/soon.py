"""The finished job in the answer to its POST, where it is quick. What was accepted stays accepted:
whatever ends the waiting, the answer is the 202 then, and never an error.
"""

from typing import Final

from starlette.requests import Request
from starlette.types import Scope

from api import errors, present
from api.news import is_settled, wait_for
from api.ports import Ports
from api.waiting import Hub
from runtime import logs
from storage.accounts import Credential

log = logs.get(__name__)

READS: Final = "jobs:read"


async def finished_within(
    scope: Scope, who: Credential, request_id: str, wait_s: float
) -> bytes | None:
    """The job as `GET /v1/jobs/{request_id}` shows it, once it has ended and is refunded where it
    failed; None where that takes longer, too many wait already, or the key is revoked meanwhile.
    """
    request = Request(scope)
    request.state.credential = who
    hub: Hub = request.app.state.hub
    ports: Ports = request.app.state.ports
    try:
        hub.refuse_if_full(who)
        news = await wait_for(request, request_id, 0, is_settled, within_s=wait_s)
    except errors.EXPECTED:
        return None
    except Exception:
        log.exception("an accepted look could not be waited for", request_id=request_id)
        return None
    if not is_settled(news):
        return None
    return present.full(news.job, ports.links).model_dump_json().encode()
