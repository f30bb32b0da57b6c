"""Small file systems in memory that can be made full. They need root and the right to mount: see
`available`.
"""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

SIZE_BYTES = 3 * 1024**3


def _mount(*options: str) -> bool:
    return subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0


def available(folder: Path) -> bool:
    """Whether a file system can be mounted below this folder."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    probe = folder / "disk-probe"
    probe.mkdir(parents=True, exist_ok=True)
    try:
        if not _mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", str(probe)):
            return False
        subprocess.run(["umount", str(probe)], capture_output=True, check=False)
        return True
    finally:
        probe.rmdir()


class Disk:
    """One file system of its own for a folder."""

    def __init__(self, path: Path) -> None:
        """Not mounted."""
        self._path = path

    def mount(self) -> None:
        """Mount it, empty. Raises OSError when that is refused."""
        self._path.mkdir(parents=True, exist_ok=True)
        if not _mount(
            "-t", "tmpfs", "-o", f"size={SIZE_BYTES},mode=0700", "tmpfs", str(self._path)
        ):
            raise OSError(f"{self._path} can't be mounted")

    def unmount(self) -> None:
        """Forget it with all that it holds."""
        subprocess.run(["umount", "-l", str(self._path)], capture_output=True, check=False)

    @asynccontextmanager
    async def full(self) -> AsyncIterator[None]:
        """No byte more can be written as long as the block lasts: the file system shrinks to what
        is in it.
        """
        used = shutil.disk_usage(self._path).used
        _mount("-o", f"remount,size={used}", str(self._path))
        try:
            yield
        finally:
            _mount("-o", f"remount,size={SIZE_BYTES}", str(self._path))
