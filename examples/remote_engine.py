"""A remote engine: serves a dresser by the protocol of docs/remote-engine.md.

    ENGINE_TOKEN=change-me python examples/remote_engine.py --port 9100

To serve a model of your own, replace `load`: it is called once in each worker process, and what it
returns makes the looks. The rest stays: it checks, bounds and answers.
"""

import argparse
import asyncio
import hashlib
import hmac
import multiprocessing
import os
from concurrent.futures import TimeoutError as TooLong

import pebble
import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from compositing import ENGINE_VERSION, LookOptions
from consumers.compositor.classical import ClassicalDresser
from consumers.compositor.cutouts import CutoutCache
from consumers.compositor.dresser import DressedLook, Dresser, GarmentPhoto, Order
from consumers.compositor.results import NotRendered
from consumers.compositor.serving import answer_of
from schemas import engines
from schemas.http import MAX_ITEMS

NAME = "classical"
MAX_PHOTO_BYTES = 25 * 1024 * 1024
MAX_REQUEST_BYTES = 121 * 1024 * 1024
TIME_LIMIT_S = 40.0


def load() -> Dresser:
    """The model. `dress` gets photos and options, and returns Dressed, or NotRendered with a reason
    code of the photo's.
    """
    return ClassicalDresser(CutoutCache(None))


class Worker:
    """What a worker process keeps between looks."""

    dresser: Dresser


def prepare() -> None:
    """Called once in a new worker."""
    Worker.dresser = load()


def dress(order: Order) -> DressedLook | NotRendered:
    """Called in a worker for each look. The same order gives the same bytes, so one that is sent
    again is simply made again; a model that draws at random must seed itself from
    `order.request_id`, or keep its answers for some minutes.
    """
    return Worker.dresser.dress(order)


def refusal(status: int, code: str, message: str, item_index: int | None = None) -> Response:
    """An answer without a picture."""
    body = engines.EngineRefusal(
        error=engines.EngineFault(code=code, message=message, item_index=item_index)
    )
    return Response(
        body.model_dump_json(),
        status,
        {"Retry-After": "1"} if status == 503 else {},
        "application/json",
    )


async def order_of(request: Request) -> Order | Response:
    """What is asked for, or what is wrong with it."""
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > MAX_REQUEST_BYTES:
        return refusal(
            413, "request_too_large", f"Content-Length must say at most {MAX_REQUEST_BYTES}."
        )
    async with request.form(
        max_files=MAX_ITEMS, max_fields=1, max_part_size=engines.MAX_MANIFEST_BYTES
    ) as form:
        photos = [
            await one.read()
            for one in form.getlist(engines.PHOTO_PART)
            if isinstance(one, UploadFile)
        ]
        try:
            asked = engines.ComposeOrder.model_validate_json(str(form.get(engines.ORDER_PART, "")))
        except ValidationError as error:
            return refusal(400, "bad_order", str(error)[:1000])
    told = [item.sha256 for item in asked.items]
    if told != [hashlib.sha256(photo).hexdigest() for photo in photos]:
        return refusal(400, "bad_order", "the photos are not those that the order names")
    too_large = next(
        (index for index, photo in enumerate(photos) if len(photo) > MAX_PHOTO_BYTES), None
    )
    if too_large is not None:
        return refusal(
            422, "image_too_large", f"A photo may have {MAX_PHOTO_BYTES} bytes.", too_large
        )
    options = asked.options.model_dump(exclude={"height_px"})
    garments = (
        GarmentPhoto(photo, item.category) for photo, item in zip(photos, asked.items, strict=True)
    )
    return Order(asked.request_id, "", tuple(garments), LookOptions(**options))


def create_app(token: str, workers: int) -> FastAPI:
    """The server. At most `workers` looks are made at a time and as many wait; more are answered
    503.
    """
    app = FastAPI(openapi_url=None)
    spawn = multiprocessing.get_context("spawn")
    pool = pebble.ProcessPool(max_workers=workers, initializer=prepare, context=spawn)
    places = asyncio.Semaphore(2 * workers)

    def is_known(request: Request) -> bool:
        return hmac.compare_digest(
            request.headers.get("authorization", "").encode(), f"Bearer {token}".encode()
        )

    @app.get(engines.ENGINE_PATH)
    async def engine(request: Request) -> Response:
        if not is_known(request):
            return refusal(401, "unauthenticated", "the token is not known")
        limits = engines.EngineLimits(
            max_items=MAX_ITEMS,
            max_photo_bytes=MAX_PHOTO_BYTES,
            max_request_bytes=MAX_REQUEST_BYTES,
            concurrency=workers,
            time_limit_s=TIME_LIMIT_S,
        )
        card = engines.EngineCard(name=NAME, engine_version=ENGINE_VERSION, limits=limits)
        return Response(card.model_dump_json(), media_type="application/json")

    @app.post(engines.COMPOSE_PATH)
    async def compose(request: Request) -> Response:
        if not is_known(request):
            return refusal(401, "unauthenticated", "the token is not known")
        if places.locked():
            return refusal(503, "busy", "all workers are busy")
        async with places:
            order = await order_of(request)
            if isinstance(order, Response):
                return order
            try:
                made = await asyncio.wrap_future(
                    pool.schedule(dress, args=(order,), timeout=TIME_LIMIT_S)
                )
            except (TooLong, pebble.ProcessExpired):
                return refusal(503, "timeout", "the look took too long, or its worker died")
        if isinstance(made, NotRendered):
            why = made.reason
            return refusal(422, why.code, why.message, why.item_index)
        content_type, body = answer_of(order, made)
        return Response(body, media_type=content_type)

    return app


if __name__ == "__main__":
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=9100)
    options.add_argument("--workers", type=int, default=2)
    chosen = options.parse_args()
    app = create_app(os.environ["ENGINE_TOKEN"], chosen.workers)
    uvicorn.run(
        app, host=chosen.host, port=chosen.port, timeout_graceful_shutdown=10, access_log=False
    )
