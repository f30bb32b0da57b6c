"""The client of Looks: `Looks`, and `AsyncLooks` for asyncio.

`looks_client.webhooks` verifies calls, `looks_client.events` reads the topics,
`looks_client.testkit` stands in for them in tests.
"""

from collections.abc import Iterable
from typing import Unpack

from looks_client.async_client import AsyncLooks
from looks_client.calls import Garment, LookFields, request_for
from looks_client.client import Looks
from looks_client.errors import (
    APIError,
    AuthenticationError,
    Conflict,
    ConnectionFailed,
    InsufficientBalance,
    InvalidRequest,
    LooksError,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServerError,
    WaitTimeout,
    WebhookVerificationError,
)
from looks_client.models import Job, LookRequest, TrialItemInput
from looks_client.retrying import Retries

__version__ = "0.3.0"

__all__ = [
    "APIError",
    "AsyncLooks",
    "AuthenticationError",
    "Conflict",
    "ConnectionFailed",
    "Garment",
    "InsufficientBalance",
    "InvalidRequest",
    "Job",
    "LookRequest",
    "Looks",
    "LooksError",
    "NotFound",
    "PermissionDenied",
    "RateLimited",
    "Retries",
    "ServerError",
    "TrialItemInput",
    "WaitTimeout",
    "WebhookVerificationError",
    "look_request",
]


def look_request(garments: Iterable[Garment], **more: Unpack[LookFields]) -> LookRequest:
    """One look of a batch, said as in `create_look`."""
    return request_for(garments, more)
