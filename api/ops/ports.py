"""What the operators' surface is given: stores over Postgres, topics, processes to ask."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from api.limits import TokenBuckets
from domain.operators import Operator
from domain.sign_in import SignInAttempt
from operations.actor import Actor
from operations.auditing.runs import AuditRuns
from operations.letters.desk import Desk
from operations.processes import ProcessWatch
from runtime.oidc_settings import OidcSettings
from runtime.settings import ApiSettings, DatabaseSettings
from storage.accounts import AccountStore
from storage.operator_views import OperatorViews
from storage.operators import OperatorStore


class Provider(Protocol):
    """What a sign-in asks of an OpenID Connect provider. Raises SignInRefused's kinds."""

    async def address(self, attempt: SignInAttempt) -> str:
        """Where the browser is sent to. Raises ProviderAway."""

    async def claims(self, attempt: SignInAttempt, code: str) -> Mapping[str, Any]:
        """What an ID token that was checked says. Raises ProviderAway, ProviderRefused or
        TokenRejected.
        """


@dataclass(frozen=True, slots=True)
class OpsPorts:
    """All of it. `erasing`: the erasures that run here, by tenant. `oidc`, `provider`: where people
    sign in; None: nowhere.
    """

    operators: OperatorStore
    accounts: AccountStore
    views: OperatorViews
    desk: Desk
    watch: ProcessWatch
    audits: AuditRuns
    api: ApiSettings
    database: DatabaseSettings
    erasing: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    oidc: OidcSettings | None = None
    provider: Provider | None = None
    failed_sign_ins: TokenBuckets = field(default_factory=TokenBuckets)


def actor(who: Operator, why: str = "") -> Actor:
    """Who acts, as actions record it."""
    return Actor(who.recorded, who.role.value, why)
