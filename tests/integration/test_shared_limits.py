"""Rates that API processes count together: on a real store, by its clock, and while it is away."""

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from api.limits import Limit, TokenBuckets, TokenDemand
from api.shared_limits import rate_limiter
from devstack.folder import free_ports
from runtime.settings import ApiSettings

PROGRAM = shutil.which("valkey-server") or shutil.which("redis-server")
SLOW, WIDE = Limit("key-writes", 0.001, 5), Limit("tenant-writes", 0.001, 8)


@dataclass
class Store:
    """A server that can be stopped and started again."""

    port: int
    folder: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def settings(self) -> ApiSettings:
        return ApiSettings(rate_limit_uri=SecretStr(f"redis://127.0.0.1:{self.port}/0"))

    def start(self) -> None:
        words = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir")
        self.process = subprocess.Popen(
            [str(PROGRAM), *words, str(self.folder)], stdout=subprocess.DEVNULL
        )
        give_up_s = time.monotonic() + 30
        while not answers(self.port):
            assert time.monotonic() < give_up_s
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process = None


def answers(port: int) -> bool:
    with closing(socket.socket()) as connection:
        connection.settimeout(1)
        return connection.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    if PROGRAM is None:
        pytest.skip("neither valkey-server nor redis-server is on PATH")
    made = Store(free_ports(1)[0], tmp_path)
    made.start()
    yield made
    made.stop()


def claims(key: str, limit: Limit = SLOW) -> Sequence[TokenDemand]:
    return (TokenDemand(key, limit), TokenDemand("demo/live", WIDE))


async def test_processes_share_what_a_key_and_a_tenant_may(store: Store) -> None:
    async with AsyncExitStack() as stack:
        here, there = [
            await stack.enter_async_context(rate_limiter(store.settings, "")) for _ in range(2)
        ]
        taken = await asyncio.gather(
            *(one.take(claims("a"), 0) for _ in range(6) for one in (here, there))
        )
        assert sum(one.allowed for one in taken) == 5
        refused = next(one for one in taken if not one.allowed)
        assert (refused.limit, refused.remaining, refused.reset_s) == (SLOW, 0, 1000)
        # Refused requests took nothing of the tenant's eight
        others = [await there.take(claims("b"), 0) for _ in range(4)]
        assert [one.allowed for one in others] == [True, True, True, False]
        assert others[-1].limit == WIDE


async def test_tokens_come_back_by_the_stores_clock_whatever_ours_says(store: Store) -> None:
    quick = Limit("key-writes", 5, 1)
    async with rate_limiter(store.settings, "") as limiter:
        assert (await limiter.take([TokenDemand("k", quick)], 1e12)).allowed
        assert not (await limiter.take([TokenDemand("k", quick)], 1e12)).allowed
        await asyncio.sleep(0.3)
        assert (await limiter.take([TokenDemand("k", quick)], 0)).allowed


async def test_two_namespaces_have_buckets_of_their_own(store: Store) -> None:
    one_token = [TokenDemand("k", Limit("key-writes", 0.001, 1))]
    async with (
        rate_limiter(store.settings, "staging/") as staging,
        rate_limiter(store.settings, "") as production,
    ):
        assert (await staging.take(one_token, 0)).allowed
        assert (await production.take(one_token, 0)).allowed
        assert not (await staging.take(one_token, 0)).allowed


async def test_while_the_store_is_away_each_process_counts_by_itself(store: Store) -> None:
    async with rate_limiter(store.settings, "", away_s=0.2) as limiter:
        assert [(await limiter.take(claims("a"), 0)).allowed for _ in range(6)] == [True] * 5 + [
            False
        ]
        store.stop()
        alone = [await limiter.take(claims("a"), 0) for _ in range(6)]
        assert [one.allowed for one in alone] == [True] * 5 + [False]
        store.start()
        await asyncio.sleep(0.3)
        assert (await limiter.take(claims("fresh"), 0)).remaining == 4


async def test_without_a_store_a_process_counts_by_itself() -> None:
    async with rate_limiter(ApiSettings(), "") as limiter:
        assert isinstance(limiter, TokenBuckets)
