"""Requests put into the database as the API puts them."""

from schemas.http import TrialItemInput
from schemas.ids import new_request_id
from storage.acceptance import Acceptance
from storage.submissions import Accepted, Submission

TENANT, ENVIRONMENT = "demo", "live"


def submission(
    request_id: str | None = None, *, tenant: str = TENANT, deadline_s: float = 60, cost: int = 10
) -> Submission:
    """A submission of one item."""
    return Submission(
        request_id=request_id or new_request_id(),
        tenant_id=tenant,
        environment=ENVIRONMENT,
        user_category=None,
        items=(TrialItemInput(trial_image="users/abc/x.jpg", trial_item_category="top"),),
        runtime_config={"width": 256},
        credits_cost=cost,
        deadline_s=deadline_s,
        answer=b'{"request_id": "x"}',
    )


async def accept(acceptance: Acceptance, count: int = 1, *, deadline_s: float = 60) -> list[str]:
    """Accept some requests; returns their ids."""
    ids = []
    for _ in range(count):
        one = submission(deadline_s=deadline_s)
        assert isinstance(await acceptance.accept(one), Accepted)
        ids.append(one.request_id)
    return ids
