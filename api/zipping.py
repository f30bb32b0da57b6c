"""A zip of pictures as it is sent: one picture in memory at a time. Pictures are packed already, so
they are stored as they are.
"""

import re
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

_UNSAFE = re.compile(r"[^\w.-]+")
_A_PHOTOS = re.compile(r"\.(?:jpe?g|png|webp|avif|hei[cf])$", re.IGNORECASE)
"""A reference is often the name that a camera gave the photo."""
MAX_NAME_CHARS = 80
EARLIEST_YEAR = 1980
"""What a zip can say of times begins here."""


class Pieces:
    """A file that is only written: `taken` gives what was written since the last time."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._written: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        """Keep it until it is taken."""
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """What was written stays to be taken."""

    def taken(self) -> bytes:
        """What was written since."""
        data = b"".join(self._written)
        self._written.clear()
        return data


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """One file to come: its name, its time, and what its bytes are asked for by."""

    name: str
    at: datetime
    key: str


def unique_names(wanted: Sequence[tuple[str, str]]) -> list[str]:
    """File names of these stems and extensions, safe on every system, and each another one: what
    would be the same, also in capitals, is numbered. A stem loses the extension of a photo.
    """
    taken: set[str] = set()
    names = []
    for stem, extension in wanted:
        safe = _UNSAFE.sub("-", _A_PHOTOS.sub("", stem)).strip(".-")[:MAX_NAME_CHARS] or "look"
        name, number = f"{safe}.{extension}", 2
        while name.lower() in taken:
            name, number = f"{safe}-{number}.{extension}", number + 1
        taken.add(name.lower())
        names.append(name)
    return names


async def zipped(files: AsyncIterator[tuple[ZipEntry, bytes]]) -> AsyncIterator[bytes]:
    """The zip of these files, piece by piece."""
    pieces = Pieces()
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_STORED) as archive:
        async for entry, data in files:
            at = max(entry.at.year, EARLIEST_YEAR), *entry.at.timetuple()[1:6]
            archive.writestr(zipfile.ZipInfo(entry.name, at), data)
            yield pieces.taken()
    yield pieces.taken()
