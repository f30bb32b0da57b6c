"""`python -m api.photo_worker BYTES`: decodes photos as the compositor's workers do, within as much
memory, and says what is wrong with each.

On standard input, again and again: a photo's length (8 bytes, big end first) and its bytes. On
standard output a line each: `null`, or `{"code": ..., "message": ...}`.
"""

import sys

import orjson

from api.photos import LENGTH_BYTES
from compositing import GarmentError
from compositing.reading import read
from runtime.machine import bound_memory

SIDE_PX = 1024
"""Decoding for a smaller picture is as strict and quicker."""


def problem_with(data: bytes) -> dict[str, str] | None:
    """What is wrong with a photo; None: it can be decoded."""
    try:
        read(data, SIDE_PX)
    except GarmentError as error:
        return {"code": error.code, "message": str(error)}
    except MemoryError:
        return {"code": "image_too_large", "message": "The photo needs too much memory to decode."}
    return None


def main() -> None:
    """Answer until there is no more to read."""
    bound_memory(int(sys.argv[1]))
    while len(head := sys.stdin.buffer.read(LENGTH_BYTES)) == LENGTH_BYTES:
        answer = problem_with(sys.stdin.buffer.read(int.from_bytes(head, "big")))
        sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
