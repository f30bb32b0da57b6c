"""`python -m api.photo_worker BYTES SECONDS`: decodes photos as the compositor's workers do, within
as much memory, and says what is wrong with each. One that takes more CPU time ends the worker by
SIGPROF: its own time, so that no photo is blamed for a busy machine.

On standard input, again and again: a photo's length (8 bytes, big end first) and its bytes. On
standard output a line each: `{"thumbnail": a small JPEG in base64}`, or
`{"code": ..., "message": ...}`.
"""

import io
import signal
import sys
from base64 import b64encode
from collections.abc import Callable

import orjson
from PIL import Image

from api.photos import LENGTH_BYTES
from compositing import GarmentError
from compositing.reading import OpenedPhoto, read
from runtime.machine import bound_memory

SIDE_PX = 1024
"""Decoding for a smaller picture is as strict and quicker."""
THUMBNAIL_PX = (160, 213)
THUMBNAIL_QUALITY = 75
PAPER = (255, 255, 255)
"""What a transparent photo lies on."""


def looked_at(data: bytes) -> dict[str, str]:
    """What is wrong with a photo, or what it looks like."""
    try:
        return {"thumbnail": b64encode(thumbnail(read(data, SIDE_PX))).decode()}
    except GarmentError as error:
        return {"code": error.code, "message": str(error)}
    except MemoryError:
        return {"code": "image_too_large", "message": "The photo needs too much memory to decode."}


def thumbnail(photo: OpenedPhoto) -> bytes:
    """A JPEG of `THUMBNAIL_PX` at most."""
    picture = photo.colours
    if photo.alpha is not None:
        picture = Image.new("RGB", picture.size, PAPER)
        picture.paste(photo.colours, mask=photo.alpha)
    picture.thumbnail(THUMBNAIL_PX)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=THUMBNAIL_QUALITY)
    return out.getvalue()


def answer_with(looked: Callable[[bytes], object]) -> None:
    """Answer until there is no more to read."""
    bound_memory(int(sys.argv[1]))
    limit_s = float(sys.argv[2])
    while len(head := sys.stdin.buffer.read(LENGTH_BYTES)) == LENGTH_BYTES:
        data = sys.stdin.buffer.read(int.from_bytes(head, "big"))
        signal.setitimer(signal.ITIMER_PROF, limit_s)
        answer = looked(data)
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    answer_with(looked_at)
