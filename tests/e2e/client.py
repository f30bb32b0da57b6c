"""What end-to-end tests do as a client of a running stack."""

import time
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import cv2
import httpx
import numpy as np

from devstack.demo import object_store
from devstack.stack import Stack
from devstack.wardrobe import WARDROBE, draw

SMALL_PX = (192, 256)
TERMINAL = {"SUCCESS", "FAILURE"}


@lru_cache
def small(name: str) -> bytes:
    """A drawn garment, small, so that many looks are made quickly."""
    return draw(name, size_px=SMALL_PX)


class Client:
    """One tenant's client."""

    def __init__(self, stack: Stack, key: str | None = None) -> None:
        """The demo tenant's, unless another key is given."""
        self.env = stack.env
        headers = {"Authorization": f"Bearer {key or self.env['LOOKS_API_KEY']}"}
        self.http = httpx.Client(base_url=self.env["LOOKS_API_URL"], headers=headers, timeout=30)
        self._store = object_store(self.env)

    def close(self) -> None:
        """Disconnect."""
        self.http.close()
        self._store.close()

    def put(self, key: str, data: bytes) -> str:
        """Store an object; returns its key."""
        self._store.put_object(Bucket=self.env["LOOKS_S3_BUCKET"], Key=key, Body=data)
        return key

    def delete(self, key: str) -> None:
        """Remove an object."""
        self._store.delete_object(Bucket=self.env["LOOKS_S3_BUCKET"], Key=key)

    def wardrobe(self, names: Iterable[str], folder: str = "users/abc/tests") -> dict[str, str]:
        """Store drawn garments; returns their keys by name."""
        return {name: self.put(f"{folder}/{name}.jpg", small(name)) for name in names}

    def post(
        self, *items: tuple[str, str], mannequin: str | None = "FEMALE", **more: Any
    ) -> httpx.Response:
        """Post a look of (object key, category) items."""
        body = {
            "user_category": mannequin,
            "items": [
                {"trial_image": key, "trial_item_category": category} for key, category in items
            ],
            "runtime_config": {"width": 256, "format": "jpeg"},
            **more,
        }
        return self.http.post("/v1/look", json=body)

    def accepted(self, *items: tuple[str, str], **more: Any) -> str:
        """Post a look that must be accepted; returns its request id."""
        answer = patiently(lambda: self.post(*items, **more))
        assert answer.status_code == 202, answer.text
        return str(answer.json()["request_id"])

    def job(self, request_id: str) -> dict[str, Any]:
        """A job."""
        answer = patiently(lambda: self.http.get(f"/v1/jobs/{request_id}"))
        assert answer.status_code == 200, answer.text
        job: dict[str, Any] = answer.json()
        return job

    def finish(
        self, request_ids: Sequence[str], within_s: float = 300
    ) -> dict[str, dict[str, Any]]:
        """Wait until all are terminal, and refunded where they failed; returns the jobs."""
        jobs: dict[str, dict[str, Any]] = {}

        def done() -> bool:
            for request_id in request_ids:
                if request_id not in jobs:
                    job = self.job(request_id)
                    if job["status"] == "SUCCESS" or (
                        job["status"] == "FAILURE" and job["refunded"]
                    ):
                        jobs[request_id] = job
            return len(jobs) == len(set(request_ids))

        until(done, within_s, lambda: f"{len(jobs)} of {len(request_ids)} finished")
        return jobs

    def balance(self) -> int:
        """Credits left."""
        return int(self.http.get("/v1/credits").json()["balance"])


def patiently(call: Callable[[], httpx.Response], within_s: float = 60) -> httpx.Response:
    """The answer to a call, made again while it is 503: try again shortly."""
    give_up_s = time.monotonic() + within_s
    while (answer := call()).status_code == 503 and time.monotonic() < give_up_s:
        time.sleep(int(answer.headers["retry-after"]) / 4)
    return answer


def until(
    true: Callable[[], bool], within_s: float, seen: Callable[[], object] = lambda: ""
) -> None:
    """Poll until something is true. Fails with what was seen when the time is up."""
    give_up_s = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < give_up_s, f"not within {within_s:g} s: {seen()}"
        time.sleep(0.3)


def picture(job: dict[str, Any]) -> np.ndarray:
    """The final picture of a job as BGR pixels, fetched as a client would."""
    answer = httpx.get(job["artifacts"][0]["image_url"], timeout=30)
    assert answer.status_code == 200
    pixels = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return pixels


def category(name: str) -> str:
    """A drawn garment's category."""
    return WARDROBE[name]
