"""Finished pictures, read from the object store for who may have them."""

import asyncio

from runtime.settings import ObjectStoreSettings
from storage.object_store import ObjectStore

MAX_PICTURE_BYTES = 64 * 1024 * 1024
"""Of an uncompressed picture of the largest size there is room for more than twice."""


class PictureStore:
    """Objects that the compositor wrote."""

    def __init__(self, settings: ObjectStoreSettings) -> None:
        """Connects lazily."""
        self._store = ObjectStore(settings)

    async def read(self, key: str) -> bytes:
        """A picture whole. Raises StoreError."""
        return await asyncio.to_thread(self._store.get, key, MAX_PICTURE_BYTES)
