"""What a `trial_image` is taken for, which URLs are never fetched, and what a data URL holds."""

from base64 import b64encode

import pytest

from domain.object_keys import problem
from domain.photo_sources import MAX_URL_CHARS, PhotoSource, photo_in, source_of, url_problem


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("users/abc/trial/shirt-1.jpg", PhotoSource.OBJECT),
        ("https-photos/x.jpg", PhotoSource.OBJECT),
        ("database/x.jpg", PhotoSource.OBJECT),
        ("s3://bucket/x.jpg", PhotoSource.URL),
        ("ftp://example.com/x.jpg", PhotoSource.URL),
        ("https://example.com/x.jpg", PhotoSource.URL),
        ("HTTPS://example.com/x.jpg", PhotoSource.URL),
        ("http://example.com/x.jpg", PhotoSource.URL),
        ("https:/example.com", PhotoSource.OBJECT),
        ("data:image/png;base64,AAAA", PhotoSource.DATA),
        ("DATA:,", PhotoSource.DATA),
    ],
)
def test_a_photo_is_told_by_its_beginning(text: str, source: PhotoSource) -> None:
    assert source_of(text) is source


@pytest.mark.parametrize(
    "key", ["http://x/y.jpg", "https://x/y.jpg", "data:image/png;base64,AAAA", "Data:x/y"]
)
def test_no_object_key_begins_so(key: str) -> None:
    assert problem(key) is not None


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/x.jpg",
        "https://example.com:8443/a/b?c=%20d",
        "https://93.184.216.34/x.jpg",
        "https://[2606:2800:220:1::1]/x.jpg",
        "https://cdn.example.com/" + "x" * (MAX_URL_CHARS - 24),
    ],
)
def test_a_public_url_may_be_fetched(url: str) -> None:
    assert url_problem(url) is None


REFUSED = {
    "http": "http://example.com/x.jpg",
    "a user": "https://user:pw@example.com/x.jpg",
    "a port": "https://example.com:22/x.jpg",
    "a fragment": "https://example.com/x.jpg#y",
    "a space": "https://example.com/x y.jpg",
    "a line": "https://example.com/x\r\nHost: y",
    "not ASCII": "https://ex\u0430mple.com/x.jpg",
    "no host": "https:///x.jpg",
    "one slash": "https:/example.com/x.jpg",
    "loopback": "https://127.0.0.1/x.jpg",
    "loopback, version 6": "https://[::1]/x.jpg",
    "mapped": "https://[::ffff:10.0.0.1]/x.jpg",
    "metadata": "https://169.254.169.254/latest/meta-data/",
    "private": "https://10.0.0.1:8443/x.jpg",
    "a short number": "https://127.1/x.jpg",
    "a whole number": "https://2130706433/x.jpg",
    "zone": "https://[fe80::1%25eth0]/x.jpg",
    "too long": "https://example.com/" + "x" * MAX_URL_CHARS,
}


@pytest.mark.hostile(row=38)
@pytest.mark.parametrize("name", list(REFUSED))
def test_other_urls_are_refused_before_anything_is_looked_up(name: str) -> None:
    assert url_problem(REFUSED[name]) is not None


def test_a_developer_may_allow_what_is_not_public() -> None:
    assert url_problem("http://127.0.0.1:8080/x.jpg", insecure=True) is None
    assert url_problem("ftp://127.0.0.1/x.jpg", insecure=True) is not None


@pytest.mark.parametrize(
    "head",
    [
        "data:image/png;base64,",
        "data:image/jpeg;charset=utf-8;base64,",
        "DATA:IMAGE/WEBP;BASE64,",
        "data:image/svg+xml;base64,",  # what it really is, its bytes say
    ],
)
def test_a_data_url_holds_bytes(head: str) -> None:
    assert photo_in(head + b64encode(b"\x89PNG\x00\xff").decode()) == b"\x89PNG\x00\xff"


@pytest.mark.parametrize(
    "url",
    [
        "data:,hello",
        "data:text/plain;base64,AAAA",
        "data:image/png,AAAA",
        "data:image/png;base64",
        "data:image/png;base64,A",
        "data:image/png;base64,AA==AA==",
        "data:image/png;base64,AA A=",
        "data:image/png;base64,AA\n==",
        "data:image/png;base64,__--",
        "data:image/png;base64,\u0410\u0410",
        "data:image/" + "x" * 1000 + ";base64,AAAA",
        "data:image/png" + ";a=b" * 5 + ";base64,AAAA",
    ],
)
def test_what_is_not_exactly_that_is_refused_in_words(url: str) -> None:
    assert isinstance(photo_in(url), str)
