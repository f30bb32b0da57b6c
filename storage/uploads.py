"""Uploads: photos on their way into the object store, and the answers that idempotency keys are
replayed from.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import BinaryIO

import asyncpg

from runtime.settings import ObjectStoreSettings
from schemas.uploads import MAX_UPLOAD_BYTES
from storage.object_store import ObjectStore
from storage.presigned import Presigner
from storage.rows import affected
from storage.submissions import IdempotencyKey

FORM_TTL_S = 600
LISTED_DAYS = 90
"""An upload is in the list for so long; the photo itself stays."""


@dataclass(frozen=True, slots=True)
class Form:
    """A presigned POST: where to, and the fields that must come with the file."""

    url: str
    fields: dict[str, str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A photo in the object store."""

    key: str
    content_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class UploadRow:
    """A photo that came through us."""

    upload_id: str
    object_key: str
    content_type: str
    size_bytes: int
    created_at: datetime


class UploadStore:
    """Photos in S3; the list of them and their idempotency keys in Postgres."""

    def __init__(self, pool: asyncpg.Pool, settings: ObjectStoreSettings) -> None:
        """Connects lazily."""
        self._pool = pool
        self._bucket = settings.bucket
        self._store = ObjectStore(settings)
        self._links = Presigner(settings)

    async def put(self, key: str, file: BinaryIO, content_type: str) -> None:
        """Store a file, read from its beginning as it is sent. Raises StoreError."""
        await asyncio.to_thread(self._store.put_file, key, file, content_type)

    async def read(self, key: str) -> bytes:
        """A photo. Raises StoreError."""
        return await asyncio.to_thread(self._store.get, key, MAX_UPLOAD_BYTES)

    async def delete(self, key: str) -> None:
        """Remove an object. Raises StoreError."""
        await asyncio.to_thread(self._store.delete, key)

    def link(self, key: str) -> str:
        """A short-lived link, which a browser saves and does not show: what a client sent is not
        ours to show.
        """
        return self._links.get(self._bucket, key, attachment=True)

    def form(self, key: str, content_type: str) -> Form:
        """A form for exactly this object and type, of 1 byte to `MAX_UPLOAD_BYTES`, good for
        `FORM_TTL_S`.
        """
        url, fields, expires_at = self._links.post(
            self._bucket, key, content_type, MAX_UPLOAD_BYTES, FORM_TTL_S
        )
        return Form(url, fields, expires_at)

    async def recall(
        self, tenant_id: str, environment: str, idempotency: IdempotencyKey
    ) -> tuple[str, bool] | None:
        """The object key that was stored under an idempotency key, and whether for the same bytes;
        None for none.
        """
        row = await self._pool.fetchrow(
            """SELECT fingerprint, body FROM idempotency_keys
               WHERE tenant_id = $1 AND environment = $2 AND route = $3 AND key = $4""",
            tenant_id,
            environment,
            idempotency.route,
            idempotency.key,
        )
        if row is None:
            return None
        return bytes(row["body"]).decode(), bytes(row["fingerprint"]) == idempotency.fingerprint

    async def remember(
        self,
        tenant_id: str,
        environment: str,
        idempotency: IdempotencyKey,
        upload_id: str,
        object_key: str,
    ) -> bool:
        """Keep what an idempotency key came to; False when another request was first."""
        done = await self._pool.execute(
            """INSERT INTO idempotency_keys (tenant_id, environment, route, key, fingerprint,
            request_id, status_code, body)
               VALUES ($1, $2, $3, $4, $5, $6, 201, $7) ON CONFLICT DO NOTHING""",
            tenant_id,
            environment,
            idempotency.route,
            idempotency.key,
            idempotency.fingerprint,
            upload_id,
            object_key.encode(),
        )
        return affected(done) == 1

    async def note(
        self, tenant_id: str, environment: str, photo: StoredPhoto, thumbnail: bytes
    ) -> None:
        """Put a stored photo on the tenant's list."""
        await self._pool.execute(
            """INSERT INTO uploads (upload_id, tenant_id, environment, object_key, content_type,
            bytes, thumbnail) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING""",
            PurePosixPath(photo.key).stem,
            tenant_id,
            environment,
            photo.key,
            photo.content_type,
            photo.size_bytes,
            thumbnail,
        )

    async def thumbnail(self, tenant_id: str, environment: str, key: str) -> bytes | None:
        """What a photo of the tenant's list looks like, as a small JPEG; None where it is not on
        the list, or older than thumbnails are.
        """
        found: bytes | None = await self._pool.fetchval(
            """SELECT thumbnail FROM uploads
               WHERE tenant_id = $1 AND environment = $2 AND upload_id = $3 AND object_key = $4
                 AND created_at > now() - make_interval(days => $5)""",
            tenant_id,
            environment,
            PurePosixPath(key).stem,
            key,
            LISTED_DAYS,
        )
        return found

    async def listed(
        self, tenant_id: str, environment: str, limit: int, before: str | None = None
    ) -> list[UploadRow]:
        """The tenant's photos, newest first; those before an upload id."""
        rows = await self._pool.fetch(
            """SELECT upload_id, object_key, content_type, bytes, created_at FROM uploads
               WHERE tenant_id = $1 AND environment = $2 AND ($3::text IS NULL OR upload_id < $3)
                 AND created_at > now() - make_interval(days => $5)
               ORDER BY upload_id DESC LIMIT $4""",
            tenant_id,
            environment,
            before,
            limit,
            LISTED_DAYS,
        )
        return [UploadRow(*row.values()) for row in rows]

    async def purge(self, limit: int) -> int:
        """Take at most `limit` that are too old off the list; returns how many. Several may do so
        at once.
        """
        done = await self._pool.execute(
            """DELETE FROM uploads WHERE ctid = ANY(ARRAY(
                 SELECT ctid FROM uploads WHERE created_at < now() - make_interval(days => $1)
                 LIMIT $2 FOR UPDATE SKIP LOCKED))""",
            LISTED_DAYS,
            limit,
        )
        return affected(done)
