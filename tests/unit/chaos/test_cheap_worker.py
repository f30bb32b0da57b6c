"""What a campaign's workers draw and what they don't."""

import subprocess
import sys

from chaos.load import NOT_A_PICTURE, PREFIX
from chaos.plan import DRAWN_OF
from devstack.folder import CHECKOUT
from devstack.wardrobe import draw
from runtime.placing import partition_of
from schemas.ids import new_request_id

DRESS = """
import sys
import chaos.cheap_worker
from compositing import parse_options
from consumers.compositor.cutouts import CutoutCache
from consumers.compositor.dresser import DressedLook, GarmentPhoto, Order
from consumers.compositor.entry import idle
from consumers.compositor.render import ClassicalDresser
request_id, name = sys.argv[1:]
photo = GarmentPhoto(data=sys.stdin.buffer.read(), category="t-shirt", name=name)
options, _ = parse_options({"width": 256, "format": "jpeg"}, None)
made = ClassicalDresser(CutoutCache(None)).dress(Order(request_id, "demo", (photo,), options))
print(idle(), made.engine_version if isinstance(made, DressedLook) else made.reason.code)
"""
"""The dresser that a worker makes, after its server has imported ours; in a process of its own."""


def dressed(request_id: str, name: str, data: bytes) -> str:
    done = subprocess.run(
        [sys.executable, "-c", DRESS, request_id, name],
        input=data,
        capture_output=True,
        cwd=CHECKOUT,
        timeout=120,
        check=True,
    )
    return done.stdout.decode().strip()


def an_id(*, drawn: bool) -> str:
    while (partition_of(one := new_request_id(), DRAWN_OF) == 0) is not drawn:
        pass
    return one


def test_one_look_of_many_is_drawn_and_every_photo_that_is_no_garment_of_ours_is_looked_at() -> (
    None
):
    tee = draw("tee", size_px=(192, 256))
    known = f"{PREFIX}/tee.jpg"
    assert dressed(an_id(drawn=False), known, tee) == "cheap"
    assert dressed(an_id(drawn=True), known, tee)[0].isdigit(), "the engine's own version"
    assert dressed(an_id(drawn=False), NOT_A_PICTURE, b"a text file") == "image_unreadable"
