"""Rate limits: a token bucket per key, in this process. With N worker processes a key gets up to N times its rate."""

import math
from collections import OrderedDict
from dataclasses import dataclass

MAX_BUCKETS = 100_000
"""Of keys seen lately; the one unused for longest is forgotten first, which can only be to its favour."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the bucket says to one request."""

    allowed: bool
    remaining: int
    reset_s: int  # until at least one token is there

    def headers(self, burst: int, rate_per_s: float) -> dict[str, str]:
        """`RateLimit-Policy` and `RateLimit` as in draft-ietf-httpapi-ratelimit-headers."""
        window_s = max(1, math.ceil(burst / rate_per_s))
        return {
            "RateLimit-Policy": f'"requests";q={burst};w={window_s}',
            "RateLimit": f'"requests";r={self.remaining};t={self.reset_s}',
        }


class TokenBuckets:
    """One bucket per key of `burst` tokens, refilled at `rate_per_s`."""

    def __init__(self, rate_per_s: float, burst: int) -> None:
        """All buckets begin full."""
        self.rate_per_s = rate_per_s
        self.burst = burst
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str, now_s: float) -> Allowance:
        """Take one token at `now_s`, on a clock that does not go backwards."""
        bucket = self._buckets.pop(key, None) or _Bucket(float(self.burst), now_s)
        bucket.tokens = min(self.burst, bucket.tokens + (now_s - bucket.at_s) * self.rate_per_s)
        bucket.at_s = now_s
        self._buckets[key] = bucket
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        allowed = bucket.tokens >= 1
        if allowed:
            bucket.tokens -= 1
        missing = max(0.0, 1 - bucket.tokens)
        return Allowance(allowed, int(bucket.tokens), math.ceil(missing / self.rate_per_s))
