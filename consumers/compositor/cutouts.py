"""Garments kept in S3: one of a tenant that is met again is neither cut out nor fitted again.

Keyed by tenant, content, category and engine version; lossless, so a look is the same with and
without. Safe to lose: whatever is missing, unreadable or out of reach is cut out anew. Bounded by
the bucket's lifecycle rule for
`cutouts/` (docs/operations.md).
"""

import hashlib
from dataclasses import dataclass

from compositing import ENGINE_VERSION, Garment, GarmentInput, pack, prepare, unpack
from compositing.engine import kind_of
from compositing.options import WORKING_SIDE_PX
from runtime import logs
from schemas.events import StoredImage
from storage.object_store import ObjectMissing, ObjectStore, StoreError

log = logs.get(__name__)

MAX_CUTOUT_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class KeptGarment:
    """A garment, and where it is kept; None where it is not."""

    garment: Garment
    image: StoredImage | None


class CutoutCache:
    """Of one worker process. With `store` None nothing is kept."""

    def __init__(self, store: ObjectStore | None) -> None:
        """`store`: where to keep cut-outs."""
        self._store = store

    def get(
        self, tenant_id: str, garment: GarmentInput, side_px: int = WORKING_SIDE_PX
    ) -> KeptGarment:
        """The garment of a photo. Blocks. Raises GarmentError."""
        if self._store is None:
            return KeptGarment(prepare(garment, side_px), None)
        digest = hashlib.sha256(garment.data).hexdigest()
        name = f"{digest}-{kind_of(garment.category)}-{side_px}.png"
        key = self._store.names.key(f"cutouts/{tenant_id}/{ENGINE_VERSION}/{name}")
        known = self._read(self._store, key)
        if known is not None:
            return known
        made = prepare(garment, side_px)
        data = pack(made)
        try:
            self._store.put(key, data, "image/png")
        except StoreError as error:
            log.warning("a cut-out could not be kept", key=key, error=str(error))
            return KeptGarment(made, None)
        return KeptGarment(made, self._image(self._store, key, data, made))

    def _read(self, store: ObjectStore, key: str) -> KeptGarment | None:
        try:
            data = store.get(key, MAX_CUTOUT_BYTES)
            made = unpack(data)
        except ObjectMissing:
            return None
        except (StoreError, ValueError) as error:
            log.warning("a kept cut-out can't be used", key=key, error=str(error))
            return None
        return KeptGarment(made, self._image(store, key, data, made))

    @staticmethod
    def _image(store: ObjectStore, key: str, data: bytes, garment: Garment) -> StoredImage:
        height, width = garment.cutout.alpha.shape
        return StoredImage(
            bucket=store.bucket,
            key=key,
            content_type="image/png",
            width=width,
            height=height,
            bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )
