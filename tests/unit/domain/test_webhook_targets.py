"""Where a webhook may go: strict URLs, public addresses alone."""

import pytest

from domain.webhook_targets import MAX_URL_CHARS, Target, is_public, target_of


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://hooks.example/looks?x=1", Target("https", "hooks.example", 443)),
        ("https://hooks.example:8443", Target("https", "hooks.example", 8443)),
        ("https://93.184.216.34/", Target("https", "93.184.216.34", 443)),
        ("https://[2606:4700::1111]/", Target("https", "2606:4700::1111", 443)),
        ("HTTPS://Hooks.Example", Target("https", "Hooks.Example", 443)),
    ],
)
def test_a_plain_https_url_is_a_target(url: str, target: Target) -> None:
    assert target_of(url) == target


@pytest.mark.hostile(row=38)
@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://hooks.example/", "https"),
        ("ftp://hooks.example/", "https"),
        ("file:///etc/passwd", "https"),
        ("gopher://hooks.example:443/", "https"),
        ("//hooks.example/", "https"),
        ("hooks.example", "https"),
        ("https://user:pw@hooks.example/", "password"),
        ("https://hooks.example@127.0.0.1/", "password"),
        ("https://hooks.example:22/", "ports"),
        ("https://hooks.example:80/", "ports"),
        ("https://hooks.example:0/", "ports"),
        ("https://hooks.example:99999/", "not a URL"),
        ("https://hooks.example:443:22/", "not a URL"),
        ("https:///looks", "host"),
        ("https:hooks.example", "host"),
        ("https://[fe80::1%25eth0]/", "host"),
        ("https://%31%32%37.0.0.1/", "host"),
        ("https://hooks.example\\@127.0.0.1/", "visible ASCII"),
        ("https://hooks.example/#x", "visible ASCII"),
        ("https://hooks.example/a b", "visible ASCII"),
        ("https://hooks.example/\r\nX: y", "visible ASCII"),
        ("https://hooks.example/\t", "visible ASCII"),
        ("https://ex\u0430mple.com/", "visible ASCII"),  # a Cyrillic letter that looks Latin
        ("https://\uff11\uff12\uff17.0.0.1/", "visible ASCII"),
        ("https://127\u30020\u30020\u30021/", "visible ASCII"),
        ("https://hooks.example/" + "x" * 10_240, "longer"),
        ("", "visible ASCII"),
    ],
)
def test_anything_else_is_not(url: str, word: str) -> None:
    problem = target_of(url)
    assert isinstance(problem, str)
    assert word in problem


def test_the_longest_url_is_as_long_as_is_said() -> None:
    begin = "https://hooks.example/"
    assert isinstance(target_of(begin + "x" * (MAX_URL_CHARS - len(begin))), Target)
    assert isinstance(target_of(begin + "x" * (MAX_URL_CHARS - len(begin) + 1)), str)


def test_for_development_http_and_any_port_will_do_but_no_other_scheme() -> None:
    assert target_of("http://127.0.0.1:9000/x", insecure=True) == Target("http", "127.0.0.1", 9000)
    for url in ("ftp://127.0.0.1:9000/", "http://u:p@127.0.0.1/", "http://127.0.0.1:0/"):
        assert isinstance(target_of(url, insecure=True), str)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"]
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.hostile(row=38)
@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254", "192.0.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.1", "192.88.99.1",
        "224.0.0.1",
        "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "::ffff:a00:1", "fe80::1", "fe80::1%eth0", "2606:4700::1111%eth0",
        "fc00::1",
        "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
        "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2130706433", "0x7f.1", "", "localhost",
    ],
)  # fmt: skip
def test_all_others_are_not(address: str) -> None:
    assert not is_public(address)
