"""Photos that a look's body holds as data URLs: looked at as uploads are, and stored once, named by
their bytes, before the look is accepted.
"""

import asyncio
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import State

from api.errors import ApiError, invalid, unavailable
from api.ports import Ports
from compositing import GarmentError
from compositing.header import EXTENSIONS, HeaderReader
from domain.photo_sources import PhotoSource, photo_in, source_of
from runtime import logs
from runtime.metrics import UPLOADS
from schemas.errors import ErrorCode
from schemas.http import LookRequest, TrialItemInput
from storage.accounts import Credential
from storage.object_store import StoreError

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class InlinePhoto:
    """A photo of one item."""

    data: bytes
    content_type: str

    @property
    def name(self) -> str:
        """Below the tenant's uploads: the same for the same bytes."""
        digest = hashlib.sha256(self.data).hexdigest()
        return f"sha256-{digest}.{EXTENSIONS[self.content_type]}"


async def photos_sent(look: LookRequest) -> Mapping[int, InlinePhoto]:
    """The photos in a look's body, by index of the item. Raises ApiError 422."""
    if not any(source_of(item.trial_image) is PhotoSource.DATA for item in look.items):
        return {}
    return await asyncio.to_thread(_read, look)


def _read(look: LookRequest) -> dict[int, InlinePhoto]:
    return {
        index: _photo(index, item.trial_image)
        for index, item in enumerate(look.items)
        if source_of(item.trial_image) is PhotoSource.DATA
    }


def _photo(index: int, url: str) -> InlinePhoto:
    place = ("body", "items", index, "trial_image")
    data = photo_in(url)
    if isinstance(data, str):
        raise invalid(place, f"the data URL {data}")
    header = HeaderReader()
    try:
        header.feed(data)
        content_type, _, _ = header.end()
    except GarmentError as error:
        raise invalid(place, str(error), error.code) from None
    return InlinePhoto(data, content_type)


async def stored(look: LookRequest, who: Credential, state: State) -> tuple[TrialItemInput, ...]:
    """A look's items, each by its object key. Raises ApiError 403, 422 or 503; then at most photos
    were stored that no look names.
    """
    photos = await photos_sent(look)
    if not photos:
        return tuple(look.items)
    ports: Ports = state.ports
    places: asyncio.Semaphore = state.upload_places
    if not who.key_prefixes:
        raise ApiError(
            ErrorCode.CAPABILITY_MISSING, "This tenant has no prefix that objects may lie below."
        )
    if places.locked():
        raise unavailable("Too many uploads at once.")
    keys = {index: f"{who.key_prefixes[0]}uploads/{one.name}" for index, one in photos.items()}
    async with places:
        for key, photo in {keys[index]: one for index, one in photos.items()}.items():
            await _put(ports, key, photo)
    return tuple(
        TrialItemInput(trial_image=keys[index], trial_item_category=item.trial_item_category)
        if index in keys
        else item
        for index, item in enumerate(look.items)
    )


async def _put(ports: Ports, key: str, photo: InlinePhoto) -> None:
    try:
        await ports.uploads.put(key, io.BytesIO(photo.data), photo.content_type)
    except StoreError as error:
        UPLOADS.labels("failed").inc()
        log.warning("a photo could not be stored", error=f"{type(error).__name__}: {error}")
        raise unavailable("The object store is out of reach.") from error
    UPLOADS.labels("stored").inc()
