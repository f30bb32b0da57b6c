"""An engine over HTTP: what it answers is checked, what it says of a photo is the photo's fault,
all else is ours and heals.
"""

import asyncio
import json
import shutil
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from consumers.compositor.dresser import DressedLook, GarmentPhoto, ItemPlacement, Picture
from consumers.compositor.exchange import NoAnswer
from consumers.compositor.parts import parts_of
from consumers.compositor.remote import Malformed, RemoteDresser
from consumers.compositor.results import NotRendered
from consumers.compositor.serving import answer_of, multipart
from devstack.certificates import Authority
from runtime.settings import EngineSettings
from schemas.engines import ComposeOrder
from schemas.failures import FailureCode
from tests.receiver import Behaviour, Receiver, answering, pouring, receiving, saying, silence
from tests.unit.consumers.orders import PHOTO, REQUEST_ID, a_look, a_picture, an_order, drawn

TOKEN = "a-token"


def dresser(receiver: Receiver, **changes: Any) -> RemoteDresser:
    base = {"url": f"http://127.0.0.1:{receiver.port}/engine/", "token": TOKEN, "timeout_s": 10}
    return RemoteDresser(EngineSettings.model_validate({**base, **changes}))


def whole(look: DressedLook | None = None) -> Behaviour:
    content_type, body = answer_of(an_order(), look or a_look())
    return answering(200, body, content_type=content_type)


def with_manifest(
    change: Callable[[dict[str, Any]], object], look: DressedLook | None = None
) -> Behaviour:
    """A whole answer whose manifest was changed."""
    look = look or a_look()
    parts = parts_of(*answer_of(an_order(), look), ("manifest", "picture"))
    manifest = json.loads(parts["manifest"])
    change(manifest)
    content_type, body = multipart(
        (
            ("manifest", "application/json", json.dumps(manifest).encode()),
            ("picture", look.picture.content_type, parts["picture"]),
        )
    )
    return answering(200, body, content_type=content_type)


def with_parts(*parts: tuple[str, str, bytes]) -> Behaviour:
    content_type, body = multipart(parts)
    return answering(200, body, content_type=content_type)


def refusing(
    status: int, code: str, message: str = "words", item_index: int | None = 0
) -> Behaviour:
    body = json.dumps(
        {"error": {"code": code, "message": message, "item_index": item_index}}
    ).encode()
    return answering(status, body, content_type="application/json")


async def dressed(
    behaviour: Behaviour, *garments: GarmentPhoto, **settings: Any
) -> DressedLook | NotRendered:
    async with receiving() as receiver:
        receiver.always = behaviour
        return await asyncio.to_thread(dresser(receiver, **settings).dress, an_order(*garments))


async def test_the_order_carries_photos_options_token_and_its_idempotency_key() -> None:
    async with receiving() as receiver:
        receiver.always = whole()
        made = await asyncio.to_thread(dresser(receiver).dress, an_order())
    assert isinstance(made, DressedLook)
    (request,) = receiver.received
    assert request.line == "POST /engine/v1/compose HTTP/1.1"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["idempotency-key"] == request.headers["x-request-id"] == REQUEST_ID
    parts = parts_of(request.headers["content-type"], request.body, ("order", "photo"))
    assert parts["photo"] == PHOTO
    order = ComposeOrder.model_validate_json(parts["order"])
    assert (order.request_id, order.items[0].category, order.items[0].bytes) == (
        REQUEST_ID,
        "t-shirt",
        len(PHOTO),
    )
    assert (order.options.width_px, order.options.height_px, order.options.format) == (
        256,
        384,
        "png",
    )
    assert b"demo" not in parts["order"], "the tenant's name is nobody else's affair"


async def test_a_whole_answer_is_a_look_whose_version_says_that_it_came_from_elsewhere() -> None:
    made = await dressed(whole())
    assert isinstance(made, DressedLook)
    assert made.engine_version == "remote:vton-1.5"
    assert made.picture == a_picture()
    assert made.items == (ItemPlacement(0, 31, (10, 20, 200, 300), 5000),)
    assert made.seed == 7


async def test_an_engine_that_can_not_say_where_a_garment_went_has_it_everywhere() -> None:
    made = await dressed(with_manifest(lambda said: said.update(items=[{"item_index": 0}])))
    assert isinstance(made, DressedLook)
    assert made.items[0].box == (0, 0, 256, 384)


async def test_fields_that_are_new_to_us_are_passed_over() -> None:
    assert isinstance(
        await dressed(with_manifest(lambda said: said.update(quality=0.9))), DressedLook
    )


@pytest.mark.parametrize(
    "code",
    [
        "image_unreadable",
        "image_too_large",
        "no_garment_found",
        "category_mismatch",
        "photo_not_processed",
    ],
)
async def test_a_photos_fault_fails_the_look_at_once_and_names_its_item(code: str) -> None:
    refused = await dressed(
        refusing(422, code, "A\x00 cat.\x1b[31m", 1),
        GarmentPhoto(PHOTO, "top"),
        GarmentPhoto(PHOTO, "hat"),
    )
    assert isinstance(refused, NotRendered)
    assert (refused.reason.code, refused.reason.item_index, refused.can_heal) == (
        FailureCode(code),
        1,
        False,
    )
    assert refused.reason.message.isprintable()


async def test_what_it_can_not_do_with_photos_together_names_none_and_is_told_to_operators() -> (
    None
):
    refused = await dressed(
        refusing(422, "photo_not_processed", item_index=None),
        GarmentPhoto(PHOTO, "top"),
        GarmentPhoto(PHOTO, "hat"),
    )
    assert isinstance(refused, NotRendered)
    assert (refused.reason.code, refused.reason.item_index) == (
        FailureCode.PHOTO_NOT_PROCESSED,
        None,
    )
    assert refused.trace
    assert not refused.can_heal


def lying(data: bytes, **changes: Any) -> Behaviour:
    """An answer whose picture is `data`, described truly but for the changes."""
    return whole(a_look(replace(a_picture(data), **changes)))


def damaged(data: bytes) -> bytes:
    return data[: len(data) // 2] + b"\x00" * 8


MALFORMED: dict[str, Behaviour] = {
    "server error": answering(500),
    "bad gateway": answering(502),
    "busy": refusing(503, "busy"),
    "gateway timeout": answering(504),
    "too many": answering(429, b"{}"),
    "wrong token": refusing(401, "unauthenticated"),
    "no such path": answering(404, b"<html>"),
    "redirect": answering(307, location="http://127.0.0.1:1/elsewhere"),
    "empty answer": answering(204, b""),
    "photo's fault with status 500": refusing(500, "no_garment_found"),
    "a code that is none of the photo's": refusing(422, "internal"),
    "a code that nobody knows": refusing(422, "tired"),
    "an item that is not there": refusing(422, "no_garment_found", item_index=1),
    "no item": refusing(422, "no_garment_found", item_index=None),
    "a refusal that is no JSON": answering(422, b"sorry"),
    "a refusal without end": answering(422, b'{"error":' + b" " * 100_000 + b"{}}"),
    "hangs up": saying(b""),
    "no HTTP": saying(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "truncated body": saying(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n--x"),
    "content coding": answering(200, b"x", content_encoding="gzip"),
    "json": answering(200, b"{}", content_type="application/json"),
    "no content type": answering(200, b"{}"),
    "no last boundary": answering(200, b"--x\r\n", content_type="multipart/form-data; boundary=x"),
    "no multipart at all": answering(200, b"hello", content_type="multipart/form-data; boundary=x"),
    "no picture": with_parts(("manifest", "application/json", b"{}")),
    "two manifests": with_parts(
        ("manifest", "a/b", b"{}"), ("manifest", "a/b", b"{}"), ("picture", "a/b", b"")
    ),
    "unknown part": with_parts(
        ("manifest", "a/b", b"{}"), ("extra", "a/b", b"{}"), ("picture", "a/b", b"")
    ),
    "manifest is no JSON": with_parts(
        ("manifest", "application/json", b"{"), ("picture", "image/png", drawn())
    ),
    "manifest too large": with_manifest(lambda said: said.update(padding="x" * 300_000)),
    "another order's answer": with_manifest(
        lambda said: said.update(request_id="01ARZ3NDEKTSV4RRFFQ69G5FAW")
    ),
    "wrong sha": with_manifest(lambda said: said["picture"].update(sha256="0" * 64)),
    "wrong bytes": with_manifest(lambda said: said["picture"].update(bytes=1)),
    "wrong type stated": with_manifest(
        lambda said: said["picture"].update(content_type="image/webp")
    ),
    "wrong width stated": with_manifest(lambda said: said["picture"].update(width_px=257)),
    "no version": with_manifest(lambda said: said.pop("engine_version")),
    "odd version": with_manifest(lambda said: said.update(engine_version="<b>1</b>")),
    "no item named": with_manifest(lambda said: said.update(items=[])),
    "an item named twice": with_manifest(lambda said: said.update(items=said["items"] * 2)),
    "box outside": with_manifest(lambda said: said["items"][0].update(box=[0, 0, 257, 10])),
    "box inside out": with_manifest(lambda said: said["items"][0].update(box=[9, 0, 3, 10])),
    "too much area": with_manifest(lambda said: said["items"][0].update(alpha_area_px=10**9)),
    "landmark not finite": with_manifest(
        lambda said: said["items"][0].update(landmarks={"hem": [float("nan"), 1]})
    ),
    "endless warnings": with_manifest(lambda said: said.update(warnings=["x"] * 21)),
    "picture of another size than said": lying(drawn((128, 192))),
    "picture of another kind than said": lying(drawn(kind="WEBP")),
    "picture in two frames": lying(
        drawn(save_all=True, append_images=[Image.new("RGB", (256, 384))])
    ),
    "picture cut off": lying(damaged(drawn(compress_level=0))),
    "picture that is none": lying(b"<script>alert(1)</script>"),
    "no bytes": whole(a_look(Picture(b"x", "image/png", 256, 384, "0" * 64))),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_what_is_not_the_photos_fault_is_ours_and_heals(name: str) -> None:
    failed = await dressed(MALFORMED[name])
    assert isinstance(failed, NotRendered)
    assert (failed.reason.code, failed.reason.item_index, failed.can_heal) == (
        FailureCode.INTERNAL,
        None,
        True,
    )
    assert (
        failed.reason.message == "The engine that makes this look is out of order or out of reach."
    )


@pytest.mark.parametrize(
    ("behaviour", "settings"),
    [
        (silence, {"timeout_s": 0.5}),
        (pouring(b"x", 0.05), {"timeout_s": 0.5}),  # never silent, never done
        (pouring(b"x", 60), {"timeout_s": 20, "stall_timeout_s": 0.3}),
        (pouring(b"X", 0.05, head=b"HTTP/1.1 200 OK\r\nx-endless: "), {"timeout_s": 0.5}),
        (pouring(b"x" * 1_000_000, 0), {}),  # more than an answer may have
        (pouring(b"x" * 100_000, 0, head=b"HTTP/1.1 200 OK\r\nx-endless: "), {}),
    ],
    ids=[
        "silent",
        "a byte at a time",
        "stalls",
        "head a byte at a time",
        "body without end",
        "head without end",
    ],
)
async def test_an_answer_that_does_not_come_whole_in_time_is_given_up(
    behaviour: Behaviour, settings: dict[str, Any]
) -> None:
    async with asyncio.timeout(9):
        failed = await dressed(behaviour, **settings)
    assert isinstance(failed, NotRendered)
    assert failed.can_heal


async def test_a_redirect_is_not_followed() -> None:
    async with receiving() as elsewhere, receiving() as receiver:
        receiver.always = answering(307, location=elsewhere.url)
        await asyncio.to_thread(dresser(receiver).dress, an_order())
        assert elsewhere.received == []


async def test_an_engine_that_is_not_there_is_our_fault() -> None:
    async with receiving() as receiver:
        gone = dresser(receiver)
    failed = await asyncio.to_thread(gone.dress, an_order())
    assert isinstance(failed, NotRendered)
    assert failed.can_heal


async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert isinstance(await dressed(whole()), DressedLook)


async def test_the_engine_says_who_it_is() -> None:
    limits = {
        "max_items": 2,
        "max_photo_bytes": 10,
        "max_request_bytes": 30,
        "concurrency": 1,
        "time_limit_s": 40,
    }
    card = {"name": "vton", "engine_version": "1.5", "limits": limits}
    async with receiving() as receiver:
        receiver.then = [
            answering(200, json.dumps(card).encode()),
            answering(200, b"[]"),
            answering(401),
            saying(b""),
        ]
        engine = dresser(receiver)
        found = await asyncio.to_thread(engine.describe)
        assert (found.name, found.limits.max_items) == ("vton", 2)
        for error in (Malformed, Malformed, NoAnswer):
            with pytest.raises(error):
                await asyncio.to_thread(engine.describe)


async def test_certificates_are_verified(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl: nothing here makes certificates")
    authority = Authority(tmp_path / "tls")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(authority.issue("engine").both)
    async with receiving(tls=server) as receiver:
        receiver.always = whole()
        url = f"https://127.0.0.1:{receiver.port}"
        assert isinstance(
            await asyncio.to_thread(dresser(receiver, url=url).dress, an_order()), NotRendered
        )
        assert receiver.received == []
        trusting = dresser(receiver, url=url, ca_file=authority.certificate)
        assert isinstance(await asyncio.to_thread(trusting.dress, an_order()), DressedLook)


async def test_a_look_below_the_tenants_own_floor_is_not_sold() -> None:
    placed = ItemPlacement(
        0, 31, (10, 20, 200, 300), 5000, quality=0.45, quality_reasons=("blurred",)
    )
    async with receiving() as receiver:
        receiver.always = whole(a_look(None, placed))
        engine = dresser(receiver)
        taken = await asyncio.to_thread(engine.dress, replace(an_order(), quality_floor=0.4))
        refused = await asyncio.to_thread(engine.dress, replace(an_order(), quality_floor=0.5))
    assert isinstance(taken, DressedLook)
    assert isinstance(refused, NotRendered)
    assert (refused.reason.cause, refused.reason.item_index, refused.can_heal) == (
        "cannot_be_dressed",
        0,
        False,
    )
    assert "blurred" in refused.reason.message
