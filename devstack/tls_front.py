"""`python -m devstack.tls_front PORT SOCKET CERTIFICATE KEY`: TLS in front of a Postgres that was
built without it.

The Postgres of the wheel can't speak TLS, so it listens on a Unix socket only, and this speaks TLS
on loopback for it, as a connection pooler would: it answers the client's SSLRequest, shows the
certificate, and passes bytes both ways. A client that does not ask for TLS is refused.
"""

import asyncio
import contextlib
import ssl
import struct
import sys
from asyncio import StreamReader, StreamWriter

SSL_REQUEST = struct.pack("!II", 8, 80877103)
REFUSAL = b"SFATAL\0VFATAL\0C28000\0Mconnections without TLS are refused\0\0"
HANDSHAKE_TIMEOUT_S = 10.0
CHUNK_BYTES = 64 * 1024


async def _pass_on(source: StreamReader, sink: StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := await source.read(CHUNK_BYTES):
            sink.write(data)
            await sink.drain()
    sink.close()


async def serve(port: int, server: str, certificate: str, key: str) -> None:
    """Serve until cancelled."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def handle(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            async with asyncio.timeout(HANDSHAKE_TIMEOUT_S):
                if await reader.readexactly(len(SSL_REQUEST)) != SSL_REQUEST:
                    writer.write(b"E" + struct.pack("!I", len(REFUSAL) + 4) + REFUSAL)
                    await writer.drain()
                    return
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(context)
                behind, into = await asyncio.open_unix_connection(server)
            await asyncio.gather(_pass_on(reader, into), _pass_on(behind, writer))
        except (OSError, ssl.SSLError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the client went away or Postgres did: either end sees a closed connection
        finally:
            writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", port)
    async with listening:
        await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), *sys.argv[2:5]))
