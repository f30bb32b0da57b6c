"""`python -m api`: uvicorn with this process's health, metrics and drain."""

import asyncio

import uvicorn

from api.app import create_app
from api.ports import Ports
from runtime.egress import Egress, Resolver
from runtime.process import Process, run
from runtime.settings import ApiSettings, DatabaseSettings, LookSettings, ObjectStoreSettings, WebhookSettings
from storage.acceptance import Acceptance
from storage.accounts import AccountStore
from storage.cancellations import CancellationStore
from storage.database import open_pool
from storage.jobs import JobStore
from storage.presigned import Presigner
from storage.webhook_deliveries import DeliveryStore
from storage.webhooks import WebhookStore

MAX_CONNECTIONS = 10_000
HEADER_TIMEOUT_S = 10
RESOLVER_THREADS = 4


async def main(process: Process) -> None:
    """Serve until asked to stop, then finish what is being answered."""
    settings = ApiSettings()
    async with open_pool(DatabaseSettings(), wait=True) as pool:
        ports = Ports(
            accounts=AccountStore(pool, settings.key_pepper.get_secret_value()),
            acceptance=Acceptance(pool, batch_max=settings.batch_max, queue_max=settings.queue_max),
            jobs=JobStore(pool),
            cancellations=CancellationStore(pool),
            webhooks=WebhookStore(pool),
            deliveries=DeliveryStore(pool),
            targets=Egress(Resolver(RESOLVER_THREADS), insecure=WebhookSettings().allow_insecure_targets),
            links=Presigner(ObjectStoreSettings()),
            api=settings,
            look=LookSettings(),
        )
        config = uvicorn.Config(
            create_app(ports),
            host=settings.host,
            port=settings.port,
            http="httptools",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=HEADER_TIMEOUT_S,
            timeout_graceful_shutdown=int(process.settings.drain_timeout_s),
            lifespan="off",
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve([config.bind_socket()]))
        process.ready = True
        stop = asyncio.create_task(process.stopping.wait())
        await asyncio.wait({serving, stop}, return_when=asyncio.FIRST_COMPLETED)
        process.ready = False
        server.should_exit = True
        await serving
        stop.cancel()


if __name__ == "__main__":
    run("api", main)
