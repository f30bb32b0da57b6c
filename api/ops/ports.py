"""What the operators' surface is given: stores over Postgres, topics, processes to ask."""

import asyncio
from dataclasses import dataclass, field

from domain.operators import Operator
from operations.actor import Actor
from operations.letters.desk import Desk
from operations.processes import ProcessWatch
from runtime.settings import ApiSettings, DatabaseSettings
from storage.accounts import AccountStore
from storage.operator_views import OperatorViews
from storage.operators import OperatorStore


@dataclass(frozen=True, slots=True)
class OpsPorts:
    """All of it. `erasing`: the erasures that run here, by tenant."""

    operators: OperatorStore
    accounts: AccountStore
    views: OperatorViews
    desk: Desk
    watch: ProcessWatch
    api: ApiSettings
    database: DatabaseSettings
    erasing: dict[str, asyncio.Task[None]] = field(default_factory=dict)


def actor(who: Operator, why: str = "") -> Actor:
    """Who acts, as actions record it."""
    return Actor(who.name, who.role.value, why)
