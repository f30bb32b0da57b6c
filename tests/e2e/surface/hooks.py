"""What is checked of every exchange beside Schemathesis's own checks, which loads this module
(`schemathesis.toml`).

NamespaceRule: what one tenant did, done again by another, finds nothing of the first. LeakageRule:
of what was refused nothing is left. Both after RESTler. One worker runs the cases, so what was made
before is known here.
"""

import os
from typing import Any

import requests
import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response

from schemas.errors import STATUS, ErrorCode
from schemas.ids import new_request_id

KEY, OTHER_KEY = os.environ["LOOKS_SURFACE_KEY"], os.environ["LOOKS_SURFACE_OTHER_KEY"]
KEY_ID = os.environ["LOOKS_SURFACE_KEY_ID"]
PHOTO, TARGET = os.environ["LOOKS_SURFACE_PHOTO"], os.environ["LOOKS_SURFACE_TARGET"]
PATIENCE_S = 40
NAMES = {"request_id", "job_id", "id", "event_id", "upload_key"}
LISTS = {"create_look": "/v1/jobs", "create_webhook": "/v1/webhooks"}

http = requests.Session()
http.trust_env = False
mine: set[str] = set()
"""Every id that the first tenant was shown."""


def ids(value: Any) -> set[str]:
    """The ids of things in an answer's body; the exchange's own in an envelope is none."""
    if isinstance(value, list):
        return set().union(*(ids(one) for one in value))
    if not isinstance(value, dict) or ("error" in value and "status" not in value):
        return set()
    own = {text for name, text in value.items() if name in NAMES and isinstance(text, str)}
    return own.union(*(ids(one) for one in value.values()))


def body_of(response: Response | requests.Response) -> Any:
    """The JSON of an answer; None of others."""
    kind = response.headers.get("content-type", "")
    return response.json() if response.content and "application/json" in kind else None


def as_first(response: Response) -> bool:
    """Whether the exchange was the first tenant's."""
    return response.request.headers.get("Authorization") == f"Bearer {KEY}"


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """What the stream's events are, in the word that Schemathesis knows: OpenAPI 3.2's."""
    streams = [
        content
        for methods in raw_schema["paths"].values()
        for operation in methods.values()
        for kind, content in operation["responses"].get("200", {}).get("content", {}).items()
        if kind == "text/event-stream"
    ]
    assert streams
    for content in streams:
        del content["schema"]
        content["itemSchema"] = content.pop("x-itemSchema")


@schemathesis.hook
def map_case(context: HookContext, case: Case[Any]) -> Case[Any]:
    """Give half of the good looks and webhooks what a schema can't say: a photo that is there, a
    target that may be called.

    Uploads stay as they are made, pictures of one pixel that are refused: a file put in their place
    no longer counts as allowed by the schema. Uploads that succeed are those of
    `test_reference_flows` and `test_generated_client`.
    """
    good = (
        case.meta is not None and case.meta.generation.mode is schemathesis.GenerationMode.POSITIVE
    )
    if good and isinstance(case.body, dict) and not len(str(case.body)) % 2:
        case.body = workable(case.operation.definition.raw["operationId"], case.body)
    return case


def workable(operation: str, body: dict[str, Any]) -> dict[str, Any]:
    """A body of this operation that finds what it names."""
    if operation in {"create_webhook", "update_webhook"} and isinstance(body.get("url"), str):
        return {**body, "url": TARGET}
    if operation in {"create_look", "validate_look"}:
        items = [{"trial_image": PHOTO, "trial_item_category": "top"}]
        return {
            "user_category": body.get("user_category"),
            "items": items,
            "runtime_config": {"width": 256},
        }
    return body


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """The key that the run itself uses is neither revoked nor rotated, though it finds its id."""
    if case.path_parameters and case.path_parameters.get("key_id") == KEY_ID:
        case.path_parameters["key_id"] = new_request_id()


@schemathesis.hook
def after_call(context: HookContext, case: Case[Any], response: Response) -> None:
    """Remember what the first tenant was shown."""
    if as_first(response) and response.status_code < 300:
        mine.update(ids(body_of(response)))


@schemathesis.check
def enveloped(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """Every refusal is the envelope, with a code of its status and the exchange's id."""
    if response.status_code < 400:
        return
    body = body_of(response)
    assert isinstance(body, dict), f"{response.status_code} without an envelope"
    assert set(body) == ({"error", "detail"} if "detail" in body else {"error"})
    assert set(body["error"]) == {"code", "message", "exchange_id", "request_id"}
    assert STATUS[ErrorCode(body["error"]["code"])] == response.status_code
    assert response.headers["x-request-id"] == [body["error"]["request_id"]]
    assert body["error"]["exchange_id"] == body["error"]["request_id"]
    assert "Traceback" not in response.text
    assert KEY not in response.text


@schemathesis.check
def nothing_of_others(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """NamespaceRule: the same request with the other tenant's key finds none of the first tenant's
    things.
    """
    if not as_first(response) or not (response.status_code < 300 or response.status_code == 409):
        return
    again = response.request.copy()
    again.headers["Authorization"] = f"Bearer {OTHER_KEY}"
    answer = http.send(again, timeout=PATIENCE_S, allow_redirects=False)
    assert answer.status_code < 500, answer.text
    if "{" in case.path:
        assert answer.status_code == 404, f"{answer.status_code} for another tenant: {answer.text}"
    named = {one for one in mine if one in (response.request.url or "")}
    assert not (ids(body_of(answer)) & mine) - named, "another tenant is shown what is not its own"


@schemathesis.check
def nothing_of_what_failed(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """LeakageRule: after a refused create the newest thing is one that was accepted, and the
    exchange's id is no job.
    """
    path = LISTS.get(case.operation.definition.raw["operationId"])
    if (
        path is None
        or case.method != "POST"
        or not as_first(response)
        or not 400 <= response.status_code < 500
    ):
        return
    base, headers = (case.operation.base_url or "").rstrip("/"), {"Authorization": f"Bearer {KEY}"}
    listed = http.get(f"{base}{path}?limit=1", headers=headers, timeout=PATIENCE_S)
    assert listed.status_code == 200, listed.text
    newest = listed.json()["items"]
    assert {one.get("request_id") or one["id"] for one in newest} <= mine
    exchange = response.json()["error"]["request_id"]
    assert (
        http.get(f"{base}/v1/jobs/{exchange}", headers=headers, timeout=PATIENCE_S).status_code
        == 404
    )
