"""The engine against decoding and encoding alone: CPU seconds of one process, tee and jeans."""

import time
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import psutil

from compositing import GarmentInput, LookOptions, compose, compose_garments, pack, prepare, unpack
from compositing.encode import encode
from devstack.wardrobe import WARDROBE, draw

ROUNDS = 5
ITEMS = ("tee", "jeans")
MORE = ("sweater", "skirt")
WARM_LOOKS, LOOKS = 20, 1000


def _cpu_s(work: Callable[[], object]) -> float:
    """The least of some rounds, after one that is not counted."""
    work()
    spent = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return min(spent)


def measure() -> dict[str, object]:
    """CPU seconds and ratios; memory of this process over many looks."""
    photos = {name: draw(name) for name in WARDROBE}
    items = {name: GarmentInput(photos[name], category) for name, category in WARDROBE.items()}
    outfit = [items[name] for name in ITEMS]
    kept = [pack(prepare(item)) for item in outfit]

    def look(width_px: int, worn: Sequence[GarmentInput]) -> Callable[[], object]:
        return lambda: compose(worn, LookOptions(width_px=width_px))

    def cached() -> object:
        return compose_garments(
            [unpack(data) for data in kept], [item.category for item in outfit], LookOptions()
        )

    def bare() -> None:
        for name in ITEMS:
            cv2.imdecode(np.frombuffer(photos[name], np.uint8), cv2.IMREAD_COLOR)
        encode(np.zeros((1152, 768, 3), np.uint8), "webp", 90)

    four = [*outfit, *(items[name] for name in MORE)]
    bare_s, look_s, large_s = _cpu_s(bare), _cpu_s(look(768, outfit)), _cpu_s(look(1024, outfit))
    one_s, four_s, cached_s = _cpu_s(look(768, outfit[:1])), _cpu_s(look(768, four)), _cpu_s(cached)
    stages = compose(outfit, LookOptions()).manifest.stage_ms
    return {
        "decode_and_encode_cpu_s": round(bare_s, 4),
        "look_768_cpu_s": round(look_s, 4),
        "look_over_bare": round(look_s / bare_s, 1),
        "cached_over_cold": round(cached_s / look_s, 2),
        "look_1024_over_768": round(large_s / look_s, 2),
        "two_garments_over_one": round(look_s / one_s, 2),
        "four_garments_over_one": round(four_s / one_s, 2),
        "stage_ms": {name: round(value, 1) for name, value in stages.items()},
        **_memory(look(768, outfit)),
    }


def _memory(work: Callable[[], object]) -> dict[str, object]:
    """Resident megabytes after the first looks and after many more: flat when the ratio is near
    1.
    """
    process = psutil.Process()
    for _ in range(WARM_LOOKS):
        work()
    begun = process.memory_info().rss
    for _ in range(LOOKS):
        work()
    ended = process.memory_info().rss
    return {"rss_mb": round(ended / 2**20), "looks": LOOKS, "rss_growth": round(ended / begun, 3)}
