"""Fetching what strangers name: judged at each step, bounded in bytes, time and redirects."""

from collections.abc import Sequence

import pytest

from runtime.egress import MAX_REDIRECTS, Egress, FetchFailed, Resolver
from tests.receiver import answering, pouring, receiving, saying, silence
from tests.unit.runtime.test_egress import PUBLIC, Names, Wire, wire

__all__ = ["wire"]
LOCAL = ["127.0.0.1"]
PHOTO = b"\xff\xd8\xff" + b"x" * 5000


def local(*more: Sequence[str]) -> Egress:
    """One that may reach this machine, whatever the host is called."""
    return Egress(Names(LOCAL, *more), insecure=True)


async def failure(egress: Egress, url: str, max_bytes: int = 10_000) -> FetchFailed:
    with pytest.raises(FetchFailed) as told:
        await egress.get(url, max_bytes, time_limit_s=2)
    return told.value


async def test_a_photo_is_read_whole_without_the_name_being_looked_up_again(wire: Wire) -> None:
    async with receiving() as receiver:
        receiver.always = answering(200, PHOTO)
        names = Names(LOCAL, ["10.0.0.1"])
        egress = Egress(names, insecure=True)
        url = f"http://photos.example:{receiver.port}/a.jpg?v=2"
        assert await egress.get(url, len(PHOTO), time_limit_s=5) == PHOTO
        assert wire.looked_up == []
        assert wire.connected == [str(("127.0.0.1", receiver.port))]
        (asked,) = receiver.received
        assert (asked.line, asked.body) == ("GET /a.jpg?v=2 HTTP/1.1", b"")
        assert asked.headers["host"] == f"photos.example:{receiver.port}"
        assert asked.headers["accept-encoding"] == "identity"
        assert {"authorization", "cookie", "referer"} & set(asked.headers) == set()


@pytest.mark.hostile(row=38)
@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a.jpg", "https://127.0.0.1/a.jpg", "https://[::1]/a.jpg",
        "https://[::ffff:169.254.169.254]/", "https://2130706433/", "https://0x7f.1/",
        "https://localhost/", "https://169.254.169.254/latest/meta-data/",
        "https://user:pw@example.com/", "https://example.com:22/", "file:///etc/passwd",
    ],
)  # fmt: skip
async def test_a_hostile_url_is_refused_without_a_socket(wire: Wire, url: str) -> None:
    assert not (await failure(Egress(Resolver(1)), url)).can_heal
    assert wire.connected == []


@pytest.mark.hostile(row=38)
@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["169.254.169.254"], ["::ffff:10.0.0.1"], [PUBLIC, "10.0.0.1"]]
)
async def test_a_host_that_leads_inside_is_refused_at_the_moment_of_fetching(
    wire: Wire, addresses: list[str]
) -> None:
    error = await failure(Egress(Names(addresses)), "https://rebind.example/a.jpg")
    assert (str(error), error.can_heal) == (
        "the host of the URL has an address that is not public",
        False,
    )
    assert wire.connected == []


@pytest.mark.hostile(row=38)
@pytest.mark.parametrize(
    "place", ["http://169.254.169.254/", "https://10.0.0.1/", "file:///etc/passwd", "//[::1]/x"]
)
async def test_a_redirect_is_judged_as_the_url_was(wire: Wire, place: str) -> None:
    """The first host is public by name; what it names is not."""

    class Redirecting(Egress):
        async def _fetch(self, url: str, max_bytes: int) -> tuple[bytes | None, str]:
            if "public.example" in url:
                return None, place if ":" in place.partition("/")[0] else f"https:{place}"
            return await super()._fetch(url, max_bytes)

    error = await failure(Redirecting(Resolver(1)), "https://public.example/a.jpg")
    assert not error.can_heal
    assert wire.connected == []


async def test_a_few_redirects_are_followed_relative_ones_too() -> None:
    async with receiving() as receiver:
        receiver.then = [
            answering(301, location="/moved.jpg"),
            answering(307, location=f"http://other.example:{receiver.port}/there.jpg"),
        ]
        receiver.always = answering(200, PHOTO)
        url = f"http://photos.example:{receiver.port}/a.jpg"
        assert await local().get(url, 10_000, time_limit_s=5) == PHOTO
        assert [one.line.split()[1] for one in receiver.received] == [
            "/a.jpg",
            "/moved.jpg",
            "/there.jpg",
        ]
        receiver.always = answering(302, location="/again.jpg")
        error = await failure(local(), url)
        assert str(error) == f"it redirects more than {MAX_REDIRECTS} times"


@pytest.mark.parametrize(
    ("status", "can_heal"),
    [(404, False), (403, False), (204, False), (304, False), (500, True), (503, True), (429, True)],
)
async def test_another_status_is_told_and_some_may_heal(status: int, can_heal: bool) -> None:
    async with receiving() as receiver:
        receiver.always = answering(status, b"")
        error = await failure(local(), receiver.url)
        assert (str(error), error.can_heal) == (f"it answered {status}", can_heal)


@pytest.mark.parametrize("declared", [True, False])
async def test_no_more_is_read_than_may_be(declared: bool) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n"
    async with receiving() as receiver:
        receiver.always = pouring(
            b"x" * 1000, 0.001, head if declared else b"HTTP/1.1 200 OK\r\n\r\n"
        )
        error = await failure(local(), receiver.url)
        assert (error.too_large, error.can_heal) == (True, False)
        assert str(error) == "it has more than 10000 bytes"


@pytest.mark.parametrize("slow", ["silent", "dripping"])
async def test_a_slow_one_is_given_up(slow: str) -> None:
    async with receiving() as receiver:
        receiver.always = (
            silence if slow == "silent" else pouring(b"x", 0.05, b"HTTP/1.1 200 OK\r\n\r\n")
        )
        with pytest.raises(FetchFailed, match=r"no whole answer within 0\.3 s") as told:
            await local().get(receiver.url, 10_000, time_limit_s=0.3)
        assert told.value.can_heal


async def test_a_packed_answer_is_not_unpacked() -> None:
    async with receiving() as receiver:
        receiver.always = answering(200, PHOTO, content_encoding="gzip")
        assert "content coding" in str(await failure(local(), receiver.url))


async def test_what_is_no_http_and_a_body_that_breaks_off_may_heal() -> None:
    async with receiving() as receiver:
        receiver.then = [
            saying(b"SSH-2.0-x\r\n"),
            saying(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab"),
        ]
        assert (await failure(local(), receiver.url)).can_heal
        assert (await failure(local(), receiver.url)).can_heal


async def test_a_host_that_can_not_be_looked_up_may_be_there_later() -> None:
    class NoNames(Names):
        async def __call__(self, host: str, port: int) -> Sequence[str]:
            raise OSError

    assert (await failure(Egress(NoNames()), "https://nowhere.example/a.jpg")).can_heal
