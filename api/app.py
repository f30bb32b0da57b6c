"""The application: gates, routes, errors, and a contract that says what they do."""

import asyncio
from collections.abc import Callable

from fastapi import FastAPI
from starlette.types import ASGIApp

from api import (
    account,
    api_keys,
    batch,
    cancel,
    contracts,
    drafts,
    errors,
    guessing,
    jobs,
    looks,
    pictures,
    refused_requests,
    renders,
    reports,
    sessions,
    uploads,
    usage,
    webhook_deliveries,
    webhooks,
)
from api.beside import Beside
from api.console import routes as console
from api.create_look import CreateLook, FirstInLine, documented
from api.gates import BodyLimit, BoundedBodies
from api.keys import KeyRing, StillWorking
from api.negotiation import HeadIsGet
from api.news import SharedReads
from api.observed import Observed
from api.openapi_document import CONTACT, LICENSE, SERVERS, TAGS, KeyedApi
from api.ports import Ports
from api.refusal_log import RefusalLog
from api.waiting import Hub
from domain.sessions import is_token
from schemas.uploads import MAX_UPLOAD_BYTES

ROUTERS = (
    looks.router,
    batch.router,
    drafts.router,
    uploads.router,
    guessing.router,
    jobs.router,
    cancel.router,
    pictures.router,  # before renders: its fixed path is none of theirs
    renders.router,
    reports.router,
    account.router,
    account.whoever,
    account.notices,
    usage.router,
    refused_requests.router,
    api_keys.router,
    sessions.door,
    sessions.router,
    webhooks.router,
    webhook_deliveries.router,
    contracts.router,
    console.router,
)
TITLE = "Looks"
VERSION = "1.0.0"
ABOUT = (
    "Dresses mannequins. Post garment photos, get a picture. Every request needs a bearer key; "
    "every answer that is not "
    "2xx carries the `error` envelope; the credits of a failed look are refunded."
)


def create_app(ports: Ports, ops: Callable[[], ASGIApp] | None = None) -> FastAPI:
    """The API over these ports. `ops` makes what serves /ops; None: it is not served."""
    app = KeyedApi(
        title=TITLE,
        version=VERSION,
        description=ABOUT,
        servers=SERVERS,
        openapi_tags=TAGS,
        contact=CONTACT,
        license_info=LICENSE,
        redirect_slashes=False,
        docs_url=None,  # FastAPI's pages load scripts from a foreign host: see api.contracts
        redoc_url=None,
        webhooks=webhooks.outgoing,
    )
    app.state.ports = ports
    app.state.keys = KeyRing(ports.api, ports.accounts.credential)
    app.state.sessions = KeyRing(
        ports.api, ports.sessions.credential, use=app.state.keys.use, may_be=is_token
    )
    app.state.limiter = ports.limiter
    app.state.refusals = RefusalLog(ports.refused)
    app.state.upload_places = asyncio.Semaphore(ports.api.uploads_max)
    app.state.batch_places = asyncio.Semaphore(batch.BATCHES_MAX)
    app.state.zip_places = asyncio.Semaphore(pictures.ZIPS_AT_ONCE)
    app.state.hub = Hub(
        StillWorking(ports.accounts.working_keys, ports.sessions.working),
        per_tenant=ports.api.streams_per_tenant,
        in_all=ports.api.streams_max,
    )
    app.state.reads = SharedReads(ports.jobs)
    limit = BodyLimit(ports.api.max_body_bytes, ports.api.body_timeout_s)
    create_look = CreateLook(limit)
    app.router.routes.append(documented(create_look))
    for router in ROUTERS:
        # Not by include_router: it has nothing to add to them, and makes each route anew at the
        # first request.
        app.router.routes.extend(router.routes)
    errors.install(app)
    if ops is not None:
        app.add_middleware(Beside, prefix="/ops", make=ops)
    app.add_middleware(
        BoundedBodies,
        limit=limit,
        by_path={
            uploads.PATH: BodyLimit(
                MAX_UPLOAD_BYTES + uploads.OVERHEAD_BYTES, ports.api.upload_timeout_s
            )
        },
    )
    app.add_middleware(HeadIsGet)
    app.add_middleware(FirstInLine, endpoint=create_look)
    app.add_middleware(Observed)
    return app
