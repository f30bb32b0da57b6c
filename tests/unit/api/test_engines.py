"""Asking for an engine: in the look or by the tenant; one that is not there is refused before
anything is charged.
"""

from dataclasses import replace

import pytest

from runtime.settings import EngineSettings
from tests.unit.api.conftest import Api
from tests.unit.api.test_looks import GOOD

REMOTE = EngineSettings(url="https://engine.internal")


def has_remote(api: Api) -> None:
    app = api.http._transport.app  # type: ignore[attr-defined]  # the application under test
    app.state.ports = replace(app.state.ports, engine=REMOTE)


def tenants_engine(api: Api, engine: str) -> None:
    api.accounts.credentials[api.key] = replace(api.accounts.credentials[api.key], engine=engine)


@pytest.mark.parametrize("path", ["/v1/look", "/v1/look/validate"])
async def test_a_remote_engine_that_is_not_there_can_not_be_asked_for(api: Api, path: str) -> None:
    answer = await api.http.post(
        path, json={**GOOD, "runtime_config": {"engine": "remote"}}, headers=api.headers()
    )
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "runtime_config", "engine"]
    assert api.acceptance.accepted == []


@pytest.mark.parametrize("engine", ["steam", None, 1, ["remote"], {"remote": 1}, ""])
async def test_an_engine_that_nobody_knows_is_refused(api: Api, engine: object) -> None:
    has_remote(api)
    answer = await api.http.post(
        "/v1/look", json={**GOOD, "runtime_config": {"engine": engine}}, headers=api.headers()
    )
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "runtime_config", "engine"]


@pytest.mark.parametrize("engine", ["classical", "remote"])
async def test_an_engine_that_is_there_is_written_down_for_the_compositor(
    api: Api, engine: str
) -> None:
    has_remote(api)
    tenants_engine(api, "remote")
    answer = await api.http.post(
        "/v1/look", json={**GOOD, "runtime_config": {"engine": engine}}, headers=api.headers()
    )
    assert answer.status_code == 202
    (submission,) = api.acceptance.accepted
    assert (submission.runtime_config, submission.tenants_engine) == ({"engine": engine}, "remote")


async def test_a_tenant_whose_engine_is_not_there_is_told_so_and_not_charged(api: Api) -> None:
    tenants_engine(api, "remote")
    answer = await api.http.post("/v1/look", json=GOOD, headers=api.headers())
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "UNAVAILABLE")
    assert answer.headers["retry-after"] == "60"
    assert api.acceptance.accepted == []
    own = await api.http.post(
        "/v1/look", json={**GOOD, "runtime_config": {"engine": "classical"}}, headers=api.headers()
    )
    assert own.status_code == 202
