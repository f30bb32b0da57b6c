"""Calling strangers: no socket to an address that is not public, none to one that was not judged,
and little read.
"""

import gzip
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from domain.webhooks import MAX_ANSWER_BYTES
from runtime.egress import Egress, Resolver
from tests.receiver import answering, pouring, receiving, saying, silence

PUBLIC = "93.184.216.34"


class Wire:
    """What this interpreter connects to and looks up, by its own audit events."""

    def __init__(self) -> None:
        self.watching = False
        self.connected: list[str] = []
        self.looked_up: list[object] = []

    def hook(self, event: str, words: tuple[object, ...]) -> None:
        if self.watching and event == "socket.connect":
            self.connected.append(str(words[1]))
        if self.watching and event == "socket.getaddrinfo":
            self.looked_up.append(words[0])


WIRE = Wire()
sys.addaudithook(WIRE.hook)  # can't be taken back: one for all tests


@pytest.fixture
def wire() -> Iterator[Wire]:
    WIRE.connected, WIRE.looked_up, WIRE.watching = [], [], True
    yield WIRE
    WIRE.watching = False


class Names:
    """A name server that answers in order; the last answer stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def refused(egress: Egress, url: str) -> str:
    """Why a URL is refused: the same when it is given and when it is called."""
    problem = await egress.problem(url)
    attempt = await egress.post(url, b"{}", {})
    assert problem is not None
    assert (attempt.status_code, attempt.error) == (None, problem)
    return problem


@pytest.mark.hostile(row=38)
@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[::ffff:127.0.0.1]:8443/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://0/",
        "https://localhost/",
        "https://localhost./",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1:8443/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[fd00:ec2::254]/",
        "https://user:pw@example.com/",
        "https://example.com:22/",
        "https://example.com/" + "x" * 10_240,
        "https://ex\u0430mple.com/",
        "https://" + "a" * 64 + ".example/",
    ],
)
async def test_a_hostile_url_is_refused_without_a_socket(wire: Wire, url: str) -> None:
    await refused(Egress(Resolver(1)), url)
    assert wire.connected == []


@pytest.mark.hostile(row=38)
@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("127.0.0.1.nip.io", ["127.0.0.1"]),
        ("metadata.google.internal", ["169.254.169.254"]),
        ("six.example", ["fe80::1%eth0"]),
        ("mapped.example", ["::ffff:10.0.0.1"]),
        ("one-of-them.example", [PUBLIC, "10.0.0.1"]),
        ("the-last-of-many.example", [PUBLIC] * 20 + ["127.0.0.1"]),
        ("none.example", []),
    ],
)
async def test_a_host_with_any_private_address_is_refused_without_a_socket(
    wire: Wire, host: str, addresses: list[str]
) -> None:
    await refused(Egress(Names(addresses)), f"https://{host}/")
    assert wire.connected == []


@pytest.mark.hostile(row=38)
async def test_a_host_that_was_public_once_is_judged_again_at_delivery(wire: Wire) -> None:
    egress = Egress(Names([PUBLIC], ["169.254.169.254"]))
    assert await egress.problem("https://rebind.example/") is None
    attempt = await egress.post("https://rebind.example/", b"{}", {})
    assert attempt.error == "the host of the URL has an address that is not public"
    assert wire.connected == []


@pytest.mark.hostile(row=38)
async def test_the_connection_goes_to_the_judged_address_and_the_name_is_not_looked_up_again(
    wire: Wire,
) -> None:
    async with receiving() as receiver:
        names = Names(["127.0.0.1"], ["10.0.0.1"])
        attempt = await Egress(names, insecure=True).post(
            f"http://hooks.example:{receiver.port}/hook?x=1", b"{}", {"a": "b"}
        )
        assert attempt.status_code == 200
        assert names.asked == [("hooks.example", receiver.port)]
        assert wire.looked_up == []
        assert wire.connected == [str(("127.0.0.1", receiver.port))]
        (received,) = receiver.received
        assert received.line == "POST /hook?x=1 HTTP/1.1"
        assert received.headers["host"] == f"hooks.example:{receiver.port}"


async def test_the_next_address_is_tried_when_nobody_listens_on_the_first() -> None:
    async with receiving() as receiver:
        egress = Egress(Names(["127.0.0.2", "127.0.0.1"]), insecure=True)
        assert (
            await egress.post(f"http://hooks.example:{receiver.port}/", b"{}", {})
        ).status_code == 200


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of hooks.example that trusts itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl: nothing here makes certificates")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    words = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=hooks.example -addext "
        "subjectAltName=DNS:hooks.example"
    )
    subprocess.run(
        ["openssl", *words.split(), "-out", cert, "-keyout", key], check=True, capture_output=True
    )
    return cert, key


async def test_tls_asks_for_the_urls_own_name_and_checks_it(certificate: tuple[Path, Path]) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*certificate)
    asked: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: asked.append(name)
    trust = ssl.create_default_context(cafile=certificate[0])
    async with receiving(server) as receiver:
        egress = Egress(Names(["127.0.0.1"]), insecure=True, trust=trust)
        good = await egress.post(f"https://hooks.example:{receiver.port}/", b"{}", {})
        other = await egress.post(f"https://other.example:{receiver.port}/", b"{}", {})
        unknown = await Egress(Names(["127.0.0.1"]), insecure=True).post(
            f"https://hooks.example:{receiver.port}/", b"{}", {}
        )
    assert good.status_code == 200
    assert asked[:2] == ["hooks.example", "other.example"]
    assert (other.status_code, unknown.status_code) == (None, None)
    assert "certificate" in str(other.error).lower()
    assert len(receiver.received) == 1


@pytest.mark.hostile(row=38)
async def test_a_redirect_is_not_followed(wire: Wire) -> None:
    async with receiving() as receiver, receiving() as inner:
        receiver.always = answering(302, location=inner.url)
        attempt = await Egress(Resolver(1), insecure=True).post(receiver.url, b"{}", {})
        assert (attempt.status_code, attempt.succeeded) == (302, False)
        assert inner.received == []
        assert len(wire.connected) == 1


async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as receiver, receiving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (
            await Egress(Resolver(1), insecure=True).post(receiver.url, b"{}", {})
        ).status_code == 200
        assert proxy.received == []


@pytest.mark.hostile(row=38)
async def test_of_a_gigabyte_4_kib_are_read(wire: Wire) -> None:
    async with receiving() as receiver:
        receiver.always = pouring(b"x" * 65536, 0)
        attempt = await Egress(Resolver(1), insecure=True).post(receiver.url, b"{}", {})
    assert (attempt.status_code, len(attempt.answer)) == (200, MAX_ANSWER_BYTES)


@pytest.mark.hostile(row=38)
async def test_a_compressed_bomb_stays_compressed() -> None:
    bomb = gzip.compress(b"\x00" * 50_000_000)
    async with receiving() as receiver:
        receiver.always = answering(200, bomb, content_encoding="gzip")
        attempt = await Egress(Resolver(1), insecure=True).post(receiver.url, b"{}", {})
    assert attempt.succeeded
    assert len(attempt.answer) <= MAX_ANSWER_BYTES
    assert "\x00" not in attempt.answer  # nor anything that a database can't keep


@pytest.mark.hostile(row=38)
@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(silence, id="says nothing"),
        pytest.param(pouring(b"x", 0.05), id="a body that never ends"),
        pytest.param(
            pouring(b"x: y\r\n", 0.05, head=b"HTTP/1.1 200 OK\r\n"), id="a head that never ends"
        ),
    ],
)
async def test_an_answer_that_is_late_is_none(behaviour: object) -> None:
    async with receiving() as receiver:
        receiver.always = behaviour  # type: ignore[assignment]  # parametrize forgets the type
        begun_s = time.monotonic()
        attempt = await Egress(Resolver(1), insecure=True).post(
            receiver.url, b"{}", {}, time_limit_s=0.4
        )
        assert time.monotonic() - begun_s < 10
    assert (attempt.status_code, attempt.error) == (None, "no complete answer within 0.4 s")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff" * 100,
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 200_000 + b"\r\n\r\n",
    ],
    ids=["nothing", "noise", "another protocol", "too short", "no status", "a huge head"],
)
async def test_nonsense_is_a_failed_attempt(raw: bytes) -> None:
    async with receiving() as receiver:
        receiver.always = saying(raw)
        attempt = await Egress(Resolver(1), insecure=True).post(receiver.url, b"{}", {})
    assert attempt.status_code is None
    assert attempt.error


async def test_a_closed_port_is_a_failed_attempt() -> None:
    async with receiving() as receiver:
        url = receiver.url
    attempt = await Egress(Resolver(1), insecure=True).post(url, b"{}", {})
    assert attempt.error
    assert not attempt.succeeded


async def test_what_nobody_foresaw_is_a_failed_attempt_and_no_more() -> None:
    async def broken(host: str, port: int) -> Sequence[str]:
        raise RuntimeError("a bug")

    attempt = await Egress(broken).post("https://hooks.example/", b"{}", {})
    assert (attempt.status_code, attempt.error) == (None, "the call failed")


async def test_retry_after_is_kept() -> None:
    async with receiving() as receiver:
        receiver.always = answering(503, retry_after="30")
        assert (
            await Egress(Resolver(1), insecure=True).post(receiver.url, b"{}", {})
        ).retry_after == "30"
