"""Idempotency on real Postgres against a model of a few lines: in any order, one charge and one
answer per key.
"""

import asyncio
from dataclasses import dataclass, field, replace

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from devstack.stack import Stack
from runtime.settings import DatabaseSettings
from schemas.ids import new_request_id
from storage.acceptance import Acceptance
from storage.database import open_pool
from storage.submissions import (
    AcceptanceResult,
    Accepted,
    IdempotencyKey,
    KeyInProgress,
    KeyReused,
    Submission,
)
from tests.integration.accepting import submission

KEYS, BODIES, TENANTS = ("a", "b"), (b"one", b"two"), ("demo", "other")


@dataclass(frozen=True)
class Post:
    """What a client sends: whose, under which key, which body."""

    tenant: str
    key: str
    body: bytes


posts = st.builds(Post, st.sampled_from(TENANTS), st.sampled_from(KEYS), st.sampled_from(BODIES))


@dataclass
class Model:
    """What must be answered: the first body of a key decides, and its answer is repeated byte for
    byte.
    """

    first: dict[tuple[str, str], tuple[bytes, bytes]] = field(default_factory=dict)

    def expect(self, post: Post, sent: Submission, verdict: AcceptanceResult) -> None:
        """Hold a verdict against the model, and remember it. Of posts at once, any may have been
        first.
        """
        known = self.first.get((post.tenant, post.key))
        if isinstance(verdict, Accepted) and _is_fresh(verdict):
            assert known is None
            assert verdict.answer == sent.answer
            self.first[post.tenant, post.key] = (post.body, verdict.answer)
        elif isinstance(verdict, Accepted):
            assert known == (post.body, verdict.answer)
        elif isinstance(verdict, KeyReused):
            assert known is not None
            assert known[0] != post.body
        else:
            assert isinstance(verdict, KeyInProgress)


@pytest.fixture
def url(services: Stack) -> str:
    return services.env["LOOKS_DATABASE_URL"]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rounds=st.lists(st.lists(posts, min_size=1, max_size=8), min_size=1, max_size=4))
def test_each_key_is_charged_once_and_answered_alike_in_any_order(
    url: str, rounds: list[list[Post]]
) -> None:
    async def run() -> None:
        async with open_pool(DatabaseSettings.model_validate({"url": url})) as pool:
            # Two API processes
            doors = [Acceptance(pool, batch_max=4, queue_max=64) for _ in range(2)]
            run_id, model, charged = new_request_id(), Model(), set()
            for round_ in rounds:
                sent = [_submission(post, run_id) for post in round_]
                verdicts = await asyncio.gather(
                    *(doors[n % 2].accept(one) for n, one in enumerate(sent))
                )
                fresh_first = sorted(
                    zip(round_, sent, verdicts, strict=True), key=lambda one: not _is_fresh(one[2])
                )
                for post, one, verdict in fresh_first:
                    model.expect(post, one, verdict)
                charged |= {one.request_id for one in sent}
            count = await pool.fetchval(
                "SELECT count(*) FROM ledger_entries WHERE request_id = ANY($1::text[])",
                list(charged),
            )
            assert count == len(model.first)

    asyncio.run(run())


def _is_fresh(verdict: AcceptanceResult) -> bool:
    return isinstance(verdict, Accepted) and not verdict.replayed


def _submission(post: Post, run_id: str) -> Submission:
    made = submission(tenant=post.tenant, deadline_s=3600, cost=0)
    key = IdempotencyKey("POST /v1/look", f"{run_id}-{post.key}", post.body)
    return replace(made, idempotency=key, answer=f'{{"request_id": "{made.request_id}"}}'.encode())
