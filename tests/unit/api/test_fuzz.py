"""Whatever bytes arrive at the edge, in body, headers, path or query: an answer in the envelope, of
the client's fault, and nothing charged for it. Never an error of ours.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp, Message

from api import cursors
from api.app import create_app
from api.errors import ApiError
from api.idempotency import key_of
from api.negotiation import accepts
from domain.api_keys import environment_of, make_key
from domain.composing import attempt_of
from domain.webhook_targets import target_of
from schemas.ids import new_request_id
from tests.making import a_request
from tests.unit.api.conftest import grant_key
from tests.unit.api.fakes import FakeAcceptance, make_ports
from tests.unit.api.test_looks import GOOD
from tests.unit.api.test_strict_json import bodies
from tests.unit.compositing.pictures import save, tee

RawHeaders = list[tuple[bytes, bytes]]
EXAMPLES = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
MINE = new_request_id()


class Edge:
    """The API over fakes, asked in bytes as a server hands them on."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        ports, accounts, acceptance, _ = self._runner.run(_ports())
        self.acceptance: FakeAcceptance = acceptance
        self.key = grant_key(accounts, "abc")
        self._app: ASGIApp = create_app(ports)

    def ask(
        self,
        method: str,
        path: str,
        pieces: Sequence[bytes] = (b"",),
        *,
        headers: RawHeaders | None = None,
        query: bytes = b"",
    ) -> tuple[int, bytes]:
        """Status and body of the answer. Raises what the application lets through."""
        named = [
            (b"host", b"api.test"),
            (b"authorization", b"Bearer " + self.key.encode()),
            *(headers or []),
        ]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": quote(path, errors="replace").encode(),
            "query_string": query,
            "root_path": "",
            "headers": named,
            "client": ("192.0.2.1", 1),
            "server": ("api.test", 80),
        }
        return self._runner.run(_asked(self._app, scope, pieces))

    def close(self) -> None:
        self._runner.close()


async def _ports() -> Any:
    return make_ports(max_body_bytes=64 * 1024)


async def _asked(app: ASGIApp, scope: dict[str, Any], pieces: Sequence[bytes]) -> tuple[int, bytes]:
    left, sent = [*pieces], list[Message]()

    async def receive() -> Message:
        if not left:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: Message) -> None:
        sent.append(message)

    async with asyncio.timeout(20):
        await app(scope, receive, send)
    return sent[0]["status"], b"".join(one.get("body", b"") for one in sent[1:])


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    made = Edge()
    yield made
    made.close()


def refused(answer: tuple[int, bytes]) -> None:
    """It is the client's fault, and says so in the envelope."""
    status, body = answer
    assert 400 <= status < 500, answer
    error = json.loads(body)["error"]
    assert error["code"]
    assert error["message"]
    assert b"Traceback" not in body


def torn(good: bytes) -> st.SearchStrategy[bytes]:
    """A good text with some of its bytes changed, left out, doubled."""
    place = st.integers(0, len(good))
    return st.builds(
        lambda a, b, new: good[: min(a, b)] + new + good[max(a, b) :],
        place,
        place,
        st.binary(max_size=6)
        | st.sampled_from([b"\x00", b"\xff", b'"', b"{", b"1e999", b"\\u0000"]),
    )


LATIN = st.binary(max_size=40).filter(lambda raw: not {*raw} & {0, 10, 13})
"""What a server lets through as a header's value."""
GOOD_BODY = json.dumps(GOOD).encode()


@EXAMPLES
@given(body=torn(GOOD_BODY) | bodies() | st.binary(max_size=60))
@example(body=b"")
@example(body=b"\xff\xfe{\x00}\x00")
@example(body=b"[" * 5000)
def test_a_look_of_any_bytes(edge: Edge, body: bytes) -> None:
    before = len(edge.acceptance.accepted)
    answer = edge.ask("POST", "/v1/look", (body,), headers=[(b"content-type", b"application/json")])
    if answer[0] in (202, 402, 429):  # one that is good after all, until its credits are used up
        return
    refused(answer)
    assert len(edge.acceptance.accepted) == before


@EXAMPLES
@given(
    name=st.sampled_from(
        [
            b"content-type",
            b"accept",
            b"idempotency-key",
            b"authorization",
            b"content-length",
            b"x-request-id",
            b"traceparent",
            b"x-forwarded-for",
        ]
    ),
    value=LATIN,
    again=st.booleans(),
)
def test_a_look_with_any_header(edge: Edge, name: bytes, value: bytes, again: bool) -> None:
    headers = [(b"content-type", b"application/json"), (name, value)]
    answer = edge.ask(
        "POST", "/v1/look", (b"{}",), headers=[*headers, (name, value)] if again else headers
    )
    refused(answer)


@st.composite
def forms(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """A content type and a multipart body, in pieces, of which something may be wrong."""
    boundary = draw(st.sampled_from([b"b", b"----x", b"'()+_,-./:=?"]))
    photo = draw(st.sampled_from([save(tee(), "PNG"), b"", b"GIF89a", b"--b--\r\n"]))
    body = (
        b'--%b\r\nContent-Disposition: form-data; name="file"; filename="x.png"\r\n'
        b"Content-Type: image/png\r\n\r\n%b\r\n--%b--\r\n" % (boundary, photo, boundary)
    )
    if draw(st.booleans()):
        body = draw(torn(body))
    said = draw(st.just(boundary) | LATIN)
    cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=4)))
    ends = [0, *cuts, len(body)]
    pieces = [body[start:end] for start, end in pairwise(ends)]
    return b'multipart/form-data; boundary="' + said + b'"', pieces


@EXAMPLES
@given(form=forms())
def test_an_upload_of_any_bytes(edge: Edge, form: tuple[bytes, list[bytes]]) -> None:
    media_type, pieces = form
    answer = edge.ask("POST", "/v1/uploads", pieces, headers=[(b"content-type", media_type)])
    if answer[0] != 201:
        refused(answer)


PATHS = st.text(st.characters(exclude_characters="?#"), max_size=40)


@EXAMPLES
@given(method=st.sampled_from(["GET", "POST", "DELETE", "PUT", "HEAD", "TRACE"]), name=PATHS)
@example(method="GET", name="\x00")
@example(method="GET", name="../../look")
@example(method="GET", name="\ud800")
def test_a_job_of_any_name(edge: Edge, method: str, name: str) -> None:
    for tail in ("", "/events", "/cancel"):
        status, body = edge.ask(method, f"/v1/jobs/{name}{tail}")
        if not name.strip("/") and method in ("GET", "HEAD") and not tail:
            continue  # the list of jobs
        assert status in (200, 307) or 400 <= status < 500, (status, body)


@EXAMPLES
@given(
    where=st.sampled_from([b"cursor", b"limit", b"since", b"status", b"type", b"created_after"]),
    value=st.binary(max_size=60) | st.text(max_size=30).map(lambda text: quote(text).encode()),
)
@example(where=b"cursor", value=b"A" * 5000)
@example(where=b"limit", value=b"9" * 4000)
@example(where=b"created_after", value=b"9999-12-31T23:59:59%2B00:00")
@example(where=b"created_after", value=b"0001-01-01T00:00:00%2B14:00")
def test_a_list_with_any_query(edge: Edge, where: bytes, value: bytes) -> None:
    status, body = edge.ask("GET", "/v1/jobs", query=where + b"=" + value)
    if status != 200:
        refused((status, body))


@given(st.text(max_size=300))
@example("=" * 300)
@example("\ud800")
def test_no_text_is_a_cursor_that_was_not_made(text: str) -> None:
    with pytest.raises(ApiError):
        cursors.read(text, "abc", "jobs")


@given(st.text(min_size=1, max_size=60), st.text(max_size=10), st.text(max_size=10))
def test_a_cursor_is_good_for_its_scope_alone(position: str, mine: str, other: str) -> None:
    try:
        cursor = cursors.make(position, mine)
    except UnicodeEncodeError:
        return  # no position of ours
    if len(cursor) <= cursors.MAX_CHARS:
        assert cursors.read(cursor, mine) == position
    if mine != other:
        with pytest.raises(ApiError):
            cursors.read(cursor, other)


@given(st.text(max_size=80), st.integers(0, 60), st.characters())
def test_no_text_is_an_api_key_but_one_that_was_made(text: str, place: int, other: str) -> None:
    assert environment_of(text) is None
    key = make_key("live", lambda letters: letters[7 % len(letters)])
    assert environment_of(key) == "live"
    place %= len(key)
    spoiled = key[:place] + other + key[place + 1 :]
    assert spoiled == key or environment_of(spoiled) is None


@given(st.lists(st.text(max_size=300), max_size=3))
def test_an_idempotency_key_is_visible_ascii_or_refused(given_: list[str]) -> None:
    try:
        key = key_of(given_)
    except ApiError:
        return
    assert key is None or (0 < len(key) <= 255 and all(33 <= ord(one) <= 126 for one in key))


@given(st.text(max_size=80))
def test_any_accept_header_is_read(text: str) -> None:
    assert accepts(text, "application/json") in (True, False)


@given(st.text(max_size=80) | st.text(max_size=40).map(lambda text: f"https://{text}/"))
@example("https://[::1")
@example("https://\u2488/")
@example("https://a:99999/")
def test_any_webhook_url_is_a_target_or_refused_with_a_reason(url: str) -> None:
    found = target_of(url)
    assert found


@given(
    st.dictionaries(st.sampled_from(["looks-attempt", "looks-not-before"]), st.text(max_size=30))
)
@example({"looks-attempt": "9" * 5000})
@example({"looks-not-before": "9" * 400})
def test_any_retry_header_is_an_attempt_or_none(headers: dict[str, str]) -> None:
    found = attempt_of(a_request(), headers)
    assert found is None or (found.number >= 1 and found.not_before_ms / 1000 >= 0)
