"""Photos that a request names by URL: fetched before a worker is asked, and kept in the store.

A slow host holds up nobody: no worker waits for it, and one tenant has a few of the places alone.
The kept object is named by its bytes' digest, so a photo is stored once, and the bytes that a
picture was made from can be found by its event.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from compositing.errors import GarmentError
from compositing.header import EXTENSIONS, HeaderReader
from consumers.compositor.results import NotRendered, Rendered
from domain.photo_sources import FETCHED, PhotoSource, source_of
from runtime import logs, metrics
from runtime.egress import Egress, FetchFailed
from runtime.settings import PhotoSettings
from schemas.events import LookRequested, StoredImage
from schemas.failures import FailureCode, FailureReason
from schemas.http import TrialItemInput
from schemas.uploads import MAX_UPLOAD_BYTES
from storage.object_store import ObjectStore, StoreError

log = logs.get(__name__)

FetchedPhotos = Mapping[int, StoredImage]
"""By index of the item."""


class PhotoFetcher:
    """Of one process."""

    def __init__(self, egress: Egress, store: ObjectStore, settings: PhotoSettings) -> None:
        """`store`: where fetched photos are kept."""
        self._egress = egress
        self._store = store
        self._settings = settings
        self._places = asyncio.Semaphore(settings.fetches)
        self._tenants: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(settings.fetches_per_tenant)
        )

    async def fetched(self, request: LookRequested) -> FetchedPhotos | NotRendered:
        """The photos of a request that are named by URL, each URL once; of those that fail, why the
        first does.
        """
        urls = [
            (index, item.trial_image)
            for index, item in enumerate(request.items)
            if source_of(item.trial_image) is PhotoSource.URL
        ]
        if not urls:
            return {}
        first = {url: index for index, url in reversed(urls)}
        made = await asyncio.gather(
            *(self._one(request, index, url) for url, index in sorted(first.items()))
        )
        known = dict(zip(sorted(first), made, strict=True))
        photos: dict[int, StoredImage] = {}
        for index, url in urls:
            one = known[url]
            if isinstance(one, NotRendered):
                return one
            photos[index] = one
        return photos

    async def _one(self, request: LookRequested, index: int, url: str) -> StoredImage | NotRendered:
        if not self._settings.from_urls:
            return _failed(index, "photos are not fetched here: upload them")
        try:
            async with self._tenants[request.tenant_id], self._places:
                data = await self._egress.get(
                    url, MAX_UPLOAD_BYTES, time_limit_s=self._settings.fetch_timeout_s
                )
                made = await asyncio.to_thread(self._kept, request.tenant_id, data)
        except FetchFailed as error:
            metrics.PHOTO_FETCHES.labels("later" if error.can_heal else "failed").inc()
            code = FailureCode.IMAGE_TOO_LARGE if error.too_large else None
            return _failed(index, str(error), code, can_heal=error.can_heal)
        except GarmentError as error:
            metrics.PHOTO_FETCHES.labels("failed").inc()
            return _failed(index, str(error), FailureCode(error.code))
        except StoreError as error:
            log.warning("a photo could not be kept", error=f"{type(error).__name__}: {error}")
            reason = FailureReason(
                code=FailureCode.INTERNAL, message="The object store is out of reach."
            )
            return NotRendered(reason, can_heal=True)
        metrics.PHOTO_FETCHES.labels("fetched").inc()
        return made

    def _kept(self, tenant_id: str, data: bytes) -> StoredImage:
        """Blocks. Raises GarmentError for what is no picture that can be used, and StoreError."""
        header = HeaderReader()
        header.feed(data)
        content_type, width_px, height_px = header.end()
        digest = hashlib.sha256(data).hexdigest()
        name = f"{FETCHED}/{tenant_id}/{digest}.{EXTENSIONS[content_type]}"
        key = self._store.names.key(name)
        self._store.put(key, data, content_type)
        return StoredImage(
            bucket=self._store.bucket,
            key=key,
            content_type=content_type,
            width=width_px,
            height=height_px,
            bytes=len(data),
            sha256=digest,
        )


def with_keys(request: LookRequested, photos: FetchedPhotos) -> LookRequested:
    """The request as a worker takes it: all photos by object key."""
    items = tuple(
        TrialItemInput(trial_image=photos[index].key, trial_item_category=item.trial_item_category)
        if index in photos
        else item
        for index, item in enumerate(request.items)
    )
    return request.model_copy(update={"items": items})


def as_asked(
    result: Rendered | NotRendered, request: LookRequested, photos: FetchedPhotos
) -> Rendered | NotRendered:
    """What came of it, in the words of the request: each garment by its URL, beside the photo."""
    if isinstance(result, NotRendered):
        return result
    items = tuple(
        item.model_copy(
            update={"trial_image": asked.trial_image, "photo": photos.get(index)},
        )
        for index, (item, asked) in enumerate(zip(result.items, request.items, strict=True))
    )
    return replace(result, items=items)


def _failed(
    index: int, why: str, code: FailureCode | None = None, *, can_heal: bool = False
) -> NotRendered:
    """About one item; `why` is a clause about its URL, unless a code says more."""
    message = why if code is not None and code is not FailureCode.IMAGE_TOO_LARGE else ""
    reason = FailureReason(
        code=code or FailureCode.IMAGE_FETCH_FAILED,
        message=(message or f"The photo could not be fetched: {why}.")[:1000],
        item_index=index,
    )
    return NotRendered(reason, can_heal=can_heal)
