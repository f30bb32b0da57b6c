"""Where a stack keeps what it needs: one folder, so that several stacks can live side by side."""

import json
import os
import random
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PORT_NAMES = (
    "kafka",
    "kafka_controller",
    "kafka_internal",
    "postgres",
    "s3",
    "s3_grpc",
    "s3_master",
    "s3_master_grpc",
    "s3_volume",
    "s3_volume_grpc",
    "s3_filer",
    "s3_filer_grpc",
    "lake_catalog",
    "api",
)

HEALTH = "health_"
"""Begins the names of processes' health ports."""


@dataclass(frozen=True, slots=True)
class StackFolder:
    """The paths of one stack."""

    root: Path

    @property
    def run(self) -> Path:
        """Process ids, one file a process, and the supervisor's state."""
        return self.root / "run"

    @property
    def log(self) -> Path:
        """Logs, one file a process."""
        return self.root / "log"

    @property
    def data(self) -> Path:
        """What must survive `down`."""
        return self.root / "data"

    @property
    def env(self) -> Path:
        """The stack's addresses and keys, as shell assignments."""
        return self.root / "env"

    @property
    def status(self) -> Path:
        """What the supervisor is doing, as JSON."""
        return self.run / "status.json"

    @property
    def left_out(self) -> set[str]:
        """The parts that are to be stopped while the others run."""
        return {mark.stem for mark in self.run.glob("*.out")}

    def leave_out(self, name: str) -> None:
        """Note that a part is to be stopped; the supervisor does it when it is told to look."""
        (self.run / f"{name}.out").touch()

    def bring_back(self, name: str) -> None:
        """Note that a part is to run."""
        (self.run / f"{name}.out").unlink(missing_ok=True)

    @property
    def secrets(self) -> Path:
        """Credentials that only exist here."""
        return self.data / "secrets.json"

    @property
    def secured(self) -> Path:
        """Certificates and passwords; a stack that has this folder is secured
        (`devstack.secured`).
        """
        return self.data / "secured"

    def create(self) -> None:
        """Make the folders. Raises OSError when the place is not writable."""
        for path in (self.run, self.log, self.data):
            path.mkdir(parents=True, exist_ok=True)


def default_folder() -> StackFolder:
    """`.dev` of the checkout, or what LOOKS_DEV_DIR names."""
    return StackFolder(Path(os.environ.get("LOOKS_DEV_DIR") or CHECKOUT / ".dev").resolve())


def cache_folder(stack: StackFolder) -> Path:
    """Where downloads are kept: the user's cache when it can be written to, else the stack's
    own.
    """
    fallback = stack.root / "cache"
    home = os.environ.get("HOME", "")
    base = os.environ.get("XDG_CACHE_HOME") or (
        f"{home}/.cache" if home.startswith("/") and home != "/" else ""
    )
    for folder in (Path(base) / "looks" if base else fallback, fallback):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / ".writable").touch()
        except OSError:
            continue
        return folder
    raise PermissionError(
        f"neither {base or 'a cache folder of the user'} nor {fallback} can be written to"
    )


def is_free(port: int) -> bool:
    """Whether nobody listens on a loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


PORT_RANGE = range(15_000, 32_000)
"""Below the ports that the kernel gives to outgoing connections: while a part is down, one of those
could take its port, or connect to itself.
"""


def free_ports(count: int) -> list[int]:
    """So many different loopback ports on which nobody listens now. Raises RuntimeError when there
    are not enough.
    """
    ports: list[int] = []
    for port in random.sample(PORT_RANGE, len(PORT_RANGE)):
        if len(ports) == count:
            return ports
        if is_free(port):
            ports.append(port)
    raise RuntimeError(f"there are not {count} free ports")


def choose_ports(
    folder: StackFolder, health_of: tuple[str, ...]
) -> tuple[dict[str, int], list[str]]:
    """The stack's ports, the same as last time unless one is taken; also the names of those that
    had to change.
    """
    names = [*PORT_NAMES, *(f"{HEALTH}{name}" for name in health_of)]
    file = folder.data / "ports.json"
    known: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    missing = [name for name in names if name not in known or not is_free(known[name])]
    changed = [name for name in missing if name in known]
    known.update(zip(missing, free_ports(len(missing)), strict=True))
    file.write_text(json.dumps(known, indent=1))
    return {name: known[name] for name in names}, changed


def health_places(ports: Mapping[str, int]) -> list[str]:
    """NAME=HOST:PORT of each process's health port."""
    return [
        f"{name.removeprefix(HEALTH)}=127.0.0.1:{port}"
        for name, port in ports.items()
        if name.startswith(HEALTH)
    ]
