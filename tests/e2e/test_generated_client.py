"""A client that a generator makes of the served OpenAPI document works as it comes: no hand has
touched it.
"""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from devstack.stack import Stack
from tests.e2e.client import small, until

PACKAGE = "generated_looks_client"


class Generated:
    """The generated package, and a connection of its own kind."""

    def __init__(self, url: str, key: str) -> None:
        """For this API and key."""
        self.models = self.module("models")
        self.connection = self.module("client").AuthenticatedClient(
            base_url=url, token=key, raise_on_unexpected_status=True, timeout=40
        )

    def module(self, path: str) -> ModuleType:
        """A part of the package."""
        return import_module(f"{PACKAGE}.{path}")

    def call(self, operation: str, *path: str, **more: Any) -> Any:
        """What an operation (tag.operation_id) gives: one of our models."""
        return self.module(f"api.{operation}").sync(*path, client=self.connection, **more)

    def photo(self, data: bytes) -> Any:
        """The body of an upload."""
        return self.models.UploadPhotoBody(
            file=self.module("types").File(io.BytesIO(data), "tee.jpg", "image/jpeg")
        )

    def look(self, key: str, category: str = "top", **more: Any) -> Any:
        """The body of a look of one item."""
        items = [self.models.TrialItemInput(trial_image=key, trial_item_category=category)]
        return self.models.LookRequest(items=items, **more)


@pytest.fixture(scope="module")
def generated(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generated]:
    """The client, generated from what the stack's API serves."""
    folder = tmp_path_factory.mktemp("client")
    files = ("application/zip", "image/webp", "image/png", "image/jpeg")
    settings = folder / "settings.json"  # as docs/http.md has them
    overrides = dict.fromkeys(files, "application/octet-stream")
    settings.write_text(json.dumps({"content_type_overrides": overrides}))
    tools = Path(sys.executable).parent
    done = subprocess.run(
        [
            tools / "openapi-python-client", "generate", "--url",
            f"{stack.env['LOOKS_API_URL']}/openapi.json",
            "--output-path", folder / PACKAGE, "--meta", "none", "--fail-on-warning",
            "--config", settings,
        ],
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    try:
        made = Generated(stack.env["LOOKS_API_URL"], stack.env["LOOKS_API_KEY"])
        with made.connection:
            yield made
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


def test_a_photo_becomes_a_look_with_events_a_picture_and_a_receipt(generated: Generated) -> None:
    models = generated.models
    upload = generated.call("uploads.upload_photo", body=generated.photo(small("tee")))
    assert isinstance(upload, models.Upload)
    body = generated.look(upload.upload_key, user_category=models.UserCategory.FEMALE)
    checked = generated.call("looks.validate_look", body=body)
    assert isinstance(checked, models.LookValidation)
    assert (checked.credits_cost, checked.sufficient, checked.warnings) == (10, True, [])
    key = f"generated-{upload.upload_key[-30:]}"
    accepted, again = [
        generated.call("looks.create_look", body=body, idempotency_key=key) for _ in range(2)
    ]
    assert isinstance(accepted, models.WorkflowAcceptedResponse)
    assert accepted == again
    name = accepted.request_id
    until(
        lambda: generated.call("jobs.get_job", name, wait=10).status == models.JobStatus.SUCCESS, 60
    )
    job = generated.call("jobs.get_job", name)
    assert (job.billing.charged, job.billing.refunded, job.error) == (10, 0, None)
    assert (job.artifacts[0].role, job.artifacts[0].meta.width) == (models.ArtifactRole.FINAL, 768)
    events = generated.call("jobs.list_job_events", name, since=0)
    assert [event.seq for event in events.items] == list(range(1, events.latest_seq + 1))
    assert events.items[-1].event_type == models.EventType.SUCCEEDED
    assert isinstance(events.items[0].created_at, datetime)
    assert generated.call("renders.get_render", name).picture.meta == job.artifacts[0].meta


def test_pages_follow_one_another_by_their_cursors(generated: Generated) -> None:
    upload = generated.call("uploads.upload_photo", body=generated.photo(small("tee")))
    made = {
        generated.call("looks.create_look", body=generated.look(upload.upload_key)).request_id
        for _ in range(3)
    }
    since = datetime.now(UTC) - timedelta(minutes=10)
    page = generated.call("jobs.list_jobs", limit=2, created_after=since, job_type=["look"])
    seen = [job.request_id for job in page.items]
    while page.next_cursor is not None and not made <= set(seen):
        page = generated.call(
            "jobs.list_jobs",
            limit=2,
            created_after=since,
            job_type=["look"],
            cursor=page.next_cursor,
        )
        seen += [job.request_id for job in page.items]
    assert made <= set(seen)
    assert seen == sorted(set(seen), reverse=True)
    credits_page = generated.call("account.get_credits", limit=1)
    following = generated.call("account.get_credits", limit=1, cursor=credits_page.next_cursor)
    assert following.entries[0].id < credits_page.entries[0].id


def test_endpoints_are_made_listed_changed_and_removed(generated: Generated) -> None:
    models = generated.models
    made = generated.call(
        "webhooks.create_webhook", body=models.CreateWebhook(url="http://127.0.0.1:9/")
    )
    assert isinstance(made, models.WebhookWithSecret)
    assert made.secret.startswith("whsec_")
    try:
        listed = generated.call("webhooks.list_webhooks", limit=100)
        assert made.id in [one.id for one in listed.items]
        changed = generated.call(
            "webhooks.update_webhook", made.id, body=models.UpdateWebhook(enabled=False)
        )
        assert (changed.enabled, changed.disabled_reason) == (False, "owner")
    finally:
        gone = generated.module("api.webhooks.delete_webhook").sync_detailed(
            made.id, client=generated.connection
        )
    assert gone.status_code == 204


def test_refusals_are_typed(stack: Stack, generated: Generated) -> None:
    models = generated.models
    missing = generated.call("jobs.get_job", "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert isinstance(missing, models.ErrorEnvelope)
    assert missing.error.code == models.ErrorCode.JOB_NOT_FOUND
    invalid = generated.call(
        "looks.create_look", body=generated.look("users/abc/x.jpg", "spacesuit")
    )
    assert isinstance(invalid, models.HTTPValidationError)
    assert invalid.error.code == models.ErrorCode.VALIDATION_ERROR
    assert invalid.detail[0].loc == ["body", "items", 0, "trial_item_category"]
    stranger = Generated(stack.env["LOOKS_API_URL"], "sk_live_wrong")
    with stranger.connection:
        refused = stranger.call("account.list_operations")
    assert isinstance(refused, models.ErrorEnvelope)
    assert refused.error.code == models.ErrorCode.UNAUTHENTICATED
