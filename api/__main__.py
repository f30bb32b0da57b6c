"""`python -m api`: uvicorn with this process's health, metrics and drain."""

import asyncio

import uvicorn

from api.app import create_app
from api.keys import note_once, note_use
from api.ports import Ports
from api.server import server_config
from runtime.egress import Egress, Resolver
from runtime.process import Process, run
from runtime.settings import ApiSettings, DatabaseSettings, LookSettings, ObjectStoreSettings, WebhookSettings
from storage.acceptance import Acceptance
from storage.accounts import AccountStore
from storage.cancellations import CancellationStore
from storage.database import open_pool
from storage.jobs import JobStore
from storage.presigned import Presigner
from storage.uploads import UploadStore
from storage.webhook_deliveries import DeliveryStore
from storage.webhooks import WebhookStore

RESOLVER_THREADS = 4


async def main(process: Process) -> None:
    """Serve until asked to stop, then finish what is being answered."""
    settings, object_store = ApiSettings(), ObjectStoreSettings()
    async with open_pool(DatabaseSettings(), wait=True) as pool:
        ports = Ports(
            accounts=AccountStore(pool, settings.key_pepper.get_secret_value()),
            acceptance=Acceptance(pool, batch_max=settings.batch_max, queue_max=settings.queue_max),
            jobs=JobStore(pool),
            cancellations=CancellationStore(pool),
            webhooks=WebhookStore(pool),
            deliveries=DeliveryStore(pool),
            targets=Egress(Resolver(RESOLVER_THREADS), insecure=WebhookSettings().allow_insecure_targets),
            links=Presigner(object_store),
            uploads=UploadStore(pool, object_store),
            api=settings,
            look=LookSettings(),
        )
        app = create_app(ports)
        config = server_config(app, settings, timeout_graceful_shutdown=int(process.settings.drain_timeout_s))
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve([config.bind_socket()]))
        process.ready = True
        stop = asyncio.create_task(process.stopping.wait())
        noting = asyncio.create_task(note_use(app.state.keys.use, ports.accounts))
        await asyncio.wait({serving, stop}, return_when=asyncio.FIRST_COMPLETED)
        process.ready = False
        server.should_exit = True
        await serving
        stop.cancel()
        noting.cancel()
        await note_once(app.state.keys.use, ports.accounts)


if __name__ == "__main__":
    run("api", main)
