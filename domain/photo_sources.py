"""What a `trial_image` may be: an object key, an https URL that we fetch, or a data URL that holds
the photo. Told apart by its beginning, which no object key may have.
"""

import binascii
import re
from base64 import b64decode
from enum import StrEnum
from typing import Final

from domain.webhook_targets import Target, is_public, target_of

MAX_URL_CHARS: Final = 1024
"""As long as the first release of `look.requested` lets a `trial_image` be."""
FETCHED: Final = "fetched"
"""Photos that were fetched lie below this segment; no tenant may name them."""

_DATA: Final = re.compile(
    r"data:image/[A-Za-z0-9.+-]{1,40}(?:;[A-Za-z0-9=._-]{1,80}){0,4};base64,", re.IGNORECASE
)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{0,30}://", re.IGNORECASE)
"""Of any URL, so that one of another scheme is refused as a URL."""
_HEAD_CHARS: Final = 400
_NUMERIC_HOST: Final = re.compile(r"[0-9.]+|.*:.*")


class PhotoSource(StrEnum):
    """Where a photo comes from."""

    OBJECT = "object"
    URL = "url"
    DATA = "data"


def source_of(trial_image: str) -> PhotoSource:
    """Which of the three it is meant to be, well-formed or not."""
    if _SCHEME.match(trial_image):
        return PhotoSource.URL
    return PhotoSource.DATA if trial_image[:5].lower() == "data:" else PhotoSource.OBJECT


def url_problem(url: str, *, insecure: bool = False) -> str | None:
    """Why a URL is never fetched, as far as can be told without looking up its host; None when it
    may be. `insecure`: also http, any port and private addresses, for development.
    """
    if len(url) > MAX_URL_CHARS:
        return f"is longer than {MAX_URL_CHARS} characters"
    target = target_of(url, insecure=insecure)
    if not isinstance(target, Target):
        return target
    if not insecure and _NUMERIC_HOST.fullmatch(target.host) and not is_public(target.host):
        return "has an address that is not public"
    return None


def photo_in(url: str) -> bytes | str:
    """The photo that a data URL holds, or what is wrong with it."""
    head = _DATA.match(url, 0, _HEAD_CHARS)
    if head is None:
        return "must be `data:image/...;base64,` and the photo in base64"
    try:
        return b64decode(url[head.end() :], validate=True)
    except (binascii.Error, ValueError):
        return "holds no valid base64"
