"""One suite for every engine behind the port: our own, and the same one behind the example server,
over HTTP.
"""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from compositing import LookOptions
from consumers.compositor.classical import ClassicalDresser
from consumers.compositor.cutouts import CutoutCache
from consumers.compositor.dresser import DressedLook, Dresser, GarmentPhoto, Order
from consumers.compositor.remote import RemoteDresser
from consumers.compositor.results import NotRendered
from runtime.settings import EngineSettings
from schemas.failures import FailureCode
from tests.engine_server import TOKEN, Server, started
from tests.unit.compositing.pictures import save, tee, trousers
from tests.unit.consumers.orders import REQUEST_ID, an_order

TEE, TROUSERS = GarmentPhoto(save(tee()), "t-shirt"), GarmentPhoto(save(trousers()), "jeans")
SMALL = LookOptions(width_px=256, format="png")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with started() as server:
        yield server


def engine(server: Server, **changes: object) -> RemoteDresser:
    return RemoteDresser(
        EngineSettings.model_validate({"url": server.url, "token": TOKEN, **changes})
    )


@pytest.fixture(params=["classical", "remote"])
def dresser(request: pytest.FixtureRequest) -> Dresser:
    if request.param == "classical":
        return ClassicalDresser(CutoutCache(None))
    return engine(request.getfixturevalue("server"))


@pytest.mark.parametrize("kind", ["webp", "png", "jpeg"])
def test_a_look_is_what_it_says_it_is(dresser: Dresser, kind: str) -> None:
    options = LookOptions(
        width_px=256,
        format=kind,  # type: ignore[arg-type]  # one of three
        mannequin="MALE",
        background="#102030",
        tuck=True,
    )
    made = dresser.dress(an_order(TEE, TROUSERS, options=options))
    assert isinstance(made, DressedLook), made
    with Image.open(io.BytesIO(made.picture.data)) as image:
        assert (image.size, image.get_format_mimetype()) == ((256, 384), made.picture.content_type)
    assert (made.picture.width_px, made.picture.height_px) == (256, 384)
    assert [item.item_index for item in made.items] == [0, 1]
    assert made.engine_version


def test_a_photo_that_can_not_be_used_is_named_and_will_not_heal(dresser: Dresser) -> None:
    refused = dresser.dress(an_order(TEE, GarmentPhoto(b"no picture", "jeans")))
    assert isinstance(refused, NotRendered)
    assert (refused.reason.code, refused.reason.item_index, refused.can_heal) == (
        FailureCode.IMAGE_UNREADABLE,
        1,
        False,
    )
    unknown = dresser.dress(an_order(GarmentPhoto(TEE.data, "spacesuit")))
    assert isinstance(unknown, NotRendered)
    assert (unknown.reason.code, unknown.reason.item_index) == (FailureCode.CATEGORY_MISMATCH, 0)


def test_an_order_that_is_sent_again_is_answered_as_before(dresser: Dresser) -> None:
    first, again = (dresser.dress(an_order(TEE, options=SMALL)) for _ in range(2))
    assert isinstance(first, DressedLook)
    assert isinstance(again, DressedLook)
    assert first.picture == again.picture


def test_the_engine_over_http_makes_the_look_that_it_makes_here(server: Server) -> None:
    order = Order(REQUEST_ID, "demo", (TEE, TROUSERS), SMALL)
    there, here = engine(server).dress(order), ClassicalDresser(CutoutCache(None)).dress(order)
    assert isinstance(there, DressedLook)
    assert isinstance(here, DressedLook)
    assert (there.picture, there.items, there.warnings) == (here.picture, here.items, here.warnings)
    assert there.engine_version == f"remote:{here.engine_version}"
    card = engine(server).describe()
    assert (card.engine_version, card.limits.concurrency) == (here.engine_version, 2)


def test_a_wrong_token_is_our_fault(server: Server) -> None:
    refused = engine(server, token="another").dress(an_order(TEE))
    assert isinstance(refused, NotRendered)
    assert (refused.reason.code, refused.can_heal) == (FailureCode.INTERNAL, True)


def test_a_look_that_is_not_made_in_time_is_given_up(server: Server) -> None:
    given_up = engine(server, timeout_s=0.05).dress(an_order(TEE, TROUSERS))
    assert isinstance(given_up, NotRendered)
    assert given_up.can_heal
    assert isinstance(engine(server).dress(an_order(TEE, TROUSERS)), DressedLook), (
        "what was given up harms nobody"
    )


def test_the_example_does_not_start_without_a_token() -> None:
    example = Path(__file__).resolve().parents[2] / "examples" / "remote_engine.py"
    env = {name: value for name, value in os.environ.items() if name != "ENGINE_TOKEN"}
    done = subprocess.run(
        [sys.executable, str(example)],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "ENGINE_TOKEN" in done.stderr
