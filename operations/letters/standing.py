"""Where one request stands."""

from dataclasses import dataclass
from typing import Any

from domain.redriving import RequestStanding
from operations.letters.desk import Desk
from operations.letters.records import action_object, event_object
from storage.jobs import EventRow
from storage.operator_actions import Recorded


@dataclass(frozen=True, slots=True)
class Stands:
    """A request, what operators did about it, and its timeline. `makes_good`: the failed request
    that this one was made for.
    """

    standing: RequestStanding | None
    actions: list[Recorded]
    events: list[EventRow]
    makes_good: str | None

    @property
    def fields(self) -> dict[str, Any]:
        """For programs."""
        standing = self.standing
        return {
            "tenant_id": standing.tenant_id if standing else None,
            "status": standing.status if standing else None,
            "code": standing.code if standing else None,
            "refunded": standing.refunded if standing else None,
            "redriven_as": standing.redriven_as if standing else None,
            "redriven_from": self.makes_good,
            "timeline": [event_object(event) for event in self.events],
            "actions": [action_object(one) for one in self.actions],
        }


async def standing_of(at: Desk, request_id: str) -> Stands:
    """Ask for all of it."""
    return Stands(
        (await at.redrives.standings([request_id])).get(request_id),
        await at.actions.of_request(request_id),
        await at.jobs.events(request_id, 0),
        await at.redrives.redriven_from(request_id),
    )
