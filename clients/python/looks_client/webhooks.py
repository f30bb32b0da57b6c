"""Telling calls that Looks made from others (Standard Webhooks 1.0)."""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import ValidationError

from looks_client.errors import WebhookVerificationError
from looks_client.models import WebhookPayload

TOLERANCE_S: Final = 300.0
_PREFIX: Final = "whsec_"
_VERSION: Final = "v1"


def verify(
    body: bytes,
    headers: Mapping[str, str],
    secret: str | Sequence[str],
    *,
    tolerance_s: float = TOLERANCE_S,
    now_s: float | None = None,
) -> WebhookPayload:
    """The event of a call that is Looks', or WebhookVerificationError.

    `body`: the bytes as they came; JSON that was parsed and written again has another signature.
    `headers`: their names in any case. `secret`: `whsec_...`, or several, of which one must fit:
    the new and the old one while a secret is rotated. `tolerance_s`: how old, or how far ahead, the
    call's time may be. The same event may come more than once: `event_id` tells it.
    """
    named = {name.lower(): value for name, value in headers.items()}
    event_id, sent_at = _header(named, "webhook-id"), _header(named, "webhook-timestamp")
    signatures = _header(named, "webhook-signature")
    if not (sent_at.isascii() and sent_at.isdigit()):
        raise WebhookVerificationError("webhook-timestamp is not a number of seconds")
    if abs((time.time() if now_s is None else now_s) - int(sent_at)) > tolerance_s:
        raise WebhookVerificationError("webhook-timestamp is too old, or ahead of this clock")
    signed = b"%s.%s.%s" % (event_id.encode(), sent_at.encode(), body)
    secrets = [secret] if isinstance(secret, str) else secret
    if not any([_fits(signatures, signed, _key(one)) for one in secrets]):  # all, in equal time
        raise WebhookVerificationError("webhook-signature is not by this secret")
    try:
        return WebhookPayload.model_validate_json(body)
    except ValidationError as error:
        raise WebhookVerificationError(f"the body is not an event: {error}") from error


def event_id(headers: Mapping[str, str]) -> str:
    """The event's id, the same at every try: keep those that you have handled."""
    return _header({name.lower(): value for name, value in headers.items()}, "webhook-id")


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise WebhookVerificationError(f"{name} is missing")
    return value


def _key(secret: str) -> bytes:
    """Raises ValueError, without the secret in it."""
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("secret is not `whsec_` and base64") from None


def _fits(signatures: str, signed: bytes, key: bytes) -> bool:
    ours = base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    found = False
    for one in signatures.split(" "):
        version, _, text = one.partition(",")
        found |= version == _VERSION and hmac.compare_digest(text.encode(), ours)
    return found
