"""What belongs to who asks. Another tenant's and none at all look the same."""

from typing import Never

from fastapi import Request

from api.errors import ApiError
from api.gates import GatedRoute, credential_of
from api.news import no_such_job
from api.ports import Ports
from schemas.errors import ErrorCode
from storage.jobs import JobRow
from storage.webhooks import WebhookRow


class WebhookRoute(GatedRoute):
    """A gated route that needs one capability, whatever its method."""

    needs = dict.fromkeys(("GET", "POST", "PATCH", "DELETE"), "webhooks:manage")


def may_exist(identifier: str) -> bool:
    """Whether Postgres can be asked for it: its text holds no NUL."""
    return "\x00" not in identifier


async def find_job(request: Request, request_id: str) -> JobRow:
    """A job of the caller. Raises ApiError 404."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    job = (
        await ports.jobs.job(who.tenant_id, who.environment, request_id)
        if may_exist(request_id)
        else None
    )
    if job is None:
        raise no_such_job()
    return job


async def find_webhook(request: Request, webhook_id: str) -> WebhookRow:
    """An endpoint of the caller. Raises ApiError 404."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    row = (
        await ports.webhooks.webhook(who.tenant_id, who.environment, webhook_id)
        if may_exist(webhook_id)
        else None
    )
    return row or no_such_webhook()


def no_such_webhook() -> Never:
    """Raise ApiError 404."""
    raise ApiError(ErrorCode.WEBHOOK_NOT_FOUND, "There is no such webhook.")
