import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.object_keys import may_name, problem, reachable

MINE = ("users/abc/",)


@pytest.mark.parametrize(
    "key",
    [
        "users/abc/trial/shirt-1.jpg",
        "users/abc/x",
        "users/abc/ümlaut ok/ä.png",
        "users/abc/%2e%2e/x",
    ],
)
def test_keys_below_the_prefix_may_be_named(key: str) -> None:
    assert may_name(key, MINE)


@pytest.mark.hostile(row=3)
@pytest.mark.hostile(row=4)
@pytest.mark.parametrize(
    "key",
    [
        "users/abc", "users/abcd/x", "users/abc-2/x", "users/other/x", "/users/abc/x",
        "users/abc/../other/x", "users/abc/./x",
        "users//abc/x", "users/abc//x", "users/abc/", "users\\abc\\x", "users/abc/x\x00",
        "users/abc/x\r\ny",
        "users/abc/\u202ex",
        "users/abc/ x", "users/abc/x ", "users/ab\u0301c/x", "results/abc/x", "", "..",
        "USERS/abc/x", "users/abc\u2215x/y",
    ],
)  # fmt: skip
def test_everything_else_may_not(key: str) -> None:
    assert not may_name(key, MINE)


def test_a_tenant_without_prefixes_may_name_nothing() -> None:
    assert not may_name("users/abc/x", ())


def test_no_prefix_opens_the_results() -> None:
    assert not may_name("results/demo/x.png", ("results/",))


@pytest.mark.hostile(row=5)
def test_live_and_test_keys_reach_nothing_of_each_other() -> None:
    live, test = reachable("live", MINE), reachable("test", MINE)
    assert may_name("users/abc/x", live)
    assert may_name("test/users/abc/x", test)
    assert not may_name("test/users/abc/x", live)
    assert not may_name("users/abc/x", test)
    assert not may_name("test/users/other/x", test)


@given(st.text(max_size=30))
def test_what_may_be_named_is_really_below_the_prefix(tail: str) -> None:
    key = f"users/abc/{tail}"
    if may_name(key, MINE):
        assert problem(key) is None
        assert ".." not in key.split("/")
        assert key.split("/")[:2] == ["users", "abc"]


@pytest.mark.hostile(row=3)
@pytest.mark.parametrize("letter", ["a", "é", "衣", "👕"])
def test_a_key_is_measured_in_bytes_as_the_store_measures_it(letter: str) -> None:
    room = 1024 - len("users/abc/")
    fits = "users/abc/" + letter * (room // len(letter.encode()))
    assert may_name(fits, MINE)
    over = fits + "a" * (1025 - len(fits.encode()))
    assert problem(over) == "is longer than 1024 bytes in UTF-8"
    assert not may_name(over, MINE)
