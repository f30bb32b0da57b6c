"""The published contract: the seed's names, and an envelope on every error."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from api.app import create_app
from compositing.errors import InvalidOption
from compositing.options import OPTIONS, LookOptions
from schemas.categories import GarmentCategory
from schemas.errors import STATUS, ErrorCode
from tests.unit.api.fakes import make_ports

PAGE = Path(__file__).resolve().parents[2] / "docs" / "http.md"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    ports, *_ = make_ports()
    return create_app(ports).openapi()


def test_the_seeds_schemas_are_there(document: dict[str, Any]) -> None:
    seed = {
        "LookRequest",
        "TrialItemInput",
        "WorkflowAcceptedResponse",
        "JobStatus",
        "UserCategory",
        "HTTPValidationError",
    }
    assert seed <= set(document["components"]["schemas"])


def test_the_look_operation_is_the_seeds(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["LookRequest"]["required"] == ["items"]
    assert schemas["LookRequest"]["properties"]["items"]["minItems"] == 1
    assert set(schemas["TrialItemInput"]["required"]) == {"trial_image", "trial_item_category"}
    assert set(schemas["WorkflowAcceptedResponse"]["required"]) == {"request_id", "credits_cost"}
    assert schemas["JobStatus"]["enum"] == ["NOT_STARTED", "IN_PROGRESS", "SUCCESS", "FAILURE"]
    assert schemas["UserCategory"]["enum"] == ["MALE", "FEMALE"]
    assert set(schemas["HTTPValidationError"]["properties"]) == {"detail", "error"}
    answers = document["paths"]["/v1/look"]["post"]["responses"]
    assert answers["202"]["content"]["application/json"]["schema"]["$ref"].endswith(
        "/WorkflowAcceptedResponse"
    )
    assert answers["422"]["content"]["application/json"]["schema"]["$ref"].endswith(
        "/HTTPValidationError"
    )


def test_every_operation_has_an_id_a_key_and_enveloped_errors(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["security"] == [{"bearer": []}, {"session": []}]
    ids = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            ids.add(operation["operationId"])
            for status, answer in operation["responses"].items():
                assert answer["description"], (path, method, status)
                if not status.startswith("2"):
                    reference = answer["content"]["application/json"]["schema"]["$ref"]
                    assert reference.endswith(("/ErrorEnvelope", "/HTTPValidationError")), (
                        path,
                        method,
                        status,
                    )
    assert ids == {
        "create_look", "create_looks", "list_jobs", "get_job", "list_job_events", "cancel_job",
        "get_credits",
        "list_operations",
        "list_garment_categories", "create_webhook", "list_webhooks", "get_webhook",
        "update_webhook", "delete_webhook",
        "rotate_webhook_secret", "test_webhook", "list_webhook_deliveries", "get_webhook_delivery",
        "redeliver_webhook_delivery",
        "upload_photo", "presign_upload", "list_uploads", "get_upload_thumbnail",
        "guess_upload_category",
        "get_draft", "save_draft", "drop_draft",
        "stream_job_events", "list_renders", "get_render", "get_usage", "validate_look",
        "get_me", "get_credit_notice", "set_credit_notice", "get_usage_by_key",
        "list_refused_requests", "get_refused_request",
        "sign_in", "get_session", "sign_out", "list_sessions", "sign_out_everywhere", "end_session",
        "download_renders", "download_picture", "get_photo", "report_picture",
        "list_keys", "create_key", "rotate_key", "revoke_key", "rename_key",
    }  # fmt: skip


def test_the_rendering_options_are_documented_as_they_are_checked(document: dict[str, Any]) -> None:
    whole = document["components"]["schemas"]["LookRequest"]["properties"]["runtime_config"]
    config = next(one for one in whole["anyOf"] if one["type"] == "object")
    assert config["additionalProperties"] is True
    assert set(config["properties"]) == set(OPTIONS)
    told: dict[str, Any] = {"mannequin": "FEMALE"}
    for name, schema in config["properties"].items():
        if "default" in schema:
            told |= OPTIONS[name](schema["default"])
    assert LookOptions(**told) == LookOptions()
    for name, schema in config["properties"].items():
        values = schema.get("enum", [])
        for bound, beyond in (("minimum", -1), ("maximum", 1)):
            if bound in schema:
                values.append(int(schema[bound]))
                assert refused(name, int(schema[bound]) + beyond)
        for value in [*values, *(["#A0b1C2"] if "pattern" in schema else [])]:
            assert not refused(name, value), (name, value)
        assert refused(name, ["no list"])


def refused(option: str, value: object) -> bool:
    try:
        OPTIONS[option](value)
    except InvalidOption:
        return True
    return False


def test_the_garment_categories_are_an_enum(document: dict[str, Any]) -> None:
    assert document["components"]["schemas"]["GarmentCategory"]["enum"] == [
        category.value for category in GarmentCategory
    ]
    key = document["components"]["schemas"]["GarmentCategoryOut"]["properties"]["key"]
    assert key["$ref"].endswith("/GarmentCategory")


def test_the_calls_that_we_make_are_documented(document: dict[str, Any]) -> None:
    for kind in ("look.completed", "look.failed", "webhook.test"):
        body = document["webhooks"][kind]["post"]["requestBody"]["content"]["application/json"][
            "schema"
        ]
        assert body["$ref"].endswith("/WebhookPayload")


def test_a_secret_is_in_no_answer_but_those_that_make_one(document: dict[str, Any]) -> None:
    with_secret = {
        name
        for name, schema in document["components"]["schemas"].items()
        if "secret" in schema.get("properties", {})
    }
    assert with_secret == {"WebhookWithSecret", "WebhookSecret"}


def examples(document: dict[str, Any]) -> list[tuple[str, dict[str, Any], Any]]:
    """Every example of the document: where it stands, its schema, itself."""
    found = []
    for operations in document["paths"].values():
        for operation in operations.values():
            name = operation["operationId"]
            places = (
                [(f"{name} body", operation["requestBody"])] if "requestBody" in operation else []
            )
            places += [
                (f"{name} {status}", answer) for status, answer in operation["responses"].items()
            ]
            for place, holder in places:
                for kind, content in holder.get("content", {}).items():
                    is_file = content.get("schema", {}).get("format") == "binary"
                    if kind == "multipart/form-data" or is_file:
                        continue  # a file has no example in JSON
                    shown = [one["value"] for one in content.get("examples", {}).values()]
                    # A stream is text; `x-itemSchema` is of one event
                    whole = content.get("schema", {"type": "string"})
                    found += [(place, whole, one) for one in [*shown, content.get("example")]]
    return found


def test_every_body_and_answer_has_an_example_that_its_schema_allows(
    document: dict[str, Any],
) -> None:
    seen: dict[str, int] = {}
    for place, schema, example in examples(document):
        seen.setdefault(place, 0)
        if example is not None:
            whole = {**schema, "components": document["components"]}
            jsonschema.Draft202012Validator(whole).validate(example)
            seen[place] += 1
    assert [place for place, count in seen.items() if count == 0] == []


def test_an_error_that_an_answer_can_carry_is_named_in_its_description(
    document: dict[str, Any],
) -> None:
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if not status.startswith("2"):
                    examples = answer["content"]["application/json"]["examples"]
                    assert examples, (operation["operationId"], status)
                    assert {STATUS[ErrorCode(code)] for code in examples} == {int(status)}


def test_the_limits_of_parameters_are_words_of_json_schema(document: dict[str, Any]) -> None:
    """A validator in the wrong place makes pydantic write `ge` for `minimum`, which nobody else
    reads.
    """
    parameters = [
        (operation["operationId"], one)
        for operations in document["paths"].values()
        for operation in operations.values()
        for one in operation.get("parameters", [])
    ]
    assert [name for name, one in parameters if re.search(r'"[gl][et]":', json.dumps(one))] == []
    limits = [one["schema"] for _, one in parameters if one["name"] == "limit"]
    assert {(one["minimum"], one["maximum"]) for one in limits} == {(1, 100)}
    assert len(limits) >= 5


def test_every_link_leads_to_an_operation_and_names_its_parameters(
    document: dict[str, Any],
) -> None:
    operations = {
        operation["operationId"]: operation
        for operations in document["paths"].values()
        for operation in operations.values()
    }
    followed = set()
    for operation in operations.values():
        for answer in operation["responses"].values():
            for link in answer.get("links", {}).values():
                target = operations[link["operationId"]]
                assert set(link.get("parameters", {})) <= {
                    one["name"] for one in target.get("parameters", [])
                }
                followed.add((operation["operationId"], link["operationId"]))
    of_a_job = {"get_job", "list_job_events", "stream_job_events", "cancel_job", "get_render"}
    of_a_webhook = {
        "get_webhook", "update_webhook", "delete_webhook", "rotate_webhook_secret", "test_webhook",
        "list_webhook_deliveries",
    }  # fmt: skip
    pages = {
        "list_jobs", "list_renders", "get_credits", "list_webhooks", "list_webhook_deliveries",
        "list_uploads", "list_refused_requests",
    }  # fmt: skip
    assert followed == {
        *(("create_look", name) for name in of_a_job),
        *(("create_webhook", name) for name in of_a_webhook),
        *((name, name) for name in pages),
        ("cancel_job", "get_job"),
        ("cancel_job", "cancel_job"),
        ("list_job_events", "list_job_events"),
        ("upload_photo", "create_look"),
        ("test_webhook", "get_webhook_delivery"),
        ("test_webhook", "redeliver_webhook_delivery"),
    }


def test_the_page_lists_every_error_code_with_its_status() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `([A-Z_]+)` \|", PAGE.read_text(), re.MULTILINE)
    assert rows == sorted(rows, key=lambda row: row[0])
    assert {(int(status), code) for status, code in rows} == {
        (status, code.value) for code, status in STATUS.items()
    }
    assert len(rows) == len(STATUS)


def test_every_answer_tells_of_its_headers(document: dict[str, Any]) -> None:
    told = {
        (operation["operationId"], status): set(answer["headers"])
        for operations in document["paths"].values()
        for operation in operations.values()
        for status, answer in operation["responses"].items()
    }
    assert {one for one, headers in told.items() if "Idempotency-Replayed" in headers} == {
        ("create_look", "200"),
        ("create_look", "202"),
        ("create_looks", "200"),
        ("upload_photo", "201"),
    }
    assert "Retry-After" in told["create_look", "409"]
    assert all("X-Request-Id" in headers for headers in told.values())
    assert all(
        ("Retry-After" in headers) >= (status in {"429", "503"})
        for (_, status), headers in told.items()
    )
    assert {name for (name, _), headers in told.items() if "Location" in headers} == {
        "create_look",
        "cancel_job",
        "create_webhook",
    }
