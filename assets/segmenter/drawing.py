"""Draws layers and backdrops in processes of their own, one by its seed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import TimeoutError as NothingYet
from multiprocessing import get_context
from multiprocessing.pool import IMapIterator

import cv2
import numpy as np

from assets.segmenter.layers import Bytes, Layers, backdrop, painted

SIDE_PX = 320
BACKDROP_EVERY = 14


def drawn(seed: int) -> tuple[bool, Bytes]:
    """Whether it is a backdrop, and it: (3, side, side), of a layer (6, side, side)."""
    if seed % BACKDROP_EVERY == 0:
        return True, np.ascontiguousarray(backdrop(seed, SIDE_PX).transpose(2, 0, 1))
    return False, planes_of(painted(seed, SIDE_PX).layers())


def planes_of(layers: Layers) -> Bytes:
    return np.stack((*layers.rgb.transpose(2, 0, 1), layers.alpha, layers.worn, layers.inside))


class Drawers:
    """What is drawn, in the order in which it comes."""

    def __init__(self, coming: "IMapIterator[tuple[bool, Bytes]]") -> None:
        self._coming = coming

    def next(self, timeout_s: float | None) -> tuple[bool, Bytes] | None:
        """None where nothing comes in time."""
        try:
            return self._coming.next(timeout_s)
        except NothingYet:
            return None


@contextmanager
def drawers(
    workers: int, first_seed: int, draw: Callable[[int], tuple[bool, Bytes]] = drawn
) -> Iterator[Drawers]:
    """They stop when the block ends."""
    with get_context("spawn").Pool(workers, cv2.setNumThreads, (1,)) as pool:
        yield Drawers(pool.imap_unordered(draw, range(first_seed, first_seed + 10**7)))
        pool.terminate()
