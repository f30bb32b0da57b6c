"""What `looks dlq` and `looks dlq quarantine` do alike: list records, act on them."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import typer

from cli.letters.acting import ActedOn, Orders, act, desk
from cli.letters.running import finish, guarded
from operations.letters.choice import Choice
from operations.letters.desk import Desk
from operations.letters.finding import Kind, Listed, newest
from operations.letters.planning import RedrivePlan

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listing:
    """How to list. `nothing`: what is said when there is none."""

    limit: int
    unsettled: bool
    as_json: bool
    nothing: str


def say_list(
    kind: Kind[T], choice: Choice, listing: Listing, line: Callable[[Listed[T]], str]
) -> None:
    """List the newest."""

    async def work() -> list[str]:
        async with desk() as at:
            found = await newest(at, kind, choice, listing.limit, unsettled=listing.unsettled)
        return [
            json.dumps(kind.fields(one.one, one.record, one.state))
            if listing.as_json
            else line(one)
            for one in found
        ]

    lines = guarded(work)
    if lines or not listing.as_json:
        typer.echo("\n".join(lines) or listing.nothing)


def act_on(orders: Orders, plan: Callable[[Desk], Awaitable[RedrivePlan]]) -> None:
    """Say the plan or carry it out, and say what came of it."""

    async def work() -> ActedOn:
        async with desk() as at:
            return await act(at, orders, lambda: plan(at))

    done = guarded(work)
    finish(done.came_to, done.left)
