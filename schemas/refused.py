"""The HTTP contract of refused requests."""

from datetime import datetime

from pydantic import BaseModel, Field


class RefusedRequest(BaseModel):
    """A request that was refused."""

    exchange_id: str = Field(default="", description="as its error and `X-Request-Id` said it")
    request_id: str = Field(description="an alias of `exchange_id`, kept; no look's")
    key_id: str
    method: str
    path: str = Field(description="without its query")
    status: int
    code: str
    message: str
    created_at: datetime


class RefusedRequestList(BaseModel):
    """A page of refused requests, newest first."""

    items: list[RefusedRequest]
    next_cursor: str | None
    count: int = Field(default=0, description="requests on this page")
