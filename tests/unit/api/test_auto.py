"""`trial_item_category: auto`: taken where our own engine makes the look."""

from dataclasses import replace

import pytest

from runtime.settings import EngineSettings
from tests.unit.api.conftest import Api
from tests.unit.api.test_looks import GOOD, item

AUTO = item(trial_item_category="auto")


@pytest.mark.parametrize(("path", "status"), [("/v1/look", 202), ("/v1/look/validate", 200)])
async def test_it_is_taken_for_a_category(api: Api, path: str, status: int) -> None:
    answer = await api.http.post(path, json=AUTO, headers=api.headers())
    assert answer.status_code == status


@pytest.mark.parametrize("name", ["Auto", "AUTO", " auto", "automatic", "au-to"])
async def test_no_other_spelling_is(api: Api, name: str) -> None:
    body = item(trial_item_category=name)
    answer = await api.http.post("/v1/look", json=body, headers=api.headers())
    assert answer.status_code == 422


@pytest.mark.parametrize("by", ["request", "tenant", "default"])
async def test_a_remote_engine_takes_none(api: Api, by: str) -> None:
    app = api.http._transport.app  # type: ignore[attr-defined]  # the app under test
    default = "remote" if by == "default" else "classical"
    engine = EngineSettings(url="https://engine.internal", default=default)
    app.state.ports = replace(app.state.ports, engine=engine)
    if by == "tenant":
        known = api.accounts.credentials[api.key]
        api.accounts.credentials[api.key] = replace(known, engine="remote")
    config = {"engine": "remote"} if by == "request" else None
    body = {**AUTO, "runtime_config": config}
    answer = await api.http.post("/v1/look", json=body, headers=api.headers())
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "items", 0, "trial_item_category"]
    said = await api.http.post(
        "/v1/look", json={**GOOD, "runtime_config": config}, headers=api.headers()
    )
    assert said.status_code == 202
