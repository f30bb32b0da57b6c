"""What `looks submit` does over HTTP: upload, post, follow, fetch; with patience where trying again
can help.

SubmitFailed
├── Refused       the API says no: trying again is of no use
├── OutOfReach    no answer, or only answers that ask to come back, for longer than `PATIENCE_S`
└── LookFailed    the look was accepted and could not be made
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx

from schemas.ids import new_request_id

PATIENCE_S = 60.0
CALL_TIMEOUT_S = 150.0
POLL_S = 0.25
FINISH_WITHIN_S = 900.0
_COME_BACK = frozenset({429, 503})
_TRY_AGAIN = frozenset({"IDEMPOTENCY_IN_PROGRESS"})


class SubmitFailed(Exception):
    """There is no picture; the message says why."""


class RefusedByApi(SubmitFailed):
    """The API says no."""


class OutOfReach(SubmitFailed):
    """There is no lasting answer."""


class LookNotMade(SubmitFailed):
    """The look could not be made."""


class LooksClient:
    """One tenant's client of the HTTP surface."""

    def __init__(self, url: str, key: str, *, patience_s: float = PATIENCE_S) -> None:
        """Connects at the first call."""
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=CALL_TIMEOUT_S
        )
        self._patience_s = patience_s

    def close(self) -> None:
        """Disconnect."""
        self._http.close()

    def upload(self, photo: Path) -> str:
        """The object key of a photo that was uploaded. Raises SubmitFailed, OSError."""
        headers = {"Idempotency-Key": new_request_id()}

        def call() -> httpx.Response:
            with photo.open("rb") as file:
                return self._http.post(
                    "/v1/uploads", files={"file": (photo.name, file)}, headers=headers
                )

        return str(self._patiently(call).json()["upload_key"])

    def post(
        self, items: Sequence[tuple[str, str]], mannequin: str | None, picture_format: str
    ) -> str:
        """The request id of a look of (object key, category) items, charged once however often this
        tries.
        """
        body = {
            "user_category": mannequin,
            "items": [
                {"trial_image": key, "trial_item_category": category} for key, category in items
            ],
            "runtime_config": {"format": picture_format},
        }
        headers = {"Idempotency-Key": new_request_id()}
        return str(
            self._patiently(lambda: self._http.post("/v1/look", json=body, headers=headers)).json()[
                "request_id"
            ]
        )

    def events(self, request_id: str) -> Iterator[dict[str, Any]]:
        """The job's events as they come, until it is over. Raises SubmitFailed."""
        seen, give_up_s = 0, time.monotonic() + FINISH_WITHIN_S
        while time.monotonic() < give_up_s:
            page = self._get(f"/v1/jobs/{request_id}/events?since={seen}")
            for event in page["items"]:
                seen = event["seq"]
                yield event
                if event["event_type"] in {"succeeded", "failed"}:
                    return
            time.sleep(POLL_S)
        raise OutOfReach(f"{request_id} did not end within {FINISH_WITHIN_S:g} s")

    def job(self, request_id: str) -> dict[str, Any]:
        """The job once it is over and, where it failed, refunded. Raises SubmitFailed."""
        give_up_s = time.monotonic() + self._patience_s
        while True:
            job = self._get(f"/v1/jobs/{request_id}")
            if job["status"] == "SUCCESS" or (job["status"] == "FAILURE" and job["refunded"]):
                return job
            if time.monotonic() > give_up_s:
                return job
            time.sleep(POLL_S)

    def balance(self) -> int:
        """Credits left. Raises SubmitFailed."""
        return int(self._get("/v1/credits?limit=1")["balance"])

    def picture(self, url: str) -> bytes:
        """What a presigned link leads to; the key is not shown to the object store. Raises
        SubmitFailed.
        """
        return self._patiently(lambda: httpx.get(url, timeout=CALL_TIMEOUT_S)).content

    def _get(self, path: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._patiently(lambda: self._http.get(path)).json()
        return answer

    def _patiently(self, call: Callable[[], httpx.Response]) -> httpx.Response:
        """A 2xx answer; calls again after network errors, 429, 503, and while the same key is being
        decided.
        """
        give_up_s = time.monotonic() + self._patience_s
        while True:
            why, wait_s = "", 1.0
            try:
                answer = call()
                if answer.is_success:
                    return answer
                why = _words(answer)
                if answer.status_code not in _COME_BACK and not any(
                    code in why for code in _TRY_AGAIN
                ):
                    raise RefusedByApi(why)
                wait_s = float(answer.headers.get("Retry-After", "1"))
            except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
                raise RefusedByApi(f"{self._http.base_url} is no address: {error}") from error
            except httpx.TransportError as error:
                why = f"{type(error).__name__}: {error}"
            if time.monotonic() + wait_s > give_up_s:
                raise OutOfReach(why)
            time.sleep(wait_s)


def _words(answer: httpx.Response) -> str:
    """What an error envelope says, in a line."""
    try:
        error = answer.json()["error"]
        return (
            f"{answer.status_code} {error['code']}: {error['message']} (request "
            f"{error['request_id']})"
        )
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code} from {answer.url.host}"
