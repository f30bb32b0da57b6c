"""Unknown fields of a look: a strict key is refused, an older one is warned, and neither is charged
for a typo without a word.
"""

from typing import Any

import pytest

from tests.unit.api.conftest import Api, grant_key, grant_older_key

ITEM = {"trial_image": "users/abc/trial/shirt-1.jpg", "trial_item_category": "shirt"}
GOOD: dict[str, Any] = {"user_category": "MALE", "items": [ITEM], "runtime_config": None}
LOOK, VALIDATE = "/v1/look", "/v1/look/validate"
UNKNOWN = {
    "user_categry": ({**GOOD, "user_categry": "MALE"}, "body.user_categry", "user_category"),
    "runtime_confg": ({**GOOD, "runtime_confg": {}}, "body.runtime_confg", "runtime_config"),
    "far off": ({**GOOD, "zzz": 1}, "body.zzz", None),
    "in an item": (
        {**GOOD, "items": [ITEM, {**ITEM, "trial_item_categori": "top"}]},
        "body.items.1.trial_item_categori",
        "trial_item_category",
    ),
}


@pytest.mark.parametrize("path", [LOOK, VALIDATE])
@pytest.mark.parametrize("name", list(UNKNOWN))
async def test_a_strict_key_is_told_where_the_field_is_and_what_was_meant(
    api: Api, name: str, path: str
) -> None:
    body, place, meant = UNKNOWN[name]
    answer = await api.http.post(path, json=body, headers=api.headers())
    assert api.acceptance.accepted == []
    assert answer.status_code == 422
    (one,) = answer.json()["detail"]
    assert ".".join(str(part) for part in one["loc"]) == place
    assert one["type"] == "extra_forbidden"
    assert answer.json()["error"]["message"].startswith(f"{place}: there is no such field")
    assert (f"did you mean {meant}?" in one["msg"]) == (meant is not None)


@pytest.mark.parametrize("name", list(UNKNOWN))
@pytest.mark.parametrize(("path", "status"), [(LOOK, 202), (VALIDATE, 200)])
async def test_an_older_key_is_warned(api: Api, name: str, path: str, status: int) -> None:
    body, place, _ = UNKNOWN[name]
    headers = {"Authorization": f"Bearer {grant_older_key(api)}"}
    answer = await api.http.post(path, json=body, headers=headers)
    assert answer.status_code == status
    (warning,) = answer.json()["warnings"]
    assert warning.startswith(f"unknown field {place!r} was ignored")


@pytest.mark.parametrize(
    ("method", "path", "name", "meant"),
    [
        ("GET", "/v1/jobs?statuss=SUCCESS", "statuss", "status"),
        ("GET", "/v1/jobs?status=SUCCESS&zzz=1", "zzz", None),
        ("GET", "/v1/usage?form=2026-01-01", "form", "from"),
        ("GET", "/v1/me?limit=1", "limit", None),
        ("POST", f"{LOOK}?runtime_config=1", "runtime_config", None),
        ("POST", f"{VALIDATE}?dry_run=1", "dry_run", None),
    ],
)
async def test_an_unknown_query_parameter_is_named_to_a_strict_key_and_ignored_for_an_older_one(
    api: Api, method: str, path: str, name: str, meant: str | None
) -> None:
    body = GOOD if method == "POST" else None
    answer = await api.http.request(method, path, json=body, headers=api.headers())
    assert answer.status_code == 422
    assert api.acceptance.accepted == []
    (one,) = answer.json()["detail"]
    assert (one["loc"], one["type"]) == (["query", name], "extra_forbidden")
    assert (f"did you mean {meant}?" in one["msg"]) == (meant is not None)
    older = {"Authorization": f"Bearer {grant_older_key(api)}"}
    answer = await api.http.request(method, path, json=body, headers=older)
    assert answer.is_success


async def test_every_unknown_field_is_named_up_to_a_bound_and_none_is_echoed_whole(
    api: Api,
) -> None:
    body = {**GOOD, **{f"{'x' * 200}{number}": 1 for number in range(40)}}
    answer = await api.http.post(VALIDATE, json=body, headers=api.headers())
    assert answer.status_code == 422
    assert len(answer.json()["detail"]) == 20
    assert "x" * 41 not in answer.text


@pytest.mark.parametrize(
    "config",
    [{"glitter": True}, {"widht": 512}, {"nested": {"user_categry": "MALE"}}, {"trial_image": 1}],
)
@pytest.mark.parametrize(("path", "status"), [(LOOK, 202), (VALIDATE, 200)])
async def test_unknown_options_are_refused_and_an_older_key_is_warned(
    api: Api, config: dict[str, object], path: str, status: int
) -> None:
    body = {**GOOD, "runtime_config": config}
    answer = await api.http.post(path, json=body, headers=api.headers())
    (one,) = answer.json()["detail"]
    assert (answer.status_code, one["type"]) == (422, "extra_forbidden")
    assert one["loc"] == ["body", "runtime_config", next(iter(config))]
    assert ("did you mean width?" in one["msg"]) == ("widht" in config)
    assert api.acceptance.accepted == []
    older = {"Authorization": f"Bearer {grant_older_key(api)}"}
    answer = await api.http.post(path, json=body, headers=older)
    assert (answer.status_code, len(answer.json()["warnings"])) == (status, 1)


async def test_every_key_may_ask_what_it_may_do(api: Api) -> None:
    key = grant_key(api.accounts, "abc", "webhooks:manage", environment="test")
    answer = await api.http.get("/v1/me", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    me = answer.json()
    assert (me["tenant_id"], me["environment"]) == ("abc", "test")
    assert me["capabilities"] == ["webhooks:manage"]
    assert me["object_key_prefixes"] == ["test/users/abc/"]
    assert me["strict_fields"] is me["strict_options"] is True
    assert key not in answer.text
    assert (await api.http.get("/v1/me")).status_code == 401
