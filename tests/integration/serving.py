"""The API as it is served, on a real socket in a thread, over fakes; and a client that speaks
bytes.
"""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from api.app import create_app
from api.server import server_config
from tests.unit.api.conftest import grant_key
from tests.unit.api.fakes import FakeAcceptance, FakeAccounts, make_ports

PATIENCE_S = 30.0


@dataclass
class Served:
    """A running API."""

    port: int
    key: str
    accounts: FakeAccounts
    acceptance: FakeAcceptance

    def connect(self) -> socket.socket:
        """A new connection."""
        made = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def head(self, *lines: str, method: str = "POST", path: str = "/v1/look") -> bytes:
        """The head of a request with a good key."""
        fixed = (f"{method} {path} HTTP/1.1", "Host: api.test", f"Authorization: Bearer {self.key}")
        return "\r\n".join((*fixed, *lines, "", "")).encode()

    def ask(self, *pieces: bytes) -> tuple[int, dict[str, str], Any]:
        """Send these bytes on one connection: status, headers and body of the first answer."""
        with self.connect() as connection:
            send(connection, pieces)
            return answer(connection)


@contextmanager
def serving(**api: object) -> Iterator[Served]:
    """Serve until the block ends. `api`: fields of ApiSettings."""
    ports, accounts, acceptance, _ = make_ports(port=0, **api)
    key = grant_key(accounts, "abc")
    config = server_config(create_app(ports), ports.api)
    listener = config.bind_socket()
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server._serve([listener])))
    thread.start()
    try:
        give_up_s = time.monotonic() + PATIENCE_S
        while not server.started and time.monotonic() < give_up_s:
            time.sleep(0.01)
        yield Served(listener.getsockname()[1], key, accounts, acceptance)
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
        listener.close()


def send(connection: socket.socket, pieces: Iterable[bytes]) -> None:
    """Send as long as the server takes it."""
    try:
        for piece in pieces:
            connection.sendall(piece)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it has answered and closed: the answer is what is looked at


def answer(connection: socket.socket) -> tuple[int, dict[str, str], Any]:
    """The next answer on a connection: status, headers by lower-case name, JSON body."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65_536)
        assert piece, f"closed without an answer: {data!r}"
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65_536)
    shown = json.loads(body) if headers.get("content-type") == "application/json" else body
    return int(first.split()[1]), headers, shown


def closed(connection: socket.socket) -> bool:
    """Whether the server closes the connection; waits for it, up to the connection's patience."""
    try:
        while connection.recv(65_536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True
