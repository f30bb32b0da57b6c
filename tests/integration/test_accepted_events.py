"""The event that the statement of acceptance writes is read by the decoder of its subscribers, and
says what was submitted.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from devstack.stack import Stack
from domain.engines import asked_for
from runtime.settings import DatabaseSettings
from schemas.envelope import Decoded, decode
from schemas.events import LookRequested
from schemas.http import TrialItemInput, UserCategory
from schemas.ids import derived_id, new_request_id
from schemas.topics import LOOK_REQUESTED
from storage.acceptance import Acceptance
from storage.accounts import AccountStore
from storage.database import open_pool
from storage.outbox import headers_of
from storage.submissions import Accepted, IdempotencyKey, Submission

TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20
) | st.sampled_from(['"', "\\", '"}', "',", "%s", "${x}", "\u2028", "\U0001f457", "]]"])
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
CONFIG = st.dictionaries(
    TEXT | st.just("engine"),
    st.recursive(
        st.none() | st.booleans() | NUMBERS | TEXT | st.just("remote"),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
        max_leaves=4,
    ),
    max_size=3,
)
ITEMS = st.lists(
    st.builds(TrialItemInput, trial_image=TEXT, trial_item_category=TEXT), min_size=1, max_size=3
)
SUBMISSIONS = st.builds(
    Submission,
    request_id=st.builds(new_request_id),
    tenant_id=st.just(""),  # given by the test
    environment=st.sampled_from(["live", "test"]),
    user_category=st.none() | st.sampled_from(UserCategory),
    items=ITEMS.map(tuple),
    runtime_config=st.none() | CONFIG,
    credits_cost=st.just(0),
    deadline_s=st.floats(0.001, 10**6).map(lambda seconds: round(seconds, 3)),
    answer=st.binary(max_size=20),
    idempotency=st.none()
    | st.builds(IdempotencyKey, st.just("POST /v1/look"), st.uuids().map(str), st.binary()),
    traceparent=st.sampled_from(["", f"00-{'a' * 32}-{'b' * 16}-01"]),
    tenants_engine=st.none() | st.sampled_from(["classical", "remote"]),
    reference=st.none() | TEXT,
    metadata=st.none() | st.dictionaries(TEXT, TEXT, max_size=3),
)
FLOORS = st.none() | st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(batch=st.lists(SUBMISSIONS, min_size=1, max_size=8), floor=FLOORS)
def test_what_the_statement_writes_is_read_and_says_what_was_submitted(
    services: Stack, batch: list[Submission], floor: float | None
) -> None:
    url = services.env["LOOKS_DATABASE_URL"]

    async def run() -> None:
        async with open_pool(DatabaseSettings.model_validate({"url": url})) as pool:
            tenant = f"t{new_request_id().lower()}"
            accounts = AccountStore(pool)
            await accounts.create_tenant(tenant, ["users/"])
            await accounts.set_quality_floor(tenant, floor)
            door = Acceptance(pool, batch_max=8, queue_max=8)
            works = [replace(one, tenant_id=tenant) for one in batch]
            verdicts = await asyncio.gather(*(door.accept(one) for one in works))
            assert verdicts == [Accepted(one.answer) for one in works]
            rows = await pool.fetch(
                """DELETE FROM outbox o USING request_logs r
                   WHERE o.key = ANY($1::text[]) AND r.request_id = o.key
                   RETURNING o.topic, o.key, o.value, o.headers::text, r.created_at,
                     r.deadline_at""",
                [one.request_id for one in works],
            )
            found = {row["key"]: row for row in rows}
            for one in works:
                row = found[one.request_id]
                assert row["topic"] == LOOK_REQUESTED.name
                decoded = decode(row["value"], headers_of(row["headers"]), LookRequested)
                assert isinstance(decoded, Decoded), decoded
                assert decoded.event == LookRequested(
                    request_id=one.request_id,
                    tenant_id=tenant,
                    user_category=one.user_category,
                    items=one.items,
                    runtime_config=one.runtime_config,
                    engine=asked_for(one.runtime_config, one.tenants_engine),
                    quality_floor=floor,
                    credits_cost=0,
                    requested_at=row["created_at"],
                    deadline_at=row["deadline_at"],
                    environment=one.environment,
                    reference=one.reference,
                    metadata=one.metadata,
                )
                late = row["deadline_at"] - row["created_at"] - timedelta(seconds=one.deadline_s)
                assert abs(late) <= timedelta(microseconds=1)
                meta = decoded.meta
                assert meta.id == derived_id(one.request_id, LOOK_REQUESTED.name)
                assert (meta.source, meta.sequence) == ("/looks/api", 1)
                assert meta.time == row["created_at"]
                assert one.traceparent in ("", meta.traceparent)
                assert meta.traceparent

    asyncio.run(run())
