"""A store on loopback that answers reads and writes as it is told, with S3's own error codes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Said = tuple[int, str]
"""An HTTP status and S3's code."""


@dataclass
class FakeS3:
    """Objects, and what is answered instead. `refusals`: (method, beginning of the key) -> what is
    said, the longest first.
    """

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    refusals: dict[tuple[str, str], Said] = field(default_factory=dict)

    def answer(self, method: str, key: str, body: bytes) -> tuple[int, bytes]:
        for (verb, prefix), (status, code) in sorted(
            self.refusals.items(), key=lambda one: -len(one[0][1])
        ):
            if verb == method and key.startswith(prefix):
                return (
                    status,
                    f"<Error><Code>{code}</Code><Message>.</Message></Error>".encode()
                    if code
                    else b"",
                )
        if method == "PUT":
            self.objects[key] = body
            return 200, b""
        if key not in self.objects:
            return 404, b"<Error><Code>NoSuchKey</Code><Message>.</Message></Error>"
        return 200, self.objects[key]


@contextmanager
def running_s3() -> Iterator[FakeS3]:
    """Until the block ends."""
    store = FakeS3()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, said = store.answer(
                self.command, self.path.partition("?")[0].split("/", 2)[2], body
            )
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_PUT = do_HEAD = _serve

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    store.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
