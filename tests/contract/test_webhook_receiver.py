"""The receiver of docs/webhooks.md, run as it stands there: it takes what we send, once, and
nothing that was tampered with.
"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from consumers.webhooks.sender import signed
from domain import webhooks
from domain.webhook_events import happening
from domain.webhooks import Secret, make_secret
from runtime.settings import WebhookSettings
from schemas.events import LookFailed
from schemas.failures import FailureCode, FailureReason
from storage.webhook_outbox import LEASE_S, DeliveryLease
from storage.webhooks import MAX_PER_TENANT
from tests.making import NOW, REQUEST_ID, TENANT, decoded

PAGE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
SECRET, OTHER = make_secret(b"s" * 32), make_secret(b"o" * 32)
FAILED = LookFailed(
    request_id=REQUEST_ID,
    tenant_id=TENANT,
    error=FailureReason(
        code=FailureCode.NO_GARMENT_FOUND, message="Kein Kleidungsstück: ü", item_index=0
    ),
    failed_at=NOW,
)


def a_call(now: datetime | None = None, *secrets: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of one try, as we send it."""
    event = happening(decoded(FAILED), 10, NOW)
    assert event is not None
    at = now or datetime.now(UTC)
    kept = tuple(
        Secret(text, at + timedelta(seconds=age)) for age, text in enumerate(secrets or (SECRET,))
    )
    claim = DeliveryLease(
        "d",
        "w",
        "https://hooks.example/",
        kept,
        event.event_id,
        event.event_type,
        event.payload,
        0,
        at,
    )
    return event.payload, signed(claim, at)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the page's code defines."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    monkeypatch.setenv("LOOKS_WEBHOOK_SECRET", SECRET)
    defined: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), defined)  # the page's own code is what is tested
    return defined


async def post(page: dict[str, Any], body: bytes, headers: dict[str, str]) -> int:
    transport = httpx.ASGITransport(app=page["app"])
    async with httpx.AsyncClient(transport=transport, base_url="http://receiver.test") as http:
        return (await http.post("/hooks/looks", content=body, headers=headers)).status_code


async def test_what_we_send_is_taken_once_however_often_it_comes(page: dict[str, Any]) -> None:
    later = datetime.now(UTC) + timedelta(seconds=5)
    # A retry has a time and a signature of its own
    for body, headers in (
        a_call(),
        a_call(),
        a_call(later),
    ):
        assert await post(page, body, headers) == 204
    (event,) = page["work"]
    assert (event["type"], event["data"]["request_id"]) == ("look.failed", REQUEST_ID)
    assert event["data"]["error"]["message"] == "Kein Kleidungsstück: ü"


async def test_during_a_rotation_either_secret_will_do(page: dict[str, Any]) -> None:
    for secrets in ((SECRET, OTHER), (OTHER, SECRET)):
        assert await post(page, *a_call(None, *secrets)) == 204


def ago(minutes: int) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def with_headers(
    call: tuple[bytes, dict[str, str]], **changed: str
) -> tuple[bytes, dict[str, str]]:
    return call[0], {**call[1], **{f"webhook-{name}": text for name, text in changed.items()}}


def resigned(before: str, after: str) -> tuple[bytes, dict[str, str]]:
    body, headers = a_call()
    return with_headers(
        (body, headers), signature=headers["webhook-signature"].replace(before, after)
    )


FORGERIES = {
    "a byte of the body": lambda: (
        a_call()[0].replace(b'"credits_refunded":10', b'"credits_refunded":99'),
        a_call()[1],
    ),
    "an old time": lambda: a_call(ago(6)),
    "a time to come": lambda: a_call(ago(-6)),
    "an old call with a new time": lambda: with_headers(
        a_call(ago(6)), timestamp=str(int(ago(0).timestamp()))
    ),
    "another id": lambda: with_headers(a_call(), id=a_call()[1]["webhook-id"] + ".1"),
    "no version": lambda: resigned("v1,", ""),
    "another version": lambda: resigned("v1,", "v1a,"),
    "another's secret": lambda: a_call(None, OTHER),
    "no signature": lambda: with_headers(a_call(), signature=""),
    "noise": lambda: with_headers(a_call(), signature="v1,%%%"),
}


@pytest.mark.hostile(row=39)
@pytest.mark.parametrize("name", FORGERIES)
async def test_what_we_did_not_send_is_refused(page: dict[str, Any], name: str) -> None:
    assert await post(page, *FORGERIES[name]()) == 401
    assert page["work"] == []


def test_the_headers_are_those_of_the_standard() -> None:
    body, headers = a_call()
    assert re.fullmatch(r"[0-9A-Z]{26}", headers["webhook-id"])
    assert re.fullmatch(r"\d{10}", headers["webhook-timestamp"])
    assert re.fullmatch(r"v1,[A-Za-z0-9+/]{43}=", headers["webhook-signature"])
    assert body.startswith(b'{"type":"look.failed"')


def test_the_page_says_the_numbers_of_the_code() -> None:
    text = " ".join(PAGE.read_text().split())
    for words in (
        f"`sk_test_`), {MAX_PER_TENANT} each",
        f"2xx within {webhooks.TIME_LIMIT_S:g} seconds, of which we read "
        f"{webhooks.MAX_ANSWER_BYTES // 1024} KiB",
        f"{len(webhooks.DELAYS_S) + 1} tries over {sum(webhooks.DELAYS_S) / 3600:.0f} hours",
        f"{webhooks.GIVE_UP_AFTER.days} days in which every try failed, "
        f"{webhooks.GIVE_UP_FAILURES} at least",
        f"kept for {webhooks.KEEP.days} days",
        f"a lease of {LEASE_S:g} s",
        f"{webhooks.PER_ENDPOINT} tries under way at most and a tenant {webhooks.PER_TENANT}",
        f"a process {WebhookSettings().concurrency}",
        f"each {webhooks.JITTER:.0%} more or less".replace("%", " %"),
    ):
        assert words in text, words
