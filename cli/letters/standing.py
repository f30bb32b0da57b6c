"""Where one request stands, for people."""

from cli.letters import present
from operations.letters.standing import Stands


def lines(request_id: str, about: Stands) -> list[str]:
    """What became of it, its timeline, and what operators did about it."""
    standing, stands = about.standing, "unknown"
    if standing is not None:
        stands = (
            f"{standing.status} {standing.code or ''} "
            f"{'refunded' if standing.refunded else 'not refunded'}"
        )
        stands += f", redriven as {standing.redriven_as}" if standing.redriven_as else ""
    stands += f", makes good {about.makes_good}" if about.makes_good else ""
    told = [f"request {present.clean(request_id)}: {stands}", *present.timeline(about.events)]
    if about.actions:
        told += ["actions:", *(f"  {present.action_line(one)}" for one in about.actions)]
    return told
