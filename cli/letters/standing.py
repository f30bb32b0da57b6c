"""Where one request stands, for people and for programs."""

from cli.letters import present
from cli.letters.acting import Desk


async def about(
    at: Desk, request_id: str, lines: list[str], whole: dict[str, object]
) -> tuple[list[str], dict[str, object]]:
    """Both forms with where a request stands, what operators did about it, and its timeline."""
    standing = (await at.redrives.standings([request_id])).get(request_id)
    actions = await at.actions.of_request(request_id)
    events = await at.jobs.events(request_id, 0)
    makes_good = await at.redrives.redriven_from(request_id)
    stands = "unknown"
    if standing is not None:
        stands = (
            f"{standing.status} {standing.code or ''} "
            f"{'refunded' if standing.refunded else 'not refunded'}"
        )
        stands += f", redriven as {standing.redriven_as}" if standing.redriven_as else ""
    stands += f", makes good {makes_good}" if makes_good else ""
    lines += [f"request {present.clean(request_id)}: {stands}", *present.timeline(events)]
    lines += ["actions:", *(f"  {present.action_line(one)}" for one in actions)] if actions else []
    whole |= {
        "status": standing.status if standing else None,
        "refunded": standing.refunded if standing else None,
        "redriven_as": standing.redriven_as if standing else None,
        "redriven_from": makes_good,
        "timeline": [present.event_object(event) for event in events],
        "actions": [present.action_object(one) for one in actions],
    }
    return lines, whole
