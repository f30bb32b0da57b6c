"""The clients ask for what the OpenAPI document has, and hold what it says.

Their models are made from it: a field that is added there and absent here makes `make check` fail
(`clients/... is stale`). A client of before keeps the field as an extra one.
"""

import inspect
import json
import re
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.clients import package
from cli.clients.openapi import document as made
from cli.clients.reached import TAGS
from looks_client import ConnectionFailed, Looks, look_request
from tests.packages import compiler, needed, npm

Asked = tuple[str, str, Any]
"""Method, URL and JSON body."""
AT = datetime(2026, 1, 2, tzinfo=UTC)
WITHOUT_A_METHOD = {
    "download_renders": "one picture at a time",
    "list_keys": "keys are made by people",
    "create_key": "keys are made by people",
    "rotate_key": "keys are made by people",
    "rename_key": "keys are made by people",
    "revoke_key": "keys are made by people",
    "get_upload_thumbnail": "of the console",
    "guess_upload_category": "of the console: a program says `auto`",
    "get_draft": "of the console",
    "save_draft": "of the console",
    "drop_draft": "of the console",
    "get_credit_notice": "of the console",
    "set_credit_notice": "of the console",
}
"""Operations that are left out, and why. A new one needs a method in both clients, or a line."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return made()


def operation(document: dict[str, Any], asked: Asked) -> dict[str, Any]:
    """What the document has at this method and path."""
    method, url, _ = asked
    where = httpx.URL(url).path
    fixed_first = sorted(document["paths"], key=lambda template: template.count("{"))
    for template in fixed_first:
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if re.fullmatch(pattern, where) and method.lower() in document["paths"][template]:
            found: dict[str, Any] = document["paths"][template][method.lower()]
            return found
    raise AssertionError(f"{method} {where} is not in the document")


def holds(document: dict[str, Any], asked: list[Asked]) -> set[str]:
    """Every call is in the document, with its query and its body's fields; the operations."""
    for one in asked:
        there = operation(document, one)
        known = {each["name"] for each in there.get("parameters", ()) if each["in"] == "query"}
        assert set(httpx.URL(one[1]).params) <= known, one
        if one[2] is not None:
            schema = there["requestBody"]["content"]["application/json"]["schema"]
            (name,) = re.findall(r"/schemas/(\w+)", json.dumps(schema))
            fields = document["components"]["schemas"][name]["properties"]
            assert set(one[2]) <= set(fields), one
    return {operation(document, one)["operationId"] for one in asked}


def surface(document: dict[str, Any]) -> set[str]:
    return {
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
        if TAGS & set(operation["tags"])
    } - set(WITHOUT_A_METHOD)


def of_python() -> list[Asked]:
    """What every public method of the Python client asks for."""
    asked: list[Asked] = []

    def service(request: httpx.Request) -> httpx.Response:
        json_sent = request.headers.get("content-type") == "application/json"
        body = json.loads(request.content) if json_sent else None
        asked.append((request.method, str(request.url), body))
        return httpx.Response(204 if request.url.path.endswith("/stream") else 200, content=b"{")

    more: dict[str, Any] = {
        "user_category": "MALE", "runtime_config": {}, "reference": "r", "metadata": {"a": "b"},
    }  # fmt: skip
    filters: dict[str, Any] = {
        "status": "SUCCESS", "created_after": AT, "created_before": AT, "reference": "r",
        "idempotency_key": "k",
    }  # fmt: skip
    changes: dict[str, Any] = {
        "url": "u", "event_types": ["look.failed"], "description": "d", "enabled": True,
    }  # fmt: skip
    garments = [("k", "top")]
    with Looks("sk", "http://looks", transport=httpx.MockTransport(service)) as looks:
        calls: dict[str, Any] = {
            "create_look": lambda: looks.create_look(garments, **more),
            "validate_look": lambda: looks.validate_look(garments, **more),
            "create_looks": lambda: looks.create_looks([look_request(garments, **more)]),
            "upload": lambda: looks.upload(b"photo"),
            "uploads": lambda: list(looks.uploads()),
            "presign_upload": lambda: looks.presign_upload("image/png", 1),
            "get_job": lambda: looks.get_job("j", wait_s=1),
            "jobs": lambda: list(looks.jobs(**filters)),
            "cancel": lambda: looks.cancel("j"),
            "events": lambda: list(looks.events("j")),
            "wait": lambda: looks.wait("j"),
            "renders": lambda: list(looks.renders()),
            "get_render": lambda: looks.get_render("j"),
            "download_picture": lambda: looks.download_picture("j"),
            "get_photo": lambda: looks.get_photo("j", 0),
            "report_picture": lambda: looks.report_picture("j", note="n"),
            "me": looks.me,
            "balance": looks.balance,
            "ledger": lambda: list(looks.ledger()),
            "usage": lambda: looks.usage(date(2026, 1, 1), date(2026, 1, 2)),
            "usage_by_key": lambda: looks.usage_by_key(date(2026, 1, 1), date(2026, 1, 2)),
            "refused_requests": lambda: list(looks.refused_requests()),
            "get_refused_request": lambda: looks.get_refused_request("r"),
            "operations": looks.operations,
            "garment_categories": looks.garment_categories,
            "create_webhook": lambda: looks.create_webhook("u", description="d"),
            "webhooks": lambda: list(looks.webhooks()),
            "get_webhook": lambda: looks.get_webhook("w"),
            "update_webhook": lambda: looks.update_webhook("w", **changes),
            "delete_webhook": lambda: looks.delete_webhook("w"),
            "rotate_webhook_secret": lambda: looks.rotate_webhook_secret("w", 0),
            "test_webhook": lambda: looks.test_webhook("w"),
            "webhook_deliveries": lambda: list(looks.webhook_deliveries("w", status="failed")),
            "get_webhook_delivery": lambda: looks.get_webhook_delivery("w", "d"),
            "redeliver": lambda: looks.redeliver("w", "d"),
        }
        public = {name for name, _ in inspect.getmembers(Looks, inspect.isfunction)}
        assert set(calls) == {name for name in public if name[0] != "_"} - {"close"}
        for call in calls.values():
            try:
                call()
            except ConnectionFailed:
                continue  # the answer is none: what was asked for is looked at
    return asked


def test_the_python_client_asks_for_what_is_there_and_for_all_of_it(
    document: dict[str, Any],
) -> None:
    assert surface(document) - {"list_job_events"} <= holds(document, of_python())


def test_the_typescript_client_asks_for_what_is_there_and_for_all_of_it(
    document: dict[str, Any], typescript: Path
) -> None:
    script = Path(__file__).with_name("every_call.mjs")
    argv: list[str | Path] = [needed("node"), script, typescript / "dist" / "index.js"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    asked = [tuple(one) for one in json.loads(done.stdout)]
    assert surface(document) - {"list_job_events"} <= holds(document, asked)


def test_the_typescript_client_s_own_tests_pass(typescript: Path) -> None:
    argv = [needed("node"), "--test", "test/"]
    done = subprocess.run(
        argv, cwd=typescript, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert re.search(r"^# pass [1-9]", done.stdout, re.M), done.stdout[-2000:]


@pytest.fixture(scope="module")
def typescript() -> Path:
    """The TypeScript client, compiled."""
    folder = compiler().parent
    npm(folder, "run", "build")
    return folder


def test_what_is_made_of_the_contracts_is_fresh() -> None:
    assert package.stale() == []
