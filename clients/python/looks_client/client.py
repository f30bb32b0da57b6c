"""The client. Made from `async_client.py` by `make contracts`."""

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date
from types import TracebackType
from typing import Final, Self, TypeVar, Unpack

import httpx
from pydantic import ValidationError

from looks_client import calls, models
from looks_client.calls import (
    Call,
    Garment,
    JobFilters,
    LookFields,
    Photo,
    WebhookChanges,
    path,
    request_for,
)
from looks_client.deadline import Deadline
from looks_client.errors import ConnectionFailed, error_of
from looks_client.retrying import Retries
from looks_client.server_events import NothingLeft, ServerEvents

T = TypeVar("T")
P = TypeVar("P", bound=calls.Page)

TERMINAL: Final = frozenset({"succeeded", "failed"})
"""After one of these events a job has no more."""
SILENCE_S: Final = 20.0
"""A stream says something every 15 s: after this, something between holds it back."""
STREAM_TRIES: Final = 3
"""Streams that may end in a row without an event; then it is asked for events instead."""
LONG_POLL_S: Final = 20


class Looks:
    """One tenant's access to Looks. Use it in a `with` block, or close it."""

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout_s: float = 30.0,
        retries: Retries | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`api_key`, `base_url`: from LOOKS_API_KEY and LOOKS_API_URL where they are left out.

        `timeout_s`: for one attempt. Raises ValueError where one is missing.
        """
        key = _setting("api_key", api_key, "LOOKS_API_KEY")
        self._timeout_s = timeout_s
        self._retries = retries or Retries()
        self._http = httpx.Client(
            base_url=_setting("base_url", base_url, "LOOKS_API_URL"),
            headers={"Authorization": f"Bearer {key}", "User-Agent": "looks-client-python/0.3.0"},
            transport=transport,
        )

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Disconnect."""
        self.close()

    def close(self) -> None:
        """Disconnect."""
        self._http.close()

    # Looks

    def create_look(
        self,
        garments: Iterable[Garment],
        *,
        idempotency_key: str | None = None,
        **more: Unpack[LookFields],
    ) -> models.WorkflowAcceptedResponse:
        """Ask for a look; its charge and the request are on disk when this returns.

        `garments`: pairs of photo and category, such as `(tee, "t-shirt")`. It is charged once for
        each `idempotency_key`, however often it is sent; one is made where none is given.
        """
        body = calls.look_body(request_for(garments, more))
        accepted = models.WorkflowAcceptedResponse
        return self._send(calls.keyed("/v1/look", accepted, body, idempotency_key))

    def validate_look(
        self, garments: Iterable[Garment], **more: Unpack[LookFields]
    ) -> models.LookValidation:
        """What `create_look` would say and cost; nothing is charged."""
        body, model = request_for(garments, more), models.LookValidation
        return self._send(calls.send("POST", "/v1/look/validate", model, body, repeatable=True))

    def create_looks(
        self, looks: Sequence[models.LookRequest], *, idempotency_key: str | None = None
    ) -> models.LookBatchResult:
        """Up to 100 looks, each accepted or refused on its own, in order. `look_request` makes
        them.
        """
        body, result = calls.batch_body(looks), models.LookBatchResult
        return self._send(calls.keyed("/v1/looks/batch", result, body, idempotency_key))

    def upload(self, photo: Photo, *, idempotency_key: str | None = None) -> models.Upload:
        """Store a photo, 25 MiB at most; free. A path, its bytes, or an open file."""
        return self._send(calls.upload(photo, idempotency_key))

    def uploads(self) -> Iterator[models.ListedUpload]:
        """Photos that were uploaded earlier, newest first, page by page."""
        for page in self._pages("/v1/uploads", models.UploadList):
            yield from page.items

    def presign_upload(
        self, content_type: models.PhotoType | str, size_bytes: int
    ) -> models.PresignedUpload:
        """A form by which a browser stores a photo itself."""
        form = models.PresignedUpload
        body = models.PresignedUploadRequest(
            content_type=models.PhotoType(content_type), bytes=size_bytes
        )
        return self._send(calls.send("POST", "/v1/uploads/presigned", form, body, repeatable=True))

    # Jobs

    def get_job(self, request_id: str, *, wait_s: int | None = None) -> models.Job:
        """A job; with `wait_s` once it has ended, or after that time as it is."""
        return self._send(
            calls.get(path("/v1/jobs/{}", request_id), models.Job, {"wait": wait_s}, wait_s or 0.0)
        )

    def jobs(self, **filters: Unpack[JobFilters]) -> Iterator[models.JobSummary]:
        """All jobs, newest first, page by page."""
        for page in self._pages("/v1/jobs", models.JobList, dict(filters)):
            yield from page.items

    def cancel(self, request_id: str) -> models.Job:
        """Cancel a look: its job with the refund, or as it is where that is not decided yet. Raises
        Conflict where its outcome came first.
        """
        call = path("/v1/jobs/{}/cancel", request_id)
        return self._send(calls.send("POST", call, models.Job, repeatable=True))

    def events(
        self, request_id: str, *, since: int = 0, timeout_s: float | None = None
    ) -> Generator[models.Event, None, None]:
        """A job's events as they happen, each once, until its last one.

        A stream that breaks is gone on with after the last event; where streams do not come
        through, the service is asked for events. Raises WaitTimeout after `timeout_s`.
        """
        deadline = Deadline.after(timeout_s, request_id)
        last, barren = since, 0
        while barren < STREAM_TRIES:
            before = last
            try:
                with closing(self._stream(request_id, last, deadline)) as stream:
                    for event in stream:
                        if event.seq > last:
                            last = event.seq
                            yield event
                        if event.event_type in TERMINAL:
                            return
            except httpx.TransportError:
                pass  # the next one goes on where this one broke
            except NothingLeft:
                return
            barren = 0 if last > before else barren + 1
            deadline.check()
            time.sleep(self._retries.pause_s(barren or 1))
        while True:
            wait_s = int(deadline.left_s(LONG_POLL_S))
            page = self._send(calls.events_after(request_id, last, wait_s))
            for event in page.items:
                last = event.seq
                yield event
                if event.event_type in TERMINAL:
                    return
            deadline.check()

    def wait(
        self,
        request_id: str,
        *,
        timeout_s: float = 600.0,
        on_event: Callable[[models.Event], object] | None = None,
    ) -> models.Job:
        """The job once it has ended: SUCCESS with its picture, or FAILURE with its refund.

        Raises WaitTimeout; the look goes on all the same.
        """
        deadline = Deadline.after(timeout_s, request_id)
        with closing(self.events(request_id, timeout_s=timeout_s)) as events:
            for event in events:
                if on_event is not None:
                    on_event(event)
        while True:
            job = self.get_job(request_id, wait_s=int(deadline.left_s(LONG_POLL_S)))
            if job.status == "SUCCESS" or (job.status == "FAILURE" and job.refunded):
                return job
            deadline.check()

    # Pictures

    def renders(self) -> Iterator[models.Render]:
        """All finished pictures, newest first, page by page."""
        for page in self._pages("/v1/renders", models.RenderList):
            yield from page.items

    def get_render(self, request_id: str) -> models.Render:
        """A finished picture with its cut-outs."""
        return self._send(calls.get(path("/v1/renders/{}", request_id), models.Render))

    def download_picture(self, request_id: str) -> bytes:
        """The picture itself."""
        where = path("/v1/renders/{}/picture", request_id)
        return self._send(Call("GET", where, calls.as_it_is))

    def get_photo(self, request_id: str, index: int) -> models.PhotoLink:
        """A link to the photo of one garment."""
        where = path("/v1/jobs/{}/photos/{}", request_id, index)
        return self._send(calls.get(where, models.PhotoLink))

    def report_picture(
        self, request_id: str, reason: models.ReportReason | str = "other", note: str = ""
    ) -> models.PictureReport:
        """Say that a picture is bad, once; the answer says what credits came back."""
        body = models.ReportPicture(reason=models.ReportReason(reason), note=note)
        where = path("/v1/renders/{}/report", request_id)
        return self._send(calls.send("POST", where, models.PictureReport, body, repeatable=True))

    # The account

    def me(self) -> models.MyAccount:
        """Whose key this is and what it may do."""
        return self._send(calls.get("/v1/me", models.MyAccount))

    def balance(self) -> int:
        """Credits left."""
        page = self._send(calls.get("/v1/credits", models.Credits, {"limit": 1}))
        return page.balance

    def ledger(self) -> Iterator[models.LedgerEntryOut]:
        """All ledger entries, newest first, page by page."""
        for page in self._pages("/v1/credits", models.Credits):
            yield from page.entries

    def usage(self, first: date | None = None, last: date | None = None) -> models.Usage:
        """Use by day (UTC) and operation."""
        days = {"from": first, "to": last}
        return self._send(calls.get("/v1/usage", models.Usage, days))

    def usage_by_key(
        self, first: date | None = None, last: date | None = None
    ) -> models.UsageByKey:
        """Use by day (UTC) and key."""
        days = {"from": first, "to": last}
        return self._send(calls.get("/v1/usage/keys", models.UsageByKey, days))

    def refused_requests(self) -> Iterator[models.RefusedRequest]:
        """Requests that were refused, newest first, page by page."""
        for page in self._pages("/v1/requests", models.RefusedRequestList):
            yield from page.items

    def get_refused_request(self, request_id: str) -> models.RefusedRequest:
        """A request that was refused, by the id that its error carried."""
        where = path("/v1/requests/{}", request_id)
        return self._send(calls.get(where, models.RefusedRequest))

    def operations(self) -> tuple[models.Operation, ...]:
        """All operations and their prices."""
        return (self._send(calls.get("/v1/operations", models.OperationList))).items

    def garment_categories(self) -> tuple[models.GarmentCategoryOut, ...]:
        """What a garment's category may name."""
        page = self._send(calls.get("/v1/garment-categories", models.GarmentCategoryList))
        return page.items

    # Webhooks

    def create_webhook(
        self,
        url: str,
        *,
        event_types: Sequence[models.WebhookEventType | str] = ("look.completed", "look.failed"),
        description: str = "",
        include_image_url: bool = False,
    ) -> models.WebhookWithSecret:
        """A new endpoint. Its secret is in the answer and nowhere else."""
        body = models.CreateWebhook(
            url=url,
            event_types=tuple(map(models.WebhookEventType, event_types)),
            description=description,
            include_image_url=include_image_url,
        )
        made = models.WebhookWithSecret
        return self._send(calls.send("POST", "/v1/webhooks", made, body, repeatable=False))

    def webhooks(self) -> Iterator[models.Webhook]:
        """All endpoints, newest first, page by page."""
        for page in self._pages("/v1/webhooks", models.WebhookList):
            yield from page.items

    def get_webhook(self, webhook_id: str) -> models.Webhook:
        """An endpoint."""
        return self._send(calls.get(path("/v1/webhooks/{}", webhook_id), models.Webhook))

    def update_webhook(self, webhook_id: str, **changes: Unpack[WebhookChanges]) -> models.Webhook:
        """Change an endpoint; what is not named stays."""
        body = models.UpdateWebhook.model_validate(changes)
        where = path("/v1/webhooks/{}", webhook_id)
        return self._send(calls.send("PATCH", where, models.Webhook, body, repeatable=True))

    def delete_webhook(self, webhook_id: str) -> None:
        """Remove an endpoint."""
        where = path("/v1/webhooks/{}", webhook_id)
        self._send(Call("DELETE", where, calls.nothing, repeatable=False))

    def rotate_webhook_secret(
        self, webhook_id: str, overlap_s: int = 86400
    ) -> models.WebhookSecret:
        """A new secret; for `overlap_s` calls are signed by the one before too."""
        body = models.RotateSecret(overlap_s=overlap_s)
        where = path("/v1/webhooks/{}/rotate-secret", webhook_id)
        return self._send(calls.send("POST", where, models.WebhookSecret, body, repeatable=False))

    def test_webhook(self, webhook_id: str) -> models.Delivery:
        """Have the endpoint called without a look."""
        where = path("/v1/webhooks/{}/test", webhook_id)
        return self._send(calls.send("POST", where, models.Delivery, repeatable=False))

    def webhook_deliveries(
        self, webhook_id: str, *, status: models.DeliveryStatus | str | None = None
    ) -> Iterator[models.Delivery]:
        """What an endpoint was sent, newest first, page by page."""
        where = path("/v1/webhooks/{}/deliveries", webhook_id)
        for page in self._pages(where, models.DeliveryList, {"status": status}):
            yield from page.items

    def get_webhook_delivery(self, webhook_id: str, delivery_id: str) -> models.DeliveryInFull:
        """One delivery, with what is sent."""
        where = path("/v1/webhooks/{}/deliveries/{}", webhook_id, delivery_id)
        return self._send(calls.get(where, models.DeliveryInFull))

    def redeliver(self, webhook_id: str, delivery_id: str) -> models.Delivery:
        """Send one delivery again."""
        where = path("/v1/webhooks/{}/deliveries/{}/redeliver", webhook_id, delivery_id)
        return self._send(calls.send("POST", where, models.Delivery, repeatable=False))

    # How it is sent

    def _pages(
        self, where: str, model: type[P], query: calls.Query = calls.NO_QUERY
    ) -> Iterator[P]:
        """A list's pages, from the first to the last."""
        cursor: str | None = None
        while True:
            page = self._send(calls.get(where, model, {**query, "cursor": cursor}))
            yield page
            if (cursor := page.next_cursor) is None:
                return

    def _send(self, call: Call[T]) -> T:
        """What the service answers. Raises APIError or ConnectionFailed, after the retries."""
        attempt = 0
        while True:
            attempt += 1
            try:
                answer = self._http.request(
                    call.method,
                    call.path,
                    params=dict(call.query),
                    headers=call.headers(),
                    content=call.body,
                    files=None if call.photo is None else {"file": ("photo", call.photo)},
                    timeout=self._timeout_s + call.longer_s,
                )
            except httpx.TransportError as error:
                pause_s = self._retries.after_failure(error, attempt, repeatable=call.repeatable)
                if pause_s is None:
                    why = f"no answer to {call.method} {call.path}: {error!r}"
                    raise ConnectionFailed(why, call.idempotency_key) from error
            else:
                if answer.is_success:
                    return _read(call, answer)
                problem = error_of(answer.status_code, answer.headers, answer.content)
                problem.idempotency_key = call.idempotency_key
                pause_s = self._retries.after_answer(problem, attempt, repeatable=call.repeatable)
                if pause_s is None:
                    raise problem
            time.sleep(pause_s)

    def _stream(
        self, request_id: str, last: int, deadline: Deadline
    ) -> Generator[models.Event, None, None]:
        """One stream's events, after the last one that was seen."""
        with self._http.stream(
            "GET",
            path("/v1/jobs/{}/events/stream", request_id),
            headers={"Last-Event-ID": str(last)} if last else {},
            timeout=httpx.Timeout(self._timeout_s, read=deadline.left_s(SILENCE_S)),
        ) as answer:
            if answer.status_code == httpx.codes.NO_CONTENT:
                raise NothingLeft
            if not answer.is_success:
                problem = error_of(answer.status_code, answer.headers, answer.read())
                if self._retries.after_answer(problem, 1, repeatable=True) is None:
                    raise problem
                return
            reader = ServerEvents()
            for line in answer.iter_lines():
                event = reader.take(line)
                if event is not None and event.event == "reconnect":
                    return
                if event is not None and event.event != "reset":
                    yield models.Event.model_validate_json(event.data)
                if deadline.left_s(1.0) <= 0:
                    return


def _read(call: Call[T], answer: httpx.Response) -> T:
    try:
        return call.answer(answer.content)
    except ValidationError as error:
        why = f"{call.method} {call.path} answered {answer.status_code} with what can't be read"
        raise ConnectionFailed(f"{why}: {error}", call.idempotency_key) from error


def _setting(argument: str, given: str | None, variable: str) -> str:
    found = given or os.environ.get(variable)
    if not found:
        raise ValueError(f"{argument} is missing: give it, or set {variable}")
    return found
