"""In-memory ports of uploads."""

import asyncio
import hashlib
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import BinaryIO

from api.guesses import GuessMaker
from api.photos import PhotoChecker
from compositing import GarmentError
from storage.submissions import IdempotencyKey
from storage.uploads import Form, StoredPhoto, UploadRow, UploadStore

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class FakeUploads(UploadStore):
    """Objects by key; reads files in pieces, as a client of S3 does; can be told to fail."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[str, int, bytes]] = {}
        self.failure: Exception | None = None
        self.answers: dict[tuple[str, ...], tuple[bytes, str]] = {}
        self.rows: list[tuple[str, str, UploadRow]] = []
        self.thumbnails: dict[tuple[str, str, str], bytes] = {}

    async def note(
        self, tenant_id: str, environment: str, photo: StoredPhoto, thumbnail: bytes
    ) -> None:
        name = PurePosixPath(photo.key).stem
        row = UploadRow(name, photo.key, photo.content_type, photo.size_bytes, NOW)
        self.rows.append((tenant_id, environment, row))
        self.thumbnails[tenant_id, environment, photo.key] = thumbnail

    async def thumbnail(self, tenant_id: str, environment: str, key: str) -> bytes | None:
        return self.thumbnails.get((tenant_id, environment, key))

    async def listed(
        self, tenant_id: str, environment: str, limit: int, before: str | None = None
    ) -> list[UploadRow]:
        mine = [row for *whose, row in self.rows if whose == [tenant_id, environment]]
        found = [row for row in mine if before is None or row.upload_id < before]
        return sorted(found, key=lambda row: row.upload_id, reverse=True)[:limit]

    async def put(self, key: str, file: BinaryIO, content_type: str) -> None:
        if self.failure is not None:
            raise self.failure
        file.seek(0)
        digest, size_bytes = hashlib.sha256(), 0
        while piece := file.read(65_536):
            digest.update(piece)
            size_bytes += len(piece)
        self.objects[key] = (content_type, size_bytes, digest.digest())

    async def delete(self, key: str) -> None:
        del self.objects[key]

    def link(self, key: str) -> str:
        return "https://objects.test/looks/signed-upload"

    def form(self, key: str, content_type: str) -> Form:
        return Form(
            "https://objects.test/looks",
            {"key": key, "Content-Type": content_type},
            datetime.now(UTC),
        )

    async def recall(
        self, tenant_id: str, environment: str, idempotency: IdempotencyKey
    ) -> tuple[str, bool] | None:
        found = self.answers.get((tenant_id, environment, idempotency.route, idempotency.key))
        return (found[1], found[0] == idempotency.fingerprint) if found else None

    async def remember(
        self,
        tenant_id: str,
        environment: str,
        idempotency: IdempotencyKey,
        upload_id: str,
        object_key: str,
    ) -> bool:
        mine = (idempotency.fingerprint, object_key)
        return (
            self.answers.setdefault(
                (tenant_id, environment, idempotency.route, idempotency.key), mine
            )
            == mine
        )


class FakePhotos(PhotoChecker):
    """Every photo can be decoded, but the one that is told."""

    def __init__(self) -> None:
        self.damaged: GarmentError | None = None

    async def thumbnail(self, file: BinaryIO, size_bytes: int) -> bytes:
        if self.damaged is not None:
            raise self.damaged
        return b"a small JPEG"


class FakeGuesses(GuessMaker):
    """Says what it is told to."""

    def __init__(self) -> None:
        self.here = True
        self.places = asyncio.Semaphore(2)
        self.found: tuple[str, float] | Exception = ("top", 0.91)
        self.asked: list[str] = []

    async def guess(self, key: str) -> tuple[str, float]:
        self.asked.append(key)
        if isinstance(self.found, Exception):
            raise self.found
        return self.found
