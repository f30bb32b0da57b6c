"""Which decisions of a lane stop all deciding: never one tenant's photos, always a fault of
ours.
"""

import asyncio

import pytest

from consumers.compositor.handler import Compositor, LookCommand
from domain.history import PartitionHistory
from domain.outcomes import Outcome, Reject
from runtime.declaration import Begin
from runtime.received import reading
from runtime.transactions import BreakerTripped
from schemas.failures import FailureCode, FailureReason
from schemas.http import TrialItemInput
from schemas.ids import new_request_id
from schemas.topics import LOOK_DEAD_LETTER
from tests.making import a_request
from tests.unit.runtime.test_lane import World, a_world, record

LOOKS = 150


class Failing(Compositor):
    """Makes nothing."""

    code = FailureCode.PHOTO_NOT_PROCESSED

    async def handle(self, asked: LookCommand, history: PartitionHistory, begin: Begin) -> Outcome:
        return Reject(FailureReason(code=self.code, message="m", item_index=0))


class Away(Failing):
    """By a fault that has nothing to do with photos."""

    code = FailureCode.INTERNAL


async def decide(world: World, tenants: int) -> None:
    """Hand in looks of so many tenants, each with a photo of its own, until all are decided or
    deciding has stopped.
    """
    for number in range(LOOKS):
        item = TrialItemInput(trial_image=f"users/{number}.jpg", trial_item_category="top")
        request = a_request(new_request_id()).model_copy(
            update={"tenant_id": f"t{number % tenants}", "items": (item,)}
        )
        world.lane.take(*reading(record(request, number)))
        async with asyncio.timeout(10):
            while world.lane.in_flight and not world.failures:
                await asyncio.sleep(0)


async def test_one_tenants_odd_photos_stop_nobody_however_many() -> None:
    async with a_world(Failing) as world:
        await decide(world, 1)
        assert world.failures == []
        assert world.producer.topics.count(LOOK_DEAD_LETTER.name) == LOOKS, (
            "each failed at once, none was tried again"
        )


@pytest.mark.parametrize("tenants", [2, 5])
async def test_a_release_that_fails_on_every_tenants_photos_stops_itself(tenants: int) -> None:
    async with a_world(Failing) as world:
        await decide(world, tenants)
        assert [type(error) for error in world.failures] == [BreakerTripped]
        assert world.producer.topics.count(LOOK_DEAD_LETTER.name) < 10


async def test_a_fault_that_is_ours_for_certain_stops_it_whoever_met_it() -> None:
    async with a_world(Away) as world:
        await decide(world, 1)
        assert [type(error) for error in world.failures] == [BreakerTripped]
