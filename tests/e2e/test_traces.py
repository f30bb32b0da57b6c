"""One trace a look, under the client's own id: from the request to the call of a webhook."""

import json
import os
from collections.abc import Iterator

import pytest
from opentelemetry.trace import TraceFlags

from devstack.stack import Stack
from tests.conftest import ENGINE_PORT
from tests.e2e.calls import Calls
from tests.e2e.client import Client, until
from tests.e2e.test_odd_photos import odd
from tests.e2e.test_remote_engine import stages
from tests.engine_server import started
from tests.otlp import TRACES_PORT, SeenSpan, Spans, receiving

PARENT = "00f067aa0ba902b7"
CALL = "POST webhook"
ALL = {
    "looks-api",
    "looks-outbox_relay",
    "looks-compositor",
    "looks-status_projection",
    "looks-webhooks",
}
FAILED = ALL | {"looks-dead_letter", "looks-credit_ledger"}


@pytest.fixture
def spans() -> Iterator[Spans]:
    with receiving(TRACES_PORT) as (found, _):
        yield found


@pytest.fixture
def told(client: Client, receiver: tuple[str, Calls]) -> Iterator[Calls]:
    """The calls of a webhook of the client's."""
    url, calls = receiver
    made = client.http.post("/v1/webhooks", json={"url": url})
    assert made.status_code == 201, made.text
    yield calls
    client.http.delete(f"/v1/webhooks/{made.json()['id']}")


def traced(
    client: Client, key: str, category: str, flags: int = TraceFlags.SAMPLED, **more: object
) -> tuple[str, str]:
    """Post a look in a trace of its own; trace id and request id."""
    trace_id = os.urandom(16).hex()
    client.http.headers["traceparent"] = f"00-{trace_id}-{PARENT}-{flags:02x}"
    try:
        return trace_id, client.accepted((key, category), **more)
    finally:
        del client.http.headers["traceparent"]


def call_of(calls: Calls, request_id: str) -> dict[str, str]:
    """The headers of the call that told of a look."""
    while True:
        headers, body = calls.get(timeout=60)
        if request_id.encode() in body:
            return headers


def hang_together(spans: list[SeenSpan]) -> None:
    """Each span stands below another of the trace, or below the client's."""
    known = {one.span_id for one in spans} | {PARENT}
    assert [one for one in spans if one.parent not in known] == []
    assert [one.name for one in spans if one.parent == PARENT] == ["POST /v1/look"]


def test_a_look_is_one_trace_from_request_to_webhook(
    client: Client, spans: Spans, told: Calls
) -> None:
    photo = client.wardrobe(["tee"])["tee"]
    trace_id, request_id = traced(client, photo, "top")
    assert client.finish([request_id])[request_id]["status"] == "SUCCESS"
    headers = call_of(told, request_id)
    seen = spans.until(trace_id, ALL, CALL, PARENT, 30)
    assert {one.service for one in seen} >= ALL
    hang_together(seen)
    assert "render" in {one.name for one in seen}
    (call,) = [one for one in seen if one.name == CALL]
    assert headers["traceparent"].split("-")[1:3] == [trace_id, call.span_id]


def test_a_successful_look_leaves_one_line_in_each_process_with_its_trace(
    stack: Stack, client: Client
) -> None:
    photo = client.wardrobe(["tee"])["tee"]
    trace_id, request_id = traced(client, photo, "top")
    assert client.finish([request_id])[request_id]["status"] == "SUCCESS"

    def lines(process: str) -> list[dict[str, str]]:
        return [json.loads(one) for one in stack.log(process).splitlines() if request_id in one]

    said = {
        "api": "look accepted",
        "outbox_relay": "look published",
        "compositor": "look decided",
        "status_projection": "look finished",
    }
    until(lambda: all(lines(process) for process in said), 30)
    for process, event in said.items():
        (line,) = lines(process)
        assert (line["event"], line["trace_id"], line["process"]) == (event, trace_id, process)
        assert line["level"] == "info"


def test_a_retried_look_is_one_trace_with_each_of_its_attempts(
    client: Client, spans: Spans, told: Calls
) -> None:
    photo = client.wardrobe(["tee"])["tee"]
    remote = {"width": 256, "engine": "remote"}
    trace_id, request_id = traced(client, photo, "top", runtime_config=remote)
    until(lambda: "retrying" in stages(client, request_id), 60)  # nobody is at the engine's port
    with started(ENGINE_PORT):
        assert client.finish([request_id])[request_id]["status"] == "SUCCESS"
    call_of(told, request_id)
    seen = spans.until(trace_id, ALL, CALL, PARENT, 30)
    hang_together(seen)
    attempts = [one for one in seen if one.name == "process compositor"]
    assert len(attempts) >= 2
    assert len({one.span_id for one in attempts}) == len(attempts)
    assert sum(one.name == CALL for one in seen) == 1


def test_a_failed_look_is_one_trace_with_its_refund(
    client: Client, spans: Spans, told: Calls
) -> None:
    trace_id, request_id = traced(client, "users/abc/tests/nothing-there.jpg", "top")
    assert client.finish([request_id])[request_id]["status"] == "FAILURE"
    call_of(told, request_id)
    seen = spans.until(trace_id, FAILED, CALL, PARENT, 30)
    assert {one.service for one in seen} >= FAILED
    hang_together(seen)


def test_what_the_client_does_not_sample_has_no_spans_and_keeps_its_trace(
    client: Client, spans: Spans, told: Calls
) -> None:
    photo = client.put("users/abc/tests/odd-trace.jpg", odd())
    trace_id, request_id = traced(client, photo, "t-shirt", TraceFlags.DEFAULT)
    client.finish([request_id])
    headers = call_of(told, request_id)
    assert headers["traceparent"] == f"00-{trace_id}-{PARENT}-00"
    assert spans.until(trace_id, set(), CALL, PARENT, 2) == []
