"""Clients that go on while faults strike. They keep what they were promised, to be held against
what became of it.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from chaos.plan import ClientWish, LookOrder
from devstack.wardrobe import WARDROBE

PREFIX = "users/abc/chaos"
GARMENTS = ("tee", "jeans", "skirt", "shoes", "sweater")
NOT_A_PICTURE = f"{PREFIX}/not-a-picture.jpg"
LYING = f"{PREFIX}/lying.png"
PATIENCE_S = 90.0
REQUEST_TIMEOUT_S = 20.0
AGAIN = (429, 503, 409)
UNBOUNDED = httpx.Limits(max_connections=None, max_keepalive_connections=50)
"""`at_once` is the bound. A pool that has one kept places of requests that had timed out by the
hundred: after minutes every client waited for a connection that nobody had.
"""


@dataclass(slots=True)
class Promises:
    """What clients were told."""

    accepted: dict[str, ClientWish] = field(default_factory=dict)  # by request id
    # Idempotency key -> the request ids that it was answered with
    keys: dict[str, set[str]] = field(default_factory=dict)
    # Request id -> the final status code of its cancel
    cancels: dict[str, int] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)  # what no client should ever see


class Load:
    """Posts orders, at most `at_once` open at a time, each with an idempotency key of its own and
    the API key of its tenant.
    """

    def __init__(self, urls: Sequence[str], keys: Sequence[str], *, at_once: int) -> None:
        """Nothing is posted."""
        self.promises = Promises()
        self._keys = keys
        self._clients = [
            httpx.AsyncClient(base_url=url, timeout=REQUEST_TIMEOUT_S, limits=UNBOUNDED)
            for url in urls
        ]
        self._places = asyncio.Semaphore(at_once)

    async def run(self, orders: Sequence[LookOrder], over_s: float) -> None:
        """Post every order, evenly over `over_s` or later where the system does not keep up; those
        that are late by more than a client's patience are not posted.
        """
        begun_s = asyncio.get_running_loop().time()
        under_way: set[asyncio.Task[None]] = set()
        for order in orders:
            due_s = begun_s + over_s * order.number / len(orders)
            await asyncio.sleep(max(0.0, due_s - asyncio.get_running_loop().time()))
            await self._places.acquire()
            if asyncio.get_running_loop().time() > begun_s + over_s + PATIENCE_S:
                break
            task = asyncio.create_task(self._one(order))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            task.add_done_callback(lambda _: self._places.release())
        await asyncio.gather(*under_way)
        for client in self._clients:
            await client.aclose()

    async def _one(self, order: LookOrder) -> None:
        chance = random.Random(f"order {order.number}")
        body, key = _body(order.wish, chance), f"chaos-{order.number}"
        answers = await asyncio.gather(*(self._post(body, key, order) for _ in range(order.times)))
        ids = {str(answer["request_id"]) for answer in answers if answer is not None}
        if not ids:
            return
        self.promises.keys[key] = ids
        for request_id in ids:
            self.promises.accepted[request_id] = order.wish
        if order.wish is ClientWish.CANCELLED:
            await asyncio.sleep(order.after_s)
            await self._cancel(min(ids), order)

    async def _post(
        self, body: dict[str, Any], key: str, order: LookOrder
    ) -> dict[str, Any] | None:
        """The 202's body; None when it was refused, or nobody answered for long. Patient: asks
        again, with the same key.
        """
        headers = {"Idempotency-Key": key, **self._who(order)}
        answer = await self._patiently("/v1/look", json=body, headers=headers)
        if answer is None:
            self.promises.answers["no answer"] += 1
            return None
        self.promises.answers[str(answer.status_code)] += 1
        expected = {422} if order.wish in (ClientWish.INVALID, ClientWish.FOREIGN) else {202}
        if answer.status_code not in expected:
            self.promises.broken.append(f"{order}: {answer.status_code} {answer.text[:200]}")
        return answer.json() if answer.status_code == 202 else None

    def _who(self, order: LookOrder) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._keys[order.tenant % len(self._keys)]}"}

    async def _cancel(self, request_id: str, order: LookOrder) -> None:
        answer = await self._patiently(
            f"/v1/jobs/{request_id}/cancel", until=(200, 404, 409), headers=self._who(order)
        )
        if answer is not None and answer.status_code in (200, 404, 409):
            self.promises.cancels[request_id] = answer.status_code

    async def _patiently(
        self, path: str, *, until: tuple[int, ...] = (), **request: Any
    ) -> httpx.Response | None:
        give_up_s = asyncio.get_running_loop().time() + PATIENCE_S
        answer: httpx.Response | None = None
        while asyncio.get_running_loop().time() < give_up_s:
            try:
                answer = await random.choice(self._clients).post(path, **request)
            except httpx.HTTPError:
                await asyncio.sleep(0.3)
                continue
            if answer.status_code >= 500 and answer.status_code != 503:
                self.promises.broken.append(f"{path}: {answer.status_code} {answer.text[:200]}")
            if answer.status_code in until or (not until and answer.status_code not in AGAIN):
                return answer
            await asyncio.sleep(0.3)
        return answer if answer is not None and answer.status_code not in AGAIN else None


def _body(wish: ClientWish, chance: random.Random) -> dict[str, Any]:
    count = chance.randint(2, 3) if wish is ClientWish.OUTFIT else 1
    names = chance.sample(GARMENTS, count)
    items: list[dict[str, Any]] = [
        {"trial_image": f"{PREFIX}/{name}.jpg", "trial_item_category": WARDROBE[name]}
        for name in names
    ]
    match wish:
        case ClientWish.MISSING:
            items.append({"trial_image": f"{PREFIX}/missing.jpg", "trial_item_category": "top"})
        case ClientWish.UNREADABLE:
            items.append({"trial_image": NOT_A_PICTURE, "trial_item_category": "top"})
        case ClientWish.LYING:
            items.append({"trial_image": LYING, "trial_item_category": "top"})
        case ClientWish.INVALID:
            items.append(
                {
                    "trial_image": f"{PREFIX}/../x.jpg",
                    "trial_item_category": chance.choice(["top", "spacesuit"]),
                }
            )
        case ClientWish.FOREIGN:
            items.append({"trial_image": "users/other/tee.jpg", "trial_item_category": "top"})
        case _:
            pass
    mannequin = chance.choice(["MALE", "FEMALE", None])
    return {
        "user_category": mannequin,
        "items": items,
        "runtime_config": {"width": 256, "format": "jpeg"},
    }
