"""Token buckets: what they give, and what they tell."""

import pytest

from api.limits import (
    UNLIMITED_PER_S,
    Limit,
    TokenBuckets,
    TokenDemand,
    failure_claim,
    request_claims,
)
from runtime.settings import ApiSettings
from storage.accounts import Credential

SLOW = Limit("key", rate_per_s=2, burst=2)


def who(key_id: str = "k", tenant: str = "abc", environment: str = "live") -> Credential:
    return Credential(key_id, tenant, environment, frozenset(), ())


def test_a_bucket_refills_with_time_and_never_over_its_brim() -> None:
    buckets, claim = TokenBuckets(), [TokenDemand("k", SLOW)]
    assert [buckets.take_now(claim, 0.0).allowed for _ in range(3)] == [True, True, False]
    assert buckets.take_now(claim, 0.5).allowed
    assert [buckets.take_now(claim, 100.0).allowed for _ in range(3)] == [True, True, False]


def test_a_request_that_one_bucket_refuses_takes_nothing_from_another() -> None:
    buckets = TokenBuckets()
    mine, ours = (
        TokenDemand("k", Limit("key", 0.001, 5)),
        TokenDemand("t", Limit("tenant", 0.001, 2)),
    )
    assert [buckets.take_now([mine, ours], 0.0).allowed for _ in range(4)] == [
        True,
        True,
        False,
        False,
    ]
    assert buckets.take_now([mine], 0.0).remaining == 2


def test_who_is_refused_is_told_the_bucket_and_the_seconds_after_which_it_is_allowed() -> None:
    buckets = TokenBuckets()
    fast, slow = TokenDemand("k", Limit("key", 1, 1)), TokenDemand("t", Limit("tenant", 0.1, 1))
    assert buckets.take_now([fast, slow], 0.0).reset_s == 0
    refused = buckets.take_now([fast, slow], 0.0)
    assert (refused.allowed, refused.limit.name, refused.remaining, refused.reset_s) == (
        False,
        "tenant",
        0,
        10,
    )
    assert not buckets.take_now([fast, slow], refused.reset_s - 0.1).allowed
    assert buckets.take_now([fast, slow], refused.reset_s).allowed


def test_the_headers_name_every_policy_and_the_tightest_bucket() -> None:
    buckets = TokenBuckets()
    claims = [
        TokenDemand("k", Limit("key-reads", 10, 20)),
        TokenDemand("t", Limit("tenant-reads", 20, 40)),
    ]
    assert buckets.take_now(claims, 0.0).headers(claims) == {
        "RateLimit-Policy": '"key-reads";q=20;w=2, "tenant-reads";q=40;w=2',
        "RateLimit": '"key-reads";r=19;t=0',
    }


def test_reads_and_writes_environments_and_tenants_have_buckets_of_their_own() -> None:
    settings = ApiSettings(rate_burst=3, read_rate_burst=7, tenant_rate_factor=2)
    assert [claim.limit.burst for claim in request_claims(settings, who(), "POST")] == [3, 6]
    assert [claim.limit.burst for claim in request_claims(settings, who(), "GET")] == [7, 14]
    tenants = {
        request_claims(settings, one, "GET")[1].owner
        for one in (who(), who(environment="test"), who(tenant="other"))
    }
    assert len(tenants) == 3


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_tenant_without_limits_is_held_back_by_no_rate_and_no_other_is_freed(
    method: str,
) -> None:
    settings = ApiSettings(rate_burst=3, read_rate_burst=3, unlimited_tenants="bench, other")
    free = request_claims(settings, who(tenant="bench"), method)
    assert [claim.limit.burst for claim in free] == [UNLIMITED_PER_S, 2 * UNLIMITED_PER_S]
    assert request_claims(settings, who(tenant="other"), method)[0].limit.burst == UNLIMITED_PER_S
    held = request_claims(settings, who(tenant="be"), method)
    assert [claim.limit.burst for claim in held] == [3, 6]


@pytest.mark.parametrize(
    ("one", "another", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False), ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False), ("testclient", None, False),
    ],
)  # fmt: skip
def test_an_address_is_a_client_and_of_ipv6_its_network(
    one: str, another: str | None, same: bool
) -> None:
    settings = ApiSettings()
    assert (failure_claim(settings, one) == failure_claim(settings, another)) is same


def test_the_memory_of_buckets_has_an_end() -> None:
    buckets = TokenBuckets()
    for number in range(100_050):
        buckets.take_now([TokenDemand(str(number), SLOW)], 0.0)
    assert len(buckets._buckets) == 100_000
