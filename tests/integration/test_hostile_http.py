"""What hostile bytes on a socket come to: an answer in the envelope, a closed connection, and no
cost to others.

Rows are those of the list of hostile inputs that this surface is held against.
"""

import secrets
import socket
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from api.server import LINGER_S, MAX_HEAD_BYTES, MAX_HEADERS, MAX_URL_BYTES
from domain.api_keys import make_key
from runtime.settings import ApiSettings
from tests.integration.serving import Served, answer, closed, send, serving

JSON = "Content-Type: application/json"
ITEM = '{"trial_image": "users/abc/x.jpg", "trial_item_category": "top"}'
GOOD = f'{{"items": [{ITEM}]}}'.encode()


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving(header_timeout_s=1.0, body_timeout_s=1.0, keep_alive_s=2.0) as running:
        yield running


def refusal(shown: tuple[int, dict[str, str], object]) -> tuple[int, str]:
    """Status and code; every refusal has the envelope and an exchange id, and hides what was
    sent.
    """
    status, headers, body = shown
    assert isinstance(body, dict), body
    assert headers["x-request-id"] == body["error"]["request_id"]
    assert "Traceback" not in str(body)
    return status, body["error"]["code"]


def works(served: Served) -> bool:
    body = GOOD
    return served.ask(served.head(JSON, f"Content-Length: {len(body)}"), body)[0] in {202, 402}


def test_a_good_request_is_accepted_on_a_connection_that_lives_on(served: Served) -> None:
    with served.connect() as connection:
        for _ in range(3):
            connection.sendall(served.head(method="GET", path="/v1/credits"))
            assert answer(connection)[0] == 200


def test_pipelined_requests_are_answered_in_order(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(
            b"".join(served.head(method="GET", path=f"/v1/jobs?limit={n}") for n in (1, 2, 3))
        )
        data = b""
        while data.count(b"HTTP/1.1 200") < 3:
            data += connection.recv(65_536)


# Row 11: bodies and their framing.


@pytest.mark.hostile(row=11)
@pytest.mark.parametrize(
    ("lines", "body", "expected"),
    [
        ((JSON, "Content-Length: 2", "Content-Length: 3"), b"{}", (400, "MALFORMED_REQUEST")),
        (
            (JSON, "Content-Length: 2", "Transfer-Encoding: chunked"),
            b"0\r\n\r\n",
            (400, "MALFORMED_REQUEST"),
        ),
        ((JSON, "Transfer-Encoding: chunked, identity"), b"0\r\n\r\n", (400, "MALFORMED_REQUEST")),
        ((JSON, "Content-Length: -1"), b"", (400, "MALFORMED_REQUEST")),
        ((JSON, "Content-Length: 99999999999999999999999"), b"", (400, "MALFORMED_REQUEST")),
        ((JSON, "Content-Length: 9223372036854775808"), b"", (413, "PAYLOAD_TOO_LARGE")),
        ((JSON, "Content-Length: 1e3"), b"", (400, "MALFORMED_REQUEST")),
        ((JSON, "Transfer-Encoding: chunked"), b"zz\r\n", (400, "MALFORMED_REQUEST")),
        (
            (JSON, "Transfer-Encoding: chunked"),
            b"ffffffffffffffffff\r\n",
            (400, "MALFORMED_REQUEST"),
        ),
        ((JSON, "Content-Length: 2000000"), b" " * 2_000_000, (413, "PAYLOAD_TOO_LARGE")),
        (
            (JSON, "Content-Encoding: gzip", "Content-Length: 4"),
            b"\x1f\x8b\x08\x00",
            (415, "UNSUPPORTED_MEDIA_TYPE"),
        ),
        (("Content-Type: text/plain", "Content-Length: 2"), b"{}", (415, "UNSUPPORTED_MEDIA_TYPE")),
        (("Content-Length: 2",), b"{}", (415, "UNSUPPORTED_MEDIA_TYPE")),
    ],
)
def test_row_11_bodies_that_are_not_what_they_say_are_refused(
    served: Served, lines: tuple[str, ...], body: bytes, expected: tuple[int, str]
) -> None:
    assert refusal(served.ask(served.head(*lines), body)) == expected
    assert served.acceptance.accepted == []


@pytest.mark.hostile(row=11)
@pytest.mark.parametrize(
    "body",
    [
        b"", b"[" * 100_000, b'{"items": [', b'{"items": [], "items": []}', b'{"items": []} {}',
        b'{"items": [] /* none */}',
        b'{"items": 9223372036854775808}', b'{"items": NaN}', b'{"items": "\\ud800"}',
        b"\xef\xbb\xbf" + GOOD,
        GOOD.decode().encode("utf-16"),
    ],
    ids=["empty", "nested", "torn", "twice", "trailing", "comment", "2^63", "NaN", "surrogate",
    "BOM", "UTF-16"],
)  # fmt: skip
def test_row_11_texts_that_are_not_plain_json_are_refused(served: Served, body: bytes) -> None:
    assert refusal(served.ask(served.head(JSON, f"Content-Length: {len(body)}"), body)) == (
        422,
        "VALIDATION_ERROR",
    )
    assert served.acceptance.accepted == []


@pytest.mark.hostile(row=11)
def test_row_11_a_chunked_body_without_end_is_cut_off_by_its_size(served: Served) -> None:
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    pieces = (chunk for _ in range(1000))
    assert refusal(served.ask(served.head(JSON, "Transfer-Encoding: chunked"), *pieces)) == (
        413,
        "PAYLOAD_TOO_LARGE",
    )


@pytest.mark.hostile(row=11)
def test_row_11_a_body_shorter_than_it_says_is_cut_off_by_its_time(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(served.head(JSON, "Content-Length: 500") + b'{"items": [')
        assert refusal(answer(connection)) == (408, "REQUEST_TIMEOUT")
        assert closed(connection)


@pytest.mark.hostile(row=11)
def test_row_11_a_body_longer_than_it_says_is_no_second_request(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(served.head(JSON, "Content-Length: 2") + b"{}" + b"{}garbage\r\n\r\n")
        assert closed(connection)
    assert served.acceptance.accepted == []


@pytest.mark.hostile(row=11)
def test_row_11_floods_of_bodies_leave_no_memory_behind(served: Served) -> None:
    process = psutil.Process()
    flood = served.head(JSON, "Content-Length: 1000000") + b"[" * 1_000_000
    for _ in range(5):
        served.ask(flood)
    before_bytes = process.memory_info().rss
    for _ in range(40):
        assert served.ask(flood)[0] == 422
    assert process.memory_info().rss - before_bytes < 5 * 1024 * 1024


# Row 32, and heads.


def drip(connection: socket.socket, first: bytes, stop: threading.Event) -> None:
    """Send a beginning, then a byte at a time, for as long as the server takes it."""
    send(connection, [first])
    while not stop.wait(0.05):
        try:
            connection.send(b"x")
        except OSError:
            return


@pytest.mark.hostile(row=32)
@pytest.mark.parametrize(
    ("first", "status"),
    [
        (b"", 0),
        (b"GET /v1/credits HTTP/1.1\r\nHost: a\r\nX-Slow: ", 408),
        (b"G", 400),
        (b"POST /v1/look HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", 401),
    ],
)
def test_row_32_a_byte_at_a_time_is_closed(served: Served, first: bytes, status: int) -> None:
    stop = threading.Event()
    with served.connect() as connection:
        dripping = threading.Thread(target=drip, args=(connection, first, stop))
        if first:
            dripping.start()
        try:
            if status:
                assert answer(connection)[0] == status
            assert closed(connection)
        finally:
            stop.set()
            if first:
                dripping.join()


@pytest.mark.hostile(row=32)
def test_row_32_a_slow_body_is_closed(served: Served) -> None:
    stop = threading.Event()
    with served.connect() as connection:
        head = served.head(JSON, "Content-Length: 100000") + b'{"items": "'
        dripping = threading.Thread(target=drip, args=(connection, head, stop))
        dripping.start()
        try:
            assert refusal(answer(connection)) == (408, "REQUEST_TIMEOUT")
            assert closed(connection)
        finally:
            stop.set()
            dripping.join()


@pytest.mark.hostile(row=32)
def test_row_32_the_limits_that_are_served_with_close_within_ten_seconds() -> None:
    settings = ApiSettings()
    assert settings.header_timeout_s < 10
    assert settings.body_timeout_s < 10
    assert LINGER_S < 10


def test_a_connection_that_waits_between_two_requests_is_closed_and_others_are_served(
    served: Served,
) -> None:
    with served.connect() as connection:
        connection.sendall(served.head(method="GET", path="/v1/credits"))
        assert answer(connection)[0] == 200
        assert works(served)
        assert closed(connection)


def test_a_connection_waits_longer_for_its_next_request_than_a_head_may_take(
    served: Served,
) -> None:
    with served.connect() as connection:
        for pause_s in (0, 1.4):
            time.sleep(pause_s)
            connection.sendall(served.head(method="GET", path="/v1/credits"))
            assert answer(connection)[0] == 200


def test_a_balancer_gives_up_its_connections_before_we_do() -> None:
    """Else it sends a request on one that is being closed, and its client gets a 502."""
    assert ApiSettings().keep_alive_s > 60


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (
            b"GET /v1/credits HTTP/1.1\r\n" + b"X-A: b\r\n" * (MAX_HEADERS + 1) + b"\r\n",
            (431, "HEADERS_TOO_LARGE"),
        ),
        (
            b"GET /v1/credits HTTP/1.1\r\nX-A: " + b"b" * MAX_HEAD_BYTES + b"\r\n\r\n",
            (431, "HEADERS_TOO_LARGE"),
        ),
        (b"GET /v1/" + b"a" * MAX_URL_BYTES + b" HTTP/1.1\r\n\r\n", (414, "URI_TOO_LONG")),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", (400, "MALFORMED_REQUEST")),
        (b"GET /v1/credits HTTP/1.1\r\nA b: c\r\n\r\n", (400, "MALFORMED_REQUEST")),
        (b"GET /v1/credits HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", (400, "MALFORMED_REQUEST")),
        (b"GET /v1/credits HTTP/1.1\r\nA: b\x00c\r\n\r\n", (400, "MALFORMED_REQUEST")),
        (b"GET /v1/credits HTTP/9.9\r\n\r\n", (400, "MALFORMED_REQUEST")),
    ],
    ids=["many", "large", "target", "tls", "space", "folded", "nul", "version"],
)
def test_heads_that_are_too_large_or_malformed_are_refused(
    served: Served, head: bytes, expected: tuple[int, str]
) -> None:
    with served.connect() as connection:
        send(connection, [head])
        assert refusal(answer(connection)) == expected
        assert closed(connection)


@pytest.mark.parametrize(
    "piece", [b"X-Flood: yes\r\n" * 1000, b"x" * 16_000], ids=["headers", "one header"]
)
def test_a_head_without_end_is_cut_off_by_its_size(served: Served, piece: bytes) -> None:
    begin = b"GET /v1/credits HTTP/1.1\r\nX-First: a"
    with served.connect() as connection:
        send(connection, [begin, *(piece for _ in range(2000))])
        assert refusal(answer(connection)) == (431, "HEADERS_TOO_LARGE")


def test_a_head_in_many_pieces_is_as_good_as_whole(served: Served) -> None:
    head = served.head("X-Long: " + "y" * (MAX_HEAD_BYTES - 2000), method="GET", path="/v1/credits")
    with served.connect() as connection:
        for at in range(0, len(head), 4000):
            connection.sendall(head[at : at + 4000])
            time.sleep(0.001)
        assert answer(connection)[0] == 200


# Rows 41, 42, 43, 44.


@pytest.mark.hostile(row=41)
def test_row_41_an_id_of_the_clients_is_not_taken_and_a_forwarded_address_is_not_believed(
    served: Served,
) -> None:
    line = "X-Request-Id: 01ARZ3NDEKTSV4RRFFQ69G5FAV"
    _, headers, _ = served.ask(served.head(line, method="GET", path="/v1/credits"))
    assert headers["x-request-id"] != "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    injected = b"GET /v1/credits HTTP/1.1\r\nX-Request-Id: a\rSet-Cookie: b\r\n\r\n"
    status, headers, _ = served.ask(injected)
    assert status in {400, 401}
    assert "set-cookie" not in headers


def guess(served: Served, forwarded: str) -> int:
    """The status of a well-formed key that is none, from an address that the client makes up."""
    guessed = (
        "GET /v1/credits HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "
        f"{make_key('live', secrets.choice)}\r\n"
    )
    return served.ask(
        f"{guessed}X-Forwarded-For: {forwarded}\r\nForwarded: for={forwarded}\r\n\r\n".encode()
    )[0]


@pytest.mark.hostile(row=41)
@pytest.mark.parametrize(
    ("trusted", "expected"),
    [("", [401] * 3 + [429] * 5), ("192.0.2.7", [401] * 3 + [429] * 5), ("127.0.0.1", [401] * 8)],
    ids=["nobody", "somebody else", "this proxy"],
)
def test_row_41_a_made_up_address_brings_no_new_guesses_unless_a_proxy_that_is_named_says_it(
    trusted: str, expected: list[int]
) -> None:
    with serving(
        trusted_proxies=trusted, auth_failures_burst=3, auth_failures_per_s=0.001
    ) as proxied:
        assert [guess(proxied, f"198.51.100.{number}") for number in range(8)] == expected


@pytest.mark.hostile(row=42)
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("TRACE", "/v1/look", 405), ("PUT", "/v1/look", 405), ("PATCH", "/v1/credits", 405),
        ("OPTIONS", "/v1/look", 405),
        ("POST", "//v1/look", 404), ("POST", "/v1/look/", 404), ("POST", "/v1/Look", 404),
        ("POST", "/v1/look;x", 404),
        ("GET", "/v1/../v1/look", 404), ("GET", "/v1/%2e%2e/look", 404),
        ("CONNECT", "api.test:443", 400),
    ],
)  # fmt: skip
def test_row_42_other_methods_and_paths_are_refused_in_the_envelope(
    served: Served, method: str, path: str, status: int
) -> None:
    shown = served.ask(served.head(method=method, path=path))
    assert refusal(shown)[0] == status
    if status == 405:
        assert shown[1]["allow"]


@pytest.mark.hostile(row=42)
def test_row_42_a_method_can_not_be_overridden(served: Served) -> None:
    line = "X-HTTP-Method-Override: POST"
    assert served.ask(served.head(line, method="GET"))[0] == 405


@pytest.mark.hostile(row=43)
def test_row_43_no_other_origin_is_let_in(served: Served) -> None:
    lines = ("Origin: https://evil.test", "Access-Control-Request-Method: POST")
    for method, path in (("OPTIONS", "/v1/look"), ("GET", "/v1/credits")):
        _, headers, _ = served.ask(served.head(*lines, method=method, path=path))
        assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.hostile(row=44)
def test_row_44_the_public_port_says_nothing_of_what_it_is(served: Served) -> None:
    for path in ("/metrics", "/debug", "/health/ready", "/.env", "/v1/admin"):
        shown = served.ask(served.head(method="GET", path=path))
        assert refusal(shown) == (404, "NOT_FOUND")
        assert "server" not in shown[1]
