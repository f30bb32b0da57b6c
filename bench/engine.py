"""The engine against decoding and encoding alone: CPU seconds of one process, tee and jeans."""

import time
from collections.abc import Callable

import cv2
import numpy as np

from compositing import GarmentInput, LookOptions, compose
from devstack.wardrobe import WARDROBE, draw

ROUNDS = 5
ITEMS = ("tee", "jeans")


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
    """CPU seconds and ratios."""
    photos = {name: draw(name) for name in ITEMS}
    items = [GarmentInput(photos[name], WARDROBE[name]) for name in ITEMS]

    def look(width_px: int, count: int = 2) -> Callable[[], object]:
        return lambda: compose(items[:count], LookOptions(width_px=width_px, format="jpeg"))

    def bare() -> None:
        for data in photos.values():
            cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        cv2.imencode(".jpg", np.zeros((1152, 768, 3), np.uint8))

    bare_s, look_s, large_s, one_s = _cpu_s(bare), _cpu_s(look(768)), _cpu_s(look(1024)), _cpu_s(look(768, 1))
    stages = compose(items, LookOptions(format="jpeg")).manifest.stage_ms
    return {
        "decode_and_encode_cpu_s": round(bare_s, 4),
        "look_768_cpu_s": round(look_s, 4),
        "look_over_bare": round(look_s / bare_s, 1),
        "look_1024_over_768": round(large_s / look_s, 2),
        "two_garments_over_one": round(look_s / one_s, 2),
        "stage_ms": {name: round(value, 1) for name, value in stages.items()},
    }
