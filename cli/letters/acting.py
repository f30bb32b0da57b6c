"""Acting from a terminal: the plan is said, or asked about, before anything is done."""

import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import typer

from cli.letters.present import clean
from cli.settings import database, operator_name
from operations.actor import Actor
from operations.letters.acting import carry_out
from operations.letters.desk import Desk
from operations.letters.planning import Planned, RedrivePlan
from runtime.settings import KafkaSettings, LookSettings
from storage.database import open_pool


@dataclass(frozen=True, slots=True)
class Orders:
    """How to act: only say it, ask or not, in whose name, for what reason."""

    dry_run: bool
    yes: bool
    actor: Actor


@dataclass(frozen=True, slots=True)
class ActedOn:
    """How many records came to what, and how many were left out."""

    came_to: Counter[str]
    left: int


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    """Connected to the configured database."""
    async with open_pool(database().direct) as pool:
        yield Desk.over(pool, KafkaSettings(), LookSettings())


def orders(dry_run: bool, yes: bool, operator: str | None, why: str) -> Orders:
    """Orders as a command's options give them."""
    return Orders(dry_run, yes, Actor(operator_name(operator), why=why))


async def act(at: Desk, orders: Orders, make_plan: Callable[[], Awaitable[RedrivePlan]]) -> ActedOn:
    """Say the plan or carry it out. Raises typer.Exit, OperatorBusy, KafkaError."""
    if orders.dry_run:
        plan = await make_plan()
        _say_plan(plan.planned)
        return ActedOn(Counter(f"would {one.verb}" for one in plan.planned), plan.left)
    if not orders.yes and not sys.stdin.isatty():
        typer.secho(
            "nothing was done: say --yes, or --dry-run to see what would be", fg="red", err=True
        )
        raise typer.Exit(1)
    came_to: Counter[str] = Counter()
    async with at.actions.alone():
        plan = await make_plan()
        if not orders.yes:
            _say_plan(plan.planned)
            typer.confirm("Do this?", abort=True)
        async with aclosing(carry_out(at, orders.actor, plan.planned)) as done:
            async for one in done:
                _say(one.word, one.planned, one.detail)
                came_to[one.word] += 1
    return ActedOn(came_to, plan.left)


def _say_plan(planned: Sequence[Planned]) -> None:
    for one in planned:
        _say(f"would {one.verb}", one, one.detail)


def _say(word: str, one: Planned, detail: str) -> None:
    typer.echo(f"{word:<13} {one.place} {clean(one.request_id or '-')} {clean(detail)}")
