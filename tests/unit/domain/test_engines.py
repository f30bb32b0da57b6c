"""Which engine makes a look, and which URLs an operator may give for one."""

import pytest

from domain.engines import asked_for, named, url_problem
from schemas.engines import EngineName


@pytest.mark.parametrize(
    ("runtime_config", "tenants", "asked"),
    [
        (None, None, None),
        ({}, "remote", "remote"),
        ({"width": 256}, "classical", "classical"),
        ({"engine": "classical"}, "remote", "classical"),
        ({"engine": "remote"}, None, "remote"),
        ({"engine": "steam"}, "remote", "remote"),  # accepted before there was such an option
        ({"engine": 7}, None, None),
    ],
)
def test_a_look_comes_before_its_tenant(
    runtime_config: dict[str, object] | None, tenants: str | None, asked: str | None
) -> None:
    assert asked_for(runtime_config, tenants) == asked


def test_who_asks_for_none_gets_the_default() -> None:
    assert named(None, EngineName.REMOTE) is EngineName.REMOTE
    assert named("classical", EngineName.REMOTE) is EngineName.CLASSICAL
    assert named("steam", EngineName.REMOTE) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://engine.example",
        "https://10.0.0.7:9100/path",
        "http://127.0.0.1:9100",
        "http://[::1]:9100",
        "http://localhost:80",
    ],
)
def test_private_addresses_and_loopback_will_do(url: str) -> None:
    assert url_problem(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://engine.internal:9100",
        "http://10.0.0.7:9100",
        "ftp://127.0.0.1",
        "https://user:password@engine.example",
        "https://engine.example/?key=1",
        "https://engine.example/#x",
        "engine.example",
        "https://",
        "http://localhost.example",
    ],
)
def test_other_urls_are_refused(url: str) -> None:
    assert url_problem(url)


def test_plaintext_to_another_machine_must_be_allowed() -> None:
    assert url_problem("http://engine.internal:9100", plaintext=True) is None
