"""The cut-out cache: the same look with and without, whatever the store does."""

import base64
import io
import json
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from compositing import (
    ENGINE_VERSION,
    GarmentError,
    GarmentInput,
    LookOptions,
    compose,
    compose_garments,
    pack,
    unpack,
)
from compositing.cut.cutout import INSIDE_PX, INSIDE_STEPS
from compositing.garment import FIELD
from consumers.compositor.cutouts import CutoutCache
from schemas.namespace import Namespace
from storage.object_store import ObjectMissing, StoreUnavailable
from tests.unit.compositing.pictures import save, tee

TEE = GarmentInput(save(tee()), "t-shirt")
SMALL = LookOptions(width_px=256, format="png")


class Store:
    """Objects in memory; `down`: it does not answer."""

    bucket = "b"
    names = Namespace()

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.reads = 0
        self.down = False

    def get(self, key: str, max_bytes: int) -> bytes:
        self.reads += 1
        if self.down:
            raise StoreUnavailable("down")
        if key not in self.objects:
            raise ObjectMissing(key)
        return self.objects[key][: max_bytes + 1]

    def put(self, key: str, data: bytes, content_type: str) -> None:
        assert content_type == "image/png"
        if self.down:
            raise StoreUnavailable("down")
        self.objects[key] = data


@pytest.fixture
def store() -> Store:
    return Store()


def picture(cache: CutoutCache, tenant_id: str = "abc") -> bytes:
    return compose_garments([cache.get(tenant_id, TEE).garment], ["t-shirt"], SMALL).image


def test_a_look_is_the_same_cold_cached_and_without_a_cache(store: Store) -> None:
    cache = CutoutCache(store)  # type: ignore[arg-type]  # what it needs of a store
    cold, cached = picture(cache), picture(cache)
    assert cold == cached == picture(CutoutCache(None)) == compose([TEE], SMALL).image
    assert len(store.objects) == 1


def test_a_kept_cut_out_is_of_its_tenant_version_content_and_shape(store: Store) -> None:
    cache = CutoutCache(store)  # type: ignore[arg-type]  # as above
    kept = cache.get("abc", TEE)
    cache.get("def", TEE)
    cache.get("abc", GarmentInput(TEE.data, "trousers"))
    cache.get("abc", GarmentInput(save(tee((10, 200, 10))), "t-shirt"))
    assert len(store.objects) == 4
    assert all(
        key.startswith(("cutouts/abc/", "cutouts/def/")) and f"/{ENGINE_VERSION}/" in key
        for key in store.objects
    )
    assert kept.image is not None
    assert len(store.objects[kept.image.key]) == kept.image.bytes
    assert (kept.image.height, kept.image.width) == kept.garment.cutout.alpha.shape


@pytest.mark.parametrize("damage", [b"", b"junk", save(tee())])
def test_a_damaged_cut_out_is_made_anew(store: Store, damage: bytes) -> None:
    cache = CutoutCache(store)  # type: ignore[arg-type]  # as above
    good = picture(cache)
    (key,) = store.objects
    whole = store.objects[key]
    store.objects[key] = damage
    assert picture(cache) == good
    assert store.objects[key] == whole


def test_a_store_that_is_down_costs_time_and_nothing_else(store: Store) -> None:
    store.down = True
    kept = CutoutCache(store).get("abc", TEE)  # type: ignore[arg-type]  # as above
    assert kept.image is None
    assert kept.garment.cutout.mask.any()


def test_a_photo_without_a_garment_is_not_kept(store: Store) -> None:
    with pytest.raises(GarmentError):
        CutoutCache(store).get(  # type: ignore[arg-type]  # as above
            "abc", GarmentInput(save(np.full((200, 200, 3), 255, np.uint8)), "top")
        )
    assert store.objects == {}


def test_packing_loses_nothing() -> None:
    garment = CutoutCache(None).get("abc", TEE).garment
    again = unpack(pack(garment))
    assert (again.cutout.rgb == garment.cutout.rgb).all()
    assert (again.cutout.alpha == garment.cutout.alpha).all()
    assert again.cutout.mode == garment.cutout.mode
    assert garment.cutout.inside is not None
    assert again.cutout.inside is not None
    assert (again.cutout.inside == garment.cutout.inside).all()
    assert again.measures == garment.measures
    assert pack(again) == pack(garment)


@pytest.mark.parametrize("value", [float("nan"), -0.1, 1.1])
def test_a_kept_cut_out_whose_shares_are_none_is_refused(value: float) -> None:
    garment = CutoutCache(None).get("abc", TEE).garment
    for cutout in (replace(garment.cutout, doubt=value), replace(garment.cutout, unlike=value)):
        with pytest.raises(ValueError, match="not a packed garment"):
            unpack(pack(replace(garment, cutout=cutout)))


NOISE = np.random.default_rng(7).integers(0, 16, (INSIDE_PX, INSIDE_PX)).astype(np.uint8)


@pytest.mark.parametrize("inside", [None, NOISE * INSIDE_STEPS])
def test_a_map_of_insides_is_kept_as_it_is(inside: np.ndarray | None) -> None:
    """None, and the worst of noise, too."""
    garment = CutoutCache(None).get("abc", TEE).garment
    kept = replace(garment, cutout=replace(garment.cutout, inside=inside))
    again = unpack(pack(kept)).cutout.inside
    if inside is None:
        assert again is None
    else:
        assert again is not None
        assert (again == inside).all()


@pytest.mark.parametrize("square", [None, (-40, 12, 300)])
def test_where_a_map_of_insides_lies_is_kept(square: tuple[int, int, int] | None) -> None:
    garment = CutoutCache(None).get("abc", TEE).garment
    kept = replace(garment, cutout=replace(garment.cutout, inside_at=square))
    assert unpack(pack(kept)).cutout.inside_at == square


@pytest.mark.parametrize("square", [[0, 0, 0], [10**6, 0, 5], [1, 2], "far", {"x": 1}, [0, 0, "a"]])
def test_a_place_of_a_map_that_is_none_is_refused(square: object) -> None:
    with pytest.raises(ValueError, match="not a packed garment"):
        unpack(with_fact("inside_at", square))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not base64!",
        base64.b64encode(b"not compressed").decode(),
        base64.b64encode(zlib.compress(bytes(10))).decode(),
        base64.b64encode(zlib.compress(bytes(10_000_000))).decode(),
    ],
)
def test_a_map_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a packed garment"):
        unpack(with_fact("inside", text))


def with_fact(name: str, value: object) -> bytes:
    """A kept cut-out of which something else is said."""
    data = pack(CutoutCache(None).get("abc", TEE).garment)
    with Image.open(io.BytesIO(data)) as image:
        facts = json.loads(image.text[FIELD])  # type: ignore[attr-defined]  # PNGs have it
        facts["cutout"][name] = value
        info, out = PngInfo(), io.BytesIO()
        info.add_text(FIELD, json.dumps(facts))
        image.save(out, "PNG", pnginfo=info)
    return out.getvalue()
