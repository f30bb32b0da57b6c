"""The engine's door: whatever goes wrong on given bytes comes out as a GarmentError that names the photo and the fault.

The same bytes would fail again, so such a fault is the photo's, not a moment's (promise 10). What comes out here is still a
gap in the engine: the fault's name, made of the kind of the exception and its place in our code, is for finding it.
Want of memory is passed on as MemoryError: it may be another look's doing (`domain.blame`).
"""

import errno
import hashlib
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2

from compositing import engine
from compositing.cut.cutout import Cutout
from compositing.errors import CompositingError, GarmentError
from compositing.manifest import GarmentInput, Look
from compositing.options import LookOptions

_ROOT = Path(__file__).parent
_CV2_OUT_OF_MEMORY = -4


def compose(items: Sequence[GarmentInput], options: LookOptions) -> Look:
    """Dress a mannequin. Raises CompositingError or MemoryError; `items` must not be empty."""
    with guarded(_only(items)):
        return engine.compose(items, options)


def cut_out(item: GarmentInput) -> Cutout:
    """The garment of one photo. Raises GarmentError or MemoryError."""
    with guarded(0):
        return engine.cut_out(item)


def compose_cutouts(cutouts: Sequence[Cutout], categories: Sequence[str], options: LookOptions) -> Look:
    """Dress a mannequin in garments that are cut out already. Raises CompositingError or MemoryError."""
    with guarded(_only(cutouts)):
        return engine.compose_cutouts(cutouts, categories, options)


@contextmanager
def guarded(item_index: int | None) -> Iterator[None]:
    """Turn what nobody expected into a GarmentError about this item; None: about the items together."""
    try:
        yield
    except (CompositingError, MemoryError):
        raise
    except Exception as error:
        if _is_want_of_memory(error):
            raise MemoryError(str(error)) from error
        fault = fingerprint(error)
        which = "These photos can't be processed together" if item_index is None else "This photo can't be processed"
        message = f"{which}: the fault is on our side, in handling exactly these bytes. Use another photo; quote fault {fault}."
        raise GarmentError("photo_not_processed", message, item_index, fault=fault) from error


def fingerprint(error: BaseException) -> str:
    """Eight digits that are the same for the same kind of exception from the same function of ours."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_ROOT) and frame.filename != __file__]
    place = (ours or frames)[-1:]
    words = [type(error).__qualname__, *(f"{Path(frame.filename).name}:{frame.name}" for frame in place)]
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:8]


def _only(items: Sequence[object]) -> int | None:
    if not items:
        raise ValueError("a look needs at least one item")
    return 0 if len(items) == 1 else None


def _is_want_of_memory(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, cv2.error) and getattr(error, "code", 0) == _CV2_OUT_OF_MEMORY
