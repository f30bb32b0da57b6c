"""The reference product's documented flows, as bare HTTP with its own paths and field names:
nothing of ours in between.
"""

import asyncio
import json
import urllib.request
from typing import Any
from urllib.error import HTTPError

import asyncpg
import pytest

from devstack.stack import Stack
from schemas.ids import new_request_id
from storage.accounts import AccountStore
from tests.e2e.client import Client, small, until

FINAL = ("SUCCESS", "FAILURE")


class Bare:
    """Requests as `curl` would send them."""

    def __init__(self, url: str, key: str) -> None:
        """With this bearer key."""
        self.url, self.key = url, key

    def ask(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        headers = {
            "Authorization": f"Bearer {self.key}",
            **({"Content-Type": kind} if body is not None else {}),
        }
        request = urllib.request.Request(f"{self.url}{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, json.load(error)

    def get(self, path: str) -> Any:
        """The JSON of a 200."""
        status, shown = self.ask("GET", path)
        assert status == 200, shown
        return shown

    def look(self, key: str, category: str = "shirt") -> tuple[int, Any]:
        """Dispatch the documented body."""
        body = {
            "user_category": "FEMALE",
            "items": [{"trial_image": key, "trial_item_category": category}],
            "runtime_config": {"width": 256},
        }
        return self.ask("POST", "/v1/look", json.dumps(body).encode())

    def upload(self, data: bytes) -> tuple[int, Any]:
        """The documented multipart form, written by hand."""
        edge = "----flow7MA4YWxk"
        part = (
            'Content-Disposition: form-data; name="file"; filename="shirt-1.jpg"\r\nContent-Type: '
            "image/jpeg"
        )
        body = f"--{edge}\r\n{part}\r\n\r\n".encode() + data + f"\r\n--{edge}--\r\n".encode()
        return self.ask("POST", "/v1/uploads", body, f"multipart/form-data; boundary={edge}")


@pytest.fixture
def bare(stack: Stack) -> Bare:
    """The demo tenant."""
    return Bare(stack.env["LOOKS_API_URL"], stack.env["LOOKS_API_KEY"])


async def new_tenant(url: str, credit: int, capabilities: tuple[str, ...]) -> str:
    """A key of a new tenant."""
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
        store, tenant = AccountStore(pool), f"flow-{new_request_id().lower()}"
        await store.create_tenant(tenant, [f"users/{tenant}/"])
        if credit:
            await store.grant(tenant, "live", credit, "flow")
        return (await store.create_key(tenant, "live", capabilities))[1]


@pytest.fixture
def poor(stack: Stack) -> Bare:
    """A tenant with 15 credits: one look and a half."""
    both = ("jobs:create", "jobs:read")
    key = asyncio.run(new_tenant(stack.env["LOOKS_DATABASE_URL"], 15, both))
    return Bare(stack.env["LOOKS_API_URL"], key)


def events_until_final(bare: Bare, request_id: str) -> list[dict[str, Any]]:
    """Poll as the guide does: with `since`, until the last event is one of the two that end a
    job.
    """
    events: list[dict[str, Any]] = []

    def done() -> bool:
        page = bare.get(f"/v1/jobs/{request_id}/events?since={events[-1]['seq'] if events else 0}")
        events.extend(page["items"])
        assert page["latest_seq"] >= len(events)
        return bool(events) and events[-1]["event_type"] in {"succeeded", "failed"}

    until(done, 60)
    return events


def test_upload_look_poll_job_render_credits_usage(bare: Bare) -> None:
    status, upload = bare.upload(small("tee"))
    assert (status, set(upload)) == (201, {"upload_key", "image_url"})
    status, accepted = bare.look(upload["upload_key"])
    assert (status, set(accepted)) == (202, {"request_id", "job_id", "status", "credits_cost"})
    assert (len(accepted["request_id"]), accepted["status"], accepted["credits_cost"]) == (
        26,
        "NOT_STARTED",
        10,
    )
    request_id = accepted["request_id"]
    events = events_until_final(bare, request_id)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    kinds = [event["event_type"] for event in events]
    assert (kinds[0], set(kinds[1:-1]), kinds[-1]) == ("queued", {"stage"}, "succeeded")
    documented = {
        "seq",
        "event_type",
        "visibility",
        "stage",
        "message",
        "artifacts",
        "extra",
        "created_at",
    }
    assert all(documented <= set(event) for event in events)
    until(lambda: bare.get(f"/v1/jobs/{request_id}")["status"] in FINAL, 20)
    job = bare.get(f"/v1/jobs/{request_id}")
    assert (job["status"], job["job_type"], job["refunded"], job["error"]) == (
        "SUCCESS",
        "look",
        False,
        None,
    )
    picture = job["artifacts"][0]
    assert {"image_url", "kind", "role", "label", "meta"} <= set(picture)
    assert (picture["kind"], picture["role"]) == ("image", "final")
    with urllib.request.urlopen(picture["image_url"], timeout=30) as fetched:
        assert len(fetched.read()) == picture["meta"]["bytes"]
    assert bare.get(f"/v1/renders/{request_id}")["picture"]["meta"] == picture["meta"]
    assert request_id in [one["request_id"] for one in bare.get("/v1/renders?limit=100")["items"]]
    assert request_id in [
        one["request_id"] for one in bare.get("/v1/jobs?job_type=look&limit=100")["items"]
    ]
    entries = [
        one
        for one in bare.get("/v1/credits?limit=100")["entries"]
        if one["request_id"] == request_id
    ]
    assert [(one["kind"], one["amount"]) for one in entries] == [("charge", -10)]
    today = [one for one in bare.get("/v1/usage")["items"] if one["operation"] == "look"]
    assert today[0]["succeeded"] >= 1


def test_a_balance_that_does_not_cover_it_is_402_and_creates_nothing(poor: Bare) -> None:
    _, upload = poor.upload(small("tee"))
    assert poor.look(upload["upload_key"])[0] == 202
    status, refused = poor.look(upload["upload_key"])
    assert (status, refused["error"]["code"]) == (402, "INSUFFICIENT_BALANCE")
    assert set(refused["error"]) == {"code", "message", "exchange_id", "request_id"}
    assert poor.get("/v1/jobs")["count"] == 1
    assert poor.get("/v1/credits")["balance"] == 5


def test_a_look_that_fails_gives_its_credits_back(poor: Bare, client: Client) -> None:
    _, upload = poor.upload(small("tee"))
    client.delete(upload["upload_key"])
    _, accepted = poor.look(upload["upload_key"])
    assert events_until_final(poor, accepted["request_id"])[-1]["event_type"] == "failed"
    until(lambda: bool(poor.get(f"/v1/jobs/{accepted['request_id']}")["refunded"]), 30)
    job = poor.get(f"/v1/jobs/{accepted['request_id']}")
    assert (job["status"], job["error"]["code"], job["error"]["item_index"]) == (
        "FAILURE",
        "object_not_found",
        0,
    )
    assert poor.get("/v1/credits")["balance"] == 15


def test_anothers_job_is_404_and_a_missing_capability_403(
    stack: Stack, bare: Bare, poor: Bare
) -> None:
    _, upload = poor.upload(small("tee"))
    _, accepted = poor.look(upload["upload_key"])
    request_id = accepted["request_id"]
    for method, path in (
        ("GET", f"/v1/jobs/{request_id}"),
        ("GET", f"/v1/jobs/{request_id}/events?since=0"),
        ("POST", f"/v1/jobs/{request_id}/cancel"),
        ("GET", f"/v1/renders/{request_id}"),
    ):
        status, refused = bare.ask(method, path)
        assert (status, refused["error"]["code"]) == (404, "JOB_NOT_FOUND"), path
    reader = Bare(
        bare.url, asyncio.run(new_tenant(stack.env["LOOKS_DATABASE_URL"], 0, ("jobs:read",)))
    )
    assert reader.get("/v1/jobs")["items"] == []
    status, refused = reader.look("users/x/y.jpg")
    assert (status, refused["error"]["code"]) == (403, "CAPABILITY_MISSING")
    status, refused = Bare(bare.url, "sk_live_nobody").ask("GET", "/v1/jobs")
    assert (status, refused["error"]["code"]) == (401, "UNAUTHENTICATED")


def test_a_body_that_is_wrong_says_where(bare: Bare) -> None:
    status, refused = bare.ask("POST", "/v1/look", b'{"user_category": "CHILD", "items": []}')
    assert (status, refused["error"]["code"]) == (422, "VALIDATION_ERROR")
    assert all(set(one) == {"loc", "msg", "type"} for one in refused["detail"])
    assert {tuple(one["loc"]) for one in refused["detail"]} == {
        ("body", "user_category"),
        ("body", "items"),
    }


def test_prices_and_categories_are_read_from_the_api(bare: Bare) -> None:
    operations = {one["name"]: one for one in bare.get("/v1/operations")["items"]}
    assert (operations["look"]["credits_cost"], operations["look"]["enabled"]) == (10, True)
    keys = {one["key"] for one in bare.get("/v1/garment-categories")["items"]}
    assert {"top", "shirt", "jeans"} <= keys


@pytest.mark.hostile(row=2)
def test_row_2_anothers_object_that_exists_is_answered_like_one_that_does_not(
    bare: Bare, poor: Bare
) -> None:
    _, upload = poor.upload(small("tee"))
    there = upload["upload_key"]
    answers = [
        bare.look(key)
        for key in (there, there[:-5] + ("0" if there[-5] != "0" else "1") + there[-4:])
    ]
    for _, refused in answers:
        assert refused["error"].pop("exchange_id") == refused["error"].pop("request_id")
    assert answers[0] == answers[1]
    assert answers[0][0] == 422
