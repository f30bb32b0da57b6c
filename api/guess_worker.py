"""`python -m api.guess_worker BYTES SECONDS`: guesses what photos show, as a look with `auto` does.

It is asked as `api.photo_worker` is; its lines are `{"category": ..., "confidence": ...}` or
`{"code": ..., "message": ...}`. It gives way to whoever answers requests.
"""

import os
from typing import Final

import cv2

from api.photo_worker import answer_with
from compositing import GarmentError
from compositing.guess import guess

NICER: Final = 5
"""What answers requests comes before."""


def guessed(data: bytes) -> dict[str, str | float]:
    """What a photo shows, or why that can't be said."""
    try:
        found = guess(data)
    except GarmentError as error:
        return {"code": error.code, "message": str(error)}
    except MemoryError:
        return {"code": "image_too_large", "message": "The photo needs too much memory to decode."}
    return {"category": found.category.value, "confidence": found.confidence}


if __name__ == "__main__":
    os.nice(NICER)
    cv2.setNumThreads(1)
    answer_with(guessed)
