"""100,000 looks queued: what the API still answers, what a compositor's memory grows by, how long a
takeover reads back.
"""

import asyncio
import multiprocessing
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from datetime import UTC, datetime
from multiprocessing.connection import Connection

import asyncpg
import httpx
import psutil
import uvloop
from prometheus_client import REGISTRY

from bench.pipeline import running
from consumers.compositor.application import consuming
from consumers.compositor.handler import Compositor
from consumers.compositor.results import NotRendered, Rendered
from devstack.stack import Stack
from domain.outcomes import Emit
from producers.outbox_relay import OutboxRelay
from runtime.fairness.slots import Slots
from runtime.kafka import ConsumerRecord, new_producer, read
from runtime.lane_session import LaneSession
from runtime.process import Process
from runtime.reading import read_all
from runtime.records import outgoing
from runtime.settings import DatabaseSettings, KafkaSettings, ProcessSettings
from schemas.envelope import Undecodable
from schemas.events import LookCompleted, LookProgress, LookRequested, Stage, StoredImage
from schemas.http import TrialItemInput
from schemas.ids import new_request_id
from schemas.topics import LOOK_REQUESTED
from storage.acceptance import Acceptance
from storage.database import open_pool
from storage.outbox import OutboxStore
from storage.submissions import Submission

QUEUED = 100_000
FEW = 10_000
CALLS = 400
TOGETHER = 1000
DEADLINE_S = 7200.0
BODY: dict[str, object] = {
    "items": [{"trial_image": "users/abc/tee.jpg", "trial_item_category": "top"}]
}
IMAGE = StoredImage(
    bucket="b", key="k", content_type="image/png", width=1, height=1, bytes=1, sha256="0" * 64
)
SETTINGS = {"LOOKS_LOOK_CREDITS_COST": "1", "LOOKS_LOOK_DEADLINE_S": str(int(DEADLINE_S))}


def measure() -> dict[str, object]:
    """The API quiet and with everything in the outbox, the relay, and two owners one after
    another.
    """
    with running(("api",), SETTINGS) as stack:
        headers = {"Authorization": f"Bearer {stack.env['LOOKS_API_KEY']}"}
        _say("api")
        quiet = _answers(stack.env["LOOKS_API_URL"], headers)
        _say("queue")
        uvloop.run(_queue(stack))
        full = _answers(stack.env["LOOKS_API_URL"], headers)
        _say("relay")
        relayed_per_s = uvloop.run(_relay(stack))
        kafka = stack.env["LOOKS_KAFKA_BOOTSTRAP"]
        _say("read ahead")
        memory = _owner(_read_ahead, kafka)
        _say("decide")
        uvloop.run(_decide_all(KafkaSettings(bootstrap=kafka)))
        _say("take over")
        takeover = _owner(_take_over, kafka)
    return {
        "queued": QUEUED,
        "api": {
            "quiet": quiet,
            "full": full,
            "full_over_quiet": {name: round(full[name] / quiet[name], 2) for name in quiet},
        },
        "relay_rows_per_s": relayed_per_s,
        "compositor": memory,
        "takeover": takeover,
    }


def _say(stage: str) -> None:
    sys.stderr.write(f"backlog: {stage}\n")


def _answers(url: str, headers: dict[str, str]) -> dict[str, float]:
    """Milliseconds of one call after another: an API that is asked, not one that is pressed."""
    taken_ms: dict[str, list[float]] = {"post": [], "get": []}
    with httpx.Client(base_url=url, headers=headers) as client:
        for _ in range(CALLS):
            begun_s = time.perf_counter()
            request_id = client.post("/v1/look", json=BODY).raise_for_status().json()["request_id"]
            posted_s = time.perf_counter()
            client.get(f"/v1/jobs/{request_id}").raise_for_status()
            taken_ms["post"].append((posted_s - begun_s) * 1000)
            taken_ms["get"].append((time.perf_counter() - posted_s) * 1000)
    return {
        f"{name}_p{share}_ms": round(statistics.quantiles(taken, n=100)[share - 1], 2)
        for name, taken in taken_ms.items()
        for share in (50, 99)
    }


async def _queue(stack: Stack) -> None:
    """Accept looks as the API does, without the HTTP in between."""
    async with _pool(stack) as pool:
        acceptance = Acceptance(pool, batch_max=256, queue_max=TOGETHER)
        for _ in range(0, QUEUED, TOGETHER):
            await asyncio.gather(*(acceptance.accept(_submission()) for _ in range(TOGETHER)))


def _submission() -> Submission:
    return Submission(
        request_id=new_request_id(),
        tenant_id="demo",
        environment="live",
        user_category=None,
        items=(TrialItemInput(trial_image="users/abc/tee.jpg", trial_item_category="top"),),
        runtime_config=None,
        credits_cost=1,
        deadline_s=DEADLINE_S,
        answer=b"{}",
    )


def _pool(stack: Stack) -> AbstractAsyncContextManager[asyncpg.Pool]:
    return open_pool(DatabaseSettings.model_validate({"url": stack.env["LOOKS_DATABASE_URL"]}))


async def _relay(stack: Stack) -> float:
    """Rows per second until the outbox is empty."""
    process = Process("relay", ProcessSettings(instance="bench"))
    async with _pool(stack) as pool:
        relay = OutboxRelay(
            process, KafkaSettings(bootstrap=stack.env["LOOKS_KAFKA_BOOTSTRAP"]), OutboxStore(pool)
        )
        begun_s = time.perf_counter()
        running = asyncio.create_task(relay.run())
        while await OutboxStore(pool).oldest_age_s():  # noqa: ASYNC110 (rows have no event to wait for)
            await asyncio.sleep(0.05)
        taken_s = time.perf_counter() - begun_s
        process.stopping.set()
        await running
    return round(QUEUED / taken_s, 0)


async def _decide_all(kafka: KafkaSettings) -> None:
    """The records of every queued look's decision, as an owner leaves them that dies with one old
    look undecided.
    """
    requests: list[str] = []

    def take(record: ConsumerRecord) -> None:
        work = read(record)
        if not isinstance(work, Undecodable):
            requests.append(work.request_id)

    await read_all(kafka, (LOOK_REQUESTED,), take)
    producer = new_producer(kafka, "bench")
    await producer.start()
    now = datetime.now(UTC)
    for request_id in requests:
        begun = LookProgress(
            request_id=request_id, tenant_id="demo", stage=Stage.COMPOSING, attempt=1, at=now
        )
        made = LookCompleted(
            request_id=request_id,
            tenant_id="demo",
            image=IMAGE,
            items=(),
            engine_version="bench",
            duration_ms=1,
            completed_at=now,
        )
        for sequence, event in ((2, begun), (3, made)):
            out = outgoing(Emit(event, (request_id, str(sequence)), sequence), "/bench", now)
            await producer.send(out.topic, out.value, key=out.key, headers=list(out.headers))
    await producer.stop()


class _Stuck:
    """A renderer that never makes anything."""

    async def render(self, request: LookRequested) -> Rendered | NotRendered:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")


Watch = Callable[[LaneSession], Awaitable[dict[str, float]]]


def _owner(watch: Watch, bootstrap: str) -> dict[str, float]:
    """A compositor in a process of its own, watched and then killed."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    owner = context.Process(target=_own, args=(watch, bootstrap, there))
    owner.start()
    try:
        result: dict[str, float] = here.recv()
        return result
    finally:
        owner.kill()
        owner.join()


def _own(watch: Watch, bootstrap: str, result: Connection) -> None:
    async def live() -> None:
        clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731 (one line says it)
        process = Process("compositor", ProcessSettings(instance="bench"))
        kafka = KafkaSettings(bootstrap=bootstrap)
        application = consuming(DEADLINE_S, process=process, kafka=kafka)
        handler = Compositor(_Stuck(), Slots(2), clock, history_window_s=DEADLINE_S)
        session = LaneSession(application, handler, clock)
        application.sessions(lambda _: session)
        application.begin()
        running = asyncio.create_task(session.run())
        result.send(await watch(session))
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    uvloop.run(live())


def _rss_bytes() -> int:
    return int(psutil.Process().memory_info().rss)


async def _read_ahead(session: LaneSession) -> dict[str, float]:
    """Memory with few and with all looks queued; the same process, so that what it holds anyway
    counts in both.
    """
    begun_s = time.perf_counter()
    seen_bytes = []
    for count in (FEW, QUEUED):
        while session.deferred + session.in_flight < count:  # noqa: ASYNC110 (a session tells nobody)
            await asyncio.sleep(0.01)
        seen_bytes.append(_rss_bytes())
    return {
        "rss_few_mb": round(seen_bytes[0] / 2**20, 1),
        "rss_all_mb": round(seen_bytes[1] / 2**20, 1),
        "bytes_per_queued_look": round((seen_bytes[1] - seen_bytes[0]) / (QUEUED - FEW), 1),
        "in_flight": session.in_flight,
        "seconds_to_read_ahead": round(time.perf_counter() - begun_s, 1),
    }


async def _take_over(session: LaneSession) -> dict[str, float]:
    """Seconds until the history is read back and until what was decided is skipped and
    committed.
    """
    begun_s, begun_bytes = time.perf_counter(), _rss_bytes()
    restored_s = 0.0
    while (skipped := _skipped()) < QUEUED:
        if skipped and not restored_s:
            restored_s = time.perf_counter() - begun_s
        await asyncio.sleep(0.01)
    whole_s = time.perf_counter() - begun_s
    return {
        "history_s": round(restored_s, 1),
        "skipping_s": round(whole_s - restored_s, 1),
        "skipped_per_s": round(QUEUED / (whole_s - restored_s), 0),
        "history_mb": round((_rss_bytes() - begun_bytes) / 2**20, 1),
    }


def _skipped() -> float:
    labels = {"consumer": "compositor", "topic": LOOK_REQUESTED.name, "outcome": "skip"}
    return REGISTRY.get_sample_value("looks_records_total", labels) or 0.0
