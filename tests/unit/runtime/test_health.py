"""A process's port: it is closed as soon as the process leaves."""

import asyncio

import pytest

from devstack.folder import free_ports
from runtime import health
from runtime.health import HealthServer, health_app


async def test_it_stops_when_it_is_told_and_not_when_it_looks_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "TICK_S", 3600.0)
    port = free_ports(1)[0]
    server = HealthServer("127.0.0.1", port, health_app(ready=lambda: True))
    await server.start()
    async with asyncio.timeout(60):
        while not server.listening:
            await asyncio.sleep(0.01)
    await asyncio.wait_for(server.stop(), 60)
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await asyncio.open_connection("127.0.0.1", port)
