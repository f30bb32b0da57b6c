"""Rate limits: token buckets, one per key and one per tenant, reads and writes apart, in this
process.

With N API processes a key gets up to N times its rate, unless they share a store
(`api.shared_limits`).
"""

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from runtime.settings import ApiSettings
from storage.accounts import Credential

MAX_BUCKETS = 100_000
"""Of names seen lately; the one unused for longest is forgotten first, which can only be to its
favour.
"""
MAX_KEYS = 10_000
"""Whose claims are kept ready."""
UNLIMITED_PER_S = 1_000_000
"""What a process can't answer: so many for whom no rate holds back."""
_NETWORK_BITS = 64
"""Of an IPv6 client: it has that many addresses to choose from."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A policy: `burst` tokens, refilled at `rate_per_s`."""

    name: str
    rate_per_s: float
    burst: int
    policy: str = field(init=False)
    """As `RateLimit-Policy` has it: the burst, and the seconds in which it refills."""

    def __post_init__(self) -> None:
        """Write the policy once: limits are made seldom and told with every answer."""
        refills_s = max(1, math.ceil(self.burst / self.rate_per_s))
        object.__setattr__(self, "policy", f'"{self.name}";q={self.burst};w={refills_s}')


@dataclass(frozen=True, slots=True)
class TokenDemand:
    """One token of one bucket: of `owner`, under `limit`."""

    owner: str
    limit: Limit


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the buckets say to one request; of the one that has the least left."""

    allowed: bool
    limit: Limit
    remaining: int
    reset_s: int  # until a request can be allowed; 0 when this one was

    def headers(self, claims: Sequence[TokenDemand]) -> dict[str, str]:
        """`RateLimit-Policy` and `RateLimit` as in draft-ietf-httpapi-ratelimit-headers."""
        return {
            "RateLimit-Policy": ", ".join(claim.limit.policy for claim in claims),
            "RateLimit": f'"{self.limit.name}";r={self.remaining};t={self.reset_s}',
        }


class Limiter(Protocol):
    """Gives tokens."""

    async def take(self, claims: Sequence[TokenDemand], now_s: float) -> Allowance:
        """Take one token from every bucket that is claimed, or from none when one of them is
        empty.
        """


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float


class TokenBuckets:
    """Buckets in memory; each begins full."""

    def __init__(self) -> None:
        """None yet."""
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()

    async def take(self, claims: Sequence[TokenDemand], now_s: float) -> Allowance:
        """As `Limiter` has it. `now_s`: of a clock that does not go backwards."""
        return self.take_now(claims, now_s)

    def take_now(self, claims: Sequence[TokenDemand], now_s: float) -> Allowance:
        """The same, without waiting: nothing in between sees half of it."""
        buckets = [self._refilled(claim, now_s) for claim in claims]
        if any(bucket.tokens < 1 for bucket in buckets):
            return judged(claims, [bucket.tokens for bucket in buckets], allowed=False)
        tightest = 0
        for index, bucket in enumerate(buckets):
            bucket.tokens -= 1
            if bucket.tokens < buckets[tightest].tokens:
                tightest = index
        return Allowance(True, claims[tightest].limit, int(buckets[tightest].tokens), 0)

    def give_back(self, claim: TokenDemand, now_s: float) -> None:
        """Undo the taking of one token."""
        bucket = self._refilled(claim, now_s)
        bucket.tokens = min(claim.limit.burst, bucket.tokens + 1)

    def _refilled(self, claim: TokenDemand, now_s: float) -> _Bucket:
        name, limit = (claim.limit.name, claim.owner), claim.limit
        bucket = self._buckets.pop(name, None) or _Bucket(float(limit.burst), now_s)
        bucket.tokens = min(limit.burst, bucket.tokens + (now_s - bucket.at_s) * limit.rate_per_s)
        bucket.at_s = now_s
        self._buckets[name] = bucket
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return bucket


def judged(claims: Sequence[TokenDemand], left: Sequence[float], *, allowed: bool) -> Allowance:
    """What the tokens that are left say to a request: of the bucket that has the fewest, or, to one
    that is refused, of the one that is longest in getting a token. Pure.
    """
    if allowed:
        tightest = min(range(len(claims)), key=lambda index: left[index])
        return Allowance(True, claims[tightest].limit, int(left[tightest]), 0)
    waits = [
        (math.ceil(max(0.0, 1 - tokens) / claim.limit.rate_per_s), tokens, claim.limit)
        for claim, tokens in zip(claims, left, strict=True)
    ]
    wait_s, tokens, limit = max(waits, key=lambda one: (one[0], -one[1]))
    return Allowance(False, limit, int(tokens), wait_s)


def request_claims(
    settings: ApiSettings, who: Credential, method: str
) -> tuple[TokenDemand, TokenDemand]:
    """What a request takes from: its key's bucket and its tenant's, each of its environment and its
    kind.
    """
    account = f"{who.tenant_id}/{who.environment}"
    factor = settings.tenant_rate_factor
    if who.tenant_id in _unlimited(settings.unlimited_tenants):
        kind = "reads" if method in {"GET", "HEAD"} else "writes"
        return _claims(kind, who.key_id, account, (UNLIMITED_PER_S, UNLIMITED_PER_S, factor))
    if method in {"GET", "HEAD"}:
        pace = (settings.read_rate_per_s, settings.read_rate_burst, factor)
        return _claims("reads", who.key_id, account, pace)
    return _claims(
        "writes", who.key_id, account, (settings.rate_per_s, settings.rate_burst, factor)
    )


@lru_cache(maxsize=8)
def _unlimited(tenants: str) -> frozenset[str]:
    return frozenset(name.strip() for name in tenants.split(",") if name.strip())


@lru_cache(maxsize=MAX_KEYS)
def _claims(
    kind: str, key_id: str, account: str, pace: tuple[float, int, float]
) -> tuple[TokenDemand, TokenDemand]:
    """Those of a key are the same each time: made once. `pace`: rate, burst and the tenant's
    factor.
    """
    rate_per_s, burst, factor = pace
    ours = Limit(f"tenant-{kind}", rate_per_s * factor, math.floor(burst * factor))
    return TokenDemand(key_id, Limit(f"key-{kind}", rate_per_s, burst)), TokenDemand(account, ours)


def failure_claim(settings: ApiSettings, host: str | None) -> TokenDemand:
    """What a refused key takes from: the bucket of the address that it came from, for IPv6 of its
    /64 network.
    """
    owner = host or "unknown"
    try:
        address = ipaddress.ip_address(owner)
    except ValueError:
        pass
    else:
        mapped = address.ipv4_mapped if address.version == 6 else None
        if mapped is not None:
            owner = str(mapped)
        elif address.version == 6:
            owner = str(
                ipaddress.ip_network(f"{owner.partition('%')[0]}/{_NETWORK_BITS}", strict=False)
            )
    return TokenDemand(
        owner, Limit("refused-keys", settings.auth_failures_per_s, settings.auth_failures_burst)
    )
