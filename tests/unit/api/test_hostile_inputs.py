"""Hostile requests that parse: each is refused by its rule, echoes nothing, and charges nothing.

Rows are those of the list of hostile inputs that this surface is held against; the others are in
`test_environments`,
`test_keys`, `test_uploads`, `integration/test_hostile_http` and `integration/test_upload_store`.
"""

import io
import json
import logging
from dataclasses import replace
from typing import Any

import pytest
import structlog
from PIL import Image

from compositing import GarmentInput, LookOptions, compose
from runtime import logs
from schemas.ids import new_request_id
from tests.unit.api.conftest import Api, grant_key
from tests.unit.api.fakes import a_job
from tests.unit.api.test_gates import spoiled
from tests.unit.api.test_looks import GOOD, item
from tests.unit.compositing.pictures import save, tee

SMUGGLED = "\x1b[31mred\nsecond line"


async def refused(api: Api, body: Any, **headers: str) -> tuple[int, str]:
    answer = await api.http.post("/v1/look", json=body, headers=api.headers(**headers))
    assert api.acceptance.accepted == []
    assert "Traceback" not in answer.text
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.hostile(row=1)
@pytest.mark.parametrize("name", ["theirs", "random", "lower", "longer", "nul", "path", "sql"])
@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("GET", "/events"), ("POST", "/cancel")])
async def test_row_1_what_is_not_mine_looks_like_what_is_not_there(
    api: Api, name: str, method: str, tail: str
) -> None:
    theirs, mine = new_request_id(), new_request_id()
    api.jobs.rows["other", "live", theirs] = a_job(theirs)
    api.jobs.rows["abc", "live", mine] = a_job(mine)
    named = {
        "theirs": theirs, "random": new_request_id(), "lower": mine.lower(), "longer": mine + "0",
        "nul": "%00",
        "path": f"..%2f{mine}", "sql": "'%20OR%201=1--",
    }[name]  # fmt: skip
    answer = await api.http.request(method, f"/v1/jobs/{named}{tail}", headers=api.headers())
    error = answer.json()["error"]
    assert answer.status_code == 404
    if name != "path":
        assert (error["code"], error["message"]) == ("JOB_NOT_FOUND", "There is no such job.")
    assert set(answer.json()) == {"error"}


@pytest.mark.hostile(row=3)
@pytest.mark.parametrize(
    "key",
    [
        "users/abc/../../other/x.png", "users/abc/%2e%2e/../x", "users/abc\\..\\x", "users/abc//x",
        "/users/abc/x",
        "users/abc\u2215x/y", "users/abcx/y", "users/abc/x\x00", "users/abc/x\r\ny", "users/abc/x ",
        "users/abc/e\u0301",
        "users/abc/" + "x" * 1025,
    ],
)  # fmt: skip
async def test_row_3_object_keys_that_are_no_plain_path_below_the_prefix(
    api: Api, key: str
) -> None:
    assert await refused(api, item(trial_image=key)) == (422, "VALIDATION_ERROR")


@pytest.mark.hostile(row=4)
@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "s3://other-bucket/k",
        "gopher://x/",
        "data:image/png;base64,AAAA", "\\\\host\\share",
    ],
)  # fmt: skip
async def test_row_4_a_url_is_no_object_key(api: Api, url: str) -> None:
    assert await refused(api, item(trial_image=url)) == (422, "VALIDATION_ERROR")


@pytest.mark.hostile(row=8)
async def test_row_8_fields_that_are_ours_to_set_change_nothing(api: Api) -> None:
    smuggled = {
        "tenant_id": "other",
        "credits_cost": 0,
        "status": "SUCCESS",
        "job_id": "x",
        "__proto__": {},
        "environment": "x",
    }
    body = {**GOOD, **smuggled}
    assert await refused(api, body) == (422, "VALIDATION_ERROR")
    older = grant_key(api.accounts, "abc")  # made before unknown fields were refused
    known = api.accounts.credentials[older]
    api.accounts.credentials[older] = replace(known, strict_fields=False)
    headers = {"Authorization": f"Bearer {older}"}
    answer = await api.http.post("/v1/look", json=body, headers=headers)
    assert answer.status_code == 202
    (accepted,) = api.acceptance.accepted
    assert (accepted.tenant_id, accepted.environment, accepted.credits_cost) == ("abc", "live", 10)
    assert (answer.json()["status"], answer.json()["job_id"]) == (
        "NOT_STARTED",
        answer.json()["request_id"],
    )


@pytest.mark.hostile(row=9)
@pytest.mark.parametrize(
    "config",
    [
        {f"option{number}": 1 for number in range(10_000)}, {"x": "y" * 60_000}, {"width": 1e9},
        {"width": -1},
        {"width": 2**63}, {"quality": 101}, {"background": "url(http://x)"},
        {"format": {"$ne": ""}}, [1], "x", 7,
    ],
)  # fmt: skip
async def test_row_9_options_out_of_their_ranges(api: Api, config: Any) -> None:
    assert (await refused(api, {**GOOD, "runtime_config": config}))[0] in {413, 422}


@pytest.mark.hostile(row=10)
@pytest.mark.parametrize(
    "items",
    [
        [],
        [GOOD["items"][0]] * 10_000,
        None,
        GOOD["items"][0],
        [GOOD["items"]],
        [None],
        ["users/abc/x"],
        1,
    ],
    ids=["none", "many", "null", "object", "nested", "holds null", "holds text", "number"],
)
async def test_row_10_items_that_are_no_list_of_garments(api: Api, items: Any) -> None:
    assert (await refused(api, {**GOOD, "items": items}))[0] in {413, 422}


@pytest.mark.hostile(row=10)
@pytest.mark.parametrize(
    "category", ["top\x00", "", "t" * 65, "tops; DROP TABLE tenants", "\u0442op"]
)
async def test_row_10_categories_that_are_none(api: Api, category: str) -> None:
    assert await refused(api, item(trial_item_category=category)) == (422, "VALIDATION_ERROR")


@pytest.mark.hostile(row=12)
@pytest.mark.parametrize(
    "media_type", ["text/plain", "multipart/form-data", "application/xml", "application/jsonx", ""]
)
async def test_row_12_other_media_types(api: Api, media_type: str) -> None:
    headers = api.headers(**({"Content-Type": media_type} if media_type else {}))
    answer = await api.http.post("/v1/look", content=json.dumps(GOOD), headers=headers)
    assert answer.status_code == 415
    assert api.acceptance.accepted == []


@pytest.mark.hostile(row=12)
async def test_row_12_a_character_set_in_the_media_type_does_not_change_how_the_body_is_read(
    api: Api,
) -> None:
    body = json.dumps(GOOD).encode("utf-7").replace(b"{", b"+AHs-")
    headers = api.headers(**{"Content-Type": "application/json; charset=utf-7"})
    assert (await api.http.post("/v1/look", content=body, headers=headers)).status_code == 422


@pytest.mark.hostile(row=13)
async def test_row_13_every_key_that_is_none_is_answered_alike_and_a_misspelt_one_costs_no_read(
    api: Api,
) -> None:
    live = grant_key(api.accounts, "abc")
    keys = [
        spoiled(api.key),
        "",
        "x" * 8192,
        live.replace("sk_live_", "sk_test_"),
        "k\u00e9y",
        api.key + " x",
        api.key[:-1],
    ]
    read = api.accounts.looked_up
    seen = set()
    for key in keys:
        answer = await api.http.get(
            "/v1/credits", headers=[(b"Authorization", f"Bearer {key}".encode())]
        )
        seen.add(
            (
                answer.status_code,
                answer.json()["error"]["message"],
                answer.headers["www-authenticate"],
            )
        )
        assert len(key) < 8 or key[:20] not in answer.text
    assert len(seen) == 1
    assert seen.pop()[0] == 401
    assert api.accounts.looked_up == read


@pytest.mark.hostile(row=14)
@pytest.mark.parametrize(
    ("capability", "method", "path"),
    [
        ("jobs:read", "POST", "/v1/look"), ("jobs:read", "POST", "/v1/uploads"),
        ("jobs:read", "POST", "/v1/uploads/presigned"),
        ("jobs:read", "POST", "/v1/jobs/x/cancel"), ("jobs:create", "GET", "/v1/jobs"),
        ("jobs:create", "GET", "/v1/credits"),
    ],
)  # fmt: skip
async def test_row_14_a_key_does_only_what_it_may(
    api: Api, capability: str, method: str, path: str
) -> None:
    key = grant_key(api.accounts, "abc", capability)
    answer = await api.http.request(method, path, headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "CAPABILITY_MISSING")


@pytest.mark.hostile(row=21)
@pytest.mark.parametrize("key", ["", '""', "k" * 256, '"a"b c', "a\tb", "\u00e9"])
async def test_row_21_idempotency_keys_that_are_none(api: Api, key: str) -> None:
    headers = [(name.encode(), value.encode()) for name, value in api.headers().items()]
    answer = await api.http.post(
        "/v1/look", json=GOOD, headers=[*headers, (b"Idempotency-Key", key.encode())]
    )
    assert (answer.status_code, api.acceptance.accepted) == (422, [])
    assert answer.json()["detail"][0]["loc"] == ["header", "Idempotency-Key"]


@pytest.mark.hostile(row=21)
async def test_row_21_two_idempotency_keys_are_none_and_sql_is_a_key_like_another(api: Api) -> None:
    twice = [*api.headers().items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "a")]
    assert (await api.http.post("/v1/look", json=GOOD, headers=twice)).status_code == 422
    headers = api.headers(**{"Idempotency-Key": "';DROP/**/TABLE/**/outbox;--"})
    assert (await api.http.post("/v1/look", json=GOOD, headers=headers)).status_code == 202


@pytest.mark.hostile(row=34)
@pytest.mark.parametrize(
    "tail", [b"<html><script>alert(1)</script></html>", b"PK\x03\x04" + b"\0" * 100]
)
async def test_row_34_a_picture_that_is_also_something_else_is_stored_as_a_picture_to_save(
    api: Api, tail: bytes
) -> None:
    answer = await api.http.post(
        "/v1/uploads", files={"file": save(tee()) + tail}, headers=api.headers()
    )
    assert answer.status_code == 201
    assert {kind for kind, _, _ in api.uploads.objects.values()} == {"image/png"}
    made = compose(
        [GarmentInput(save(tee()) + tail, "top")], LookOptions(width_px=256, format="png")
    )
    assert tail not in made.image


@pytest.mark.hostile(row=35)
@pytest.mark.parametrize("picture_format", ["png", "jpeg", "webp"])
def test_row_35_where_a_photo_was_taken_is_not_in_the_picture(picture_format: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRETCAMERA"
    exif.get_ifd(0x8825)[1] = "N"
    photo = save(tee(), "JPEG", exif=exif, comment=b"SECRETCOMMENT")
    assert b"SECRETCAMERA" in photo
    made = compose([GarmentInput(photo, "top")], LookOptions(width_px=256, format=picture_format))  # type: ignore[arg-type]  # one of the three
    assert b"SECRET" not in made.image
    assert dict(Image.open(io.BytesIO(made.image)).getexif()) == {}


@pytest.mark.hostile(row=45)
async def test_row_45_logs_hold_no_secrets_and_one_line_per_event(
    api: Api, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    root, level = logging.getLogger(), logging.getLogger().level
    handlers = list(root.handlers)
    logs.configure("api", "test", "INFO")
    caplog.set_level(logging.WARNING, "httpx")  # the client's own log, in this process
    try:
        api.acceptance.failure = RuntimeError(SMUGGLED)
        headers = api.headers(**{"User-Agent": "\x1b[31mred"})
        assert (await api.http.post("/v1/look", json=GOOD, headers=headers)).status_code == 500
        assert (
            await api.http.get(f"/v1/jobs?key={api.key}", headers=api.headers())
        ).status_code == 401
        assert (
            await api.http.get(
                "/v1/credits", headers={"Authorization": f"Bearer {spoiled(api.key)}"}
            )
        ).status_code == 401
    finally:
        root.handlers = handlers
        root.setLevel(level)
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
    written = capsys.readouterr().err
    assert written
    assert "sk_live_" not in written
    assert "X-Amz-Signature" not in written
    assert "\x1b" not in written
    for line in written.splitlines():
        json.loads(line)
