"""Rate limits that all API processes count together, in a store that speaks Redis' protocol.

One script takes from all buckets of a request or from none, by the store's own clock. While the
store is away each process counts by itself, as without one: a key then gets up to its rate from
each process, and nobody is refused for the store's sake.
"""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from api.limits import Allowance, Limiter, TokenBuckets, TokenDemand, judged
from runtime import logs, metrics
from runtime.settings import ApiSettings

if TYPE_CHECKING:
    from redis.commands.core import AsyncScript

log = logs.get(__name__)

ANSWER_WITHIN_S = 0.25
AWAY_S = 2.0
SCRIPT = """
local now = redis.call('TIME')
local now_s = tonumber(now[1]) + tonumber(now[2]) / 1000000
local left, allowed = {}, 1
for i, key in ipairs(KEYS) do
  local rate, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local bucket = redis.call('HMGET', key, 'tokens', 'at')
  local tokens, at = tonumber(bucket[1]) or burst, tonumber(bucket[2]) or now_s
  left[i] = math.min(burst, tokens + math.max(0, now_s - at) * rate)
  if left[i] < 1 then allowed = 0 end
end
local told = {allowed}
for i, key in ipairs(KEYS) do
  local rate, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local tokens = left[i] - allowed
  told[i + 1] = string.format('%.6f', tokens)
  redis.call('HSET', key, 'tokens', told[i + 1], 'at', string.format('%.6f', now_s))
  redis.call('PEXPIRE', key, math.ceil(burst / rate * 1000) + 1000)
end
return told
"""
"""A bucket that is full is forgotten: it begins full."""


class SharedBuckets:
    """A `Limiter` whose buckets are in the store."""

    def __init__(self, script: "AsyncScript", prefix: str, away_s: float) -> None:
        """`prefix`: what the names of its buckets begin with; `away_s`: so long a store that failed
        is not asked.
        """
        self._script = script
        self._away_s = away_s
        self._prefix = prefix
        self._own = TokenBuckets()
        self._again_s = 0.0

    async def take(self, claims: Sequence[TokenDemand], now_s: float) -> Allowance:
        """As `Limiter` has it."""
        from redis.exceptions import RedisError  # noqa: PLC0415 (only where there is a store)

        if time.monotonic() < self._again_s:
            return self._own.take_now(claims, now_s)
        try:
            said = await self._script(
                keys=self._names(claims),
                args=[
                    number for one in claims for number in (one.limit.rate_per_s, one.limit.burst)
                ],
            )
        except (RedisError, OSError, TimeoutError) as error:
            self._again_s = time.monotonic() + self._away_s
            metrics.SHARED_LIMITS_AWAY.inc()
            log.warning("rates are counted by this process alone", error=type(error).__name__)
            return self._own.take_now(claims, now_s)
        return judged(claims, [float(one) for one in said[1:]], allowed=bool(said[0]))

    def _names(self, claims: Sequence[TokenDemand]) -> list[str]:
        """In braces what a cluster places them by: buckets of one script are on one node."""
        tag = claims[-1].owner
        return [f"{self._prefix}{{{tag}}}:{one.limit.name}:{one.owner}" for one in claims]


@asynccontextmanager
async def rate_limiter(
    settings: ApiSettings, prefix: str, away_s: float = AWAY_S
) -> AsyncIterator[Limiter]:
    """Shared where the settings name a store, which is connected to when it is first asked; else
    this process's own. Raises ValueError for a URI that can't be one.
    """
    uri = settings.rate_limit_uri.get_secret_value()
    if not uri:
        yield TokenBuckets()
        return
    from redis.asyncio import Redis  # noqa: PLC0415 (only where there is a store)

    store = Redis.from_url(
        uri, socket_timeout=ANSWER_WITHIN_S, socket_connect_timeout=ANSWER_WITHIN_S
    )
    try:
        yield SharedBuckets(store.register_script(SCRIPT), f"{prefix}looks:rates:", away_s)
    finally:
        await store.aclose()
