"""`python -m api`: uvicorn with this process's health, metrics and drain."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from api.app import create_app
from api.guesses import GuessMaker
from api.housekeeping import purge_idempotency_keys, purge_lists
from api.keys import note_once, note_use
from api.leaving import LastAnswers
from api.photos import PhotoChecker
from api.ports import Ports
from api.server import server_config
from api.shared_limits import rate_limiter
from runtime.egress import Egress, Resolver
from runtime.health import UnsignalledServer
from runtime.machine import allow_many_files
from runtime.process import Process, run
from runtime.settings import (
    ApiSettings,
    DatabaseSettings,
    EngineSettings,
    LookSettings,
    ObjectStoreSettings,
    OpsSettings,
    WebhookSettings,
)
from storage.acceptance import Acceptance
from storage.accounts import AccountStore
from storage.cancellations import CancellationStore
from storage.database import open_pool, open_reader
from storage.drafts import DraftStore
from storage.goodwill import GoodwillStore
from storage.idempotency import IdempotencyStore
from storage.jobs import JobStore
from storage.pictures import PictureStore
from storage.presigned import Presigner
from storage.reads import ReadPool
from storage.refused_requests import RefusedRequestStore
from storage.sessions import SessionStore
from storage.uploads import UploadStore
from storage.usage import UsageStore
from storage.wakeups import listen
from storage.webhook_deliveries import DeliveryStore
from storage.webhooks import WebhookStore

RESOLVER_THREADS = 4


async def main(process: Process) -> None:
    """Serve until asked to stop, then finish what is being answered."""
    settings, database, object_store = ApiSettings(), DatabaseSettings(), ObjectStoreSettings()
    look = LookSettings()
    photos = PhotoChecker(look.worker_memory_bytes)
    allow_many_files()
    async with (
        AsyncExitStack() as opened,
        open_pool(database, process, wait=True) as pool,
        open_reader(database) as replicas,
        rate_limiter(settings, object_store.names.key("")) as limiter,
    ):
        reads = ReadPool(pool, replicas)
        uploads = UploadStore(pool, object_store)
        guesses = GuessMaker(uploads, look.worker_memory_bytes)
        ports = Ports(
            accounts=AccountStore(pool, settings.key_pepper.get_secret_value()),
            acceptance=Acceptance(pool, batch_max=settings.batch_max, queue_max=settings.queue_max),
            jobs=JobStore(pool, reads),
            cancellations=CancellationStore(pool),
            webhooks=WebhookStore(pool),
            deliveries=DeliveryStore(pool),
            targets=Egress(
                Resolver(RESOLVER_THREADS), insecure=WebhookSettings().allow_insecure_targets
            ),
            links=Presigner(object_store),
            uploads=uploads,
            photos=photos,
            guesses=guesses,
            usage=UsageStore(reads),
            sessions=SessionStore(
                pool,
                settings.key_pepper.get_secret_value(),
                idle_s=settings.session_idle_s,
                kept_s=settings.session_kept_s,
            ),
            pictures=PictureStore(object_store),
            goodwill=GoodwillStore(pool),
            drafts=DraftStore(pool),
            refused=RefusedRequestStore(pool),
            api=settings,
            look=look,
            engine=EngineSettings(),
            limiter=limiter,
        )
        ops = OpsSettings()
        made = await opened.enter_async_context(_ops(ops, ports, database)) if ops.served else None
        app = create_app(ports, made)
        beside = (
            listen(database, app.state.hub),
            app.state.refusals.run(),
            note_use(app.state.keys.use, ports.accounts),
            purge_idempotency_keys(IdempotencyStore(pool), settings.idempotency_kept_s),
            purge_lists(ports.sessions, ports.uploads, ports.drafts, ports.refused),
        )
        await _serve(process, settings, app, beside)
        await app.state.refusals.flush()
        await note_once(app.state.keys.use, ports.accounts)
        await photos.close()
        await guesses.close()


@asynccontextmanager
async def _ops(
    ops: OpsSettings, ports: Ports, database: DatabaseSettings
) -> AsyncIterator[Callable[[], ASGIApp]]:
    """What makes the operators' surface, over a pool of its own. Its module is named, and imported
    when somebody asks for /ops: it brings clients of Kafka.
    """
    async with open_pool(ops.database(database), wait=True) as pool:
        yield lambda: import_module("api.ops.app").over(ops, ports.api, database, pool)


async def _serve(
    process: Process,
    settings: ApiSettings,
    app: FastAPI,
    beside: tuple[Coroutine[Any, Any, None], ...],
) -> None:
    """Serve until asked to stop. Raises what one of those that run `beside` raised."""
    config = server_config(
        LastAnswers(app, lambda: process.leaving),
        settings,
        timeout_graceful_shutdown=int(process.settings.drain_timeout_s),
    )
    server = UnsignalledServer(config)
    serving = asyncio.create_task(server.serve([config.bind_socket()]))
    process.ready = True
    stop = asyncio.create_task(process.stopping.wait())
    helpers = {asyncio.create_task(one) for one in beside}
    done, _ = await asyncio.wait({serving, stop, *helpers}, return_when=asyncio.FIRST_COMPLETED)
    process.ready = False
    app.state.hub.drain()
    server.leave()
    await serving
    for task in (stop, *helpers):
        task.cancel()
    for task in done & helpers:
        task.result()


if __name__ == "__main__":
    run("api", main)
