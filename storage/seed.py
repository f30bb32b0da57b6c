"""The tenants of a development stack: `demo`, rich, `other`, who can pay for one look, and `bench`,
for measuring.
"""

import secrets
from dataclasses import dataclass

import asyncpg

from domain.api_keys import CAPABILITIES
from domain.operators import OperatorRole, make_operator_key
from storage.accounts import AccountStore
from storage.operators import OperatorStore

TENANTS = {
    "demo": ("users/abc/", 1_000_000),
    "other": ("users/other/", 15),
    "bench": ("users/bench/", 100_000_000),
}
ENVIRONMENT = "live"
ADMIN = "dev"
"""The operator of a development stack."""


@dataclass(frozen=True, slots=True)
class SeededKeys:
    """The API keys of the seeded tenants and the operator's, in plain text: whoever seeds keeps
    them.
    """

    demo: str
    other: str
    bench: str | None = None
    """None: it was kept by an earlier release, and is made when the stack is seeded again."""
    ops: str | None = None
    """An operator's, an admin; None: as with bench."""


async def seed(database_url: str, known: SeededKeys | None = None) -> SeededKeys:
    """Make the tenants, their keys and their credits unless they exist; `known` keys are made to
    work again.
    """
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        store = AccountStore(pool)
        keys: dict[str, str] = {}
        for tenant_id, (prefix, credit) in TENANTS.items():
            await store.create_tenant(tenant_id, [prefix])
            await store.grant(tenant_id, ENVIRONMENT, credit, "seed")
            text = getattr(known, tenant_id) if known else None
            _, keys[tenant_id] = await store.create_key(
                tenant_id, ENVIRONMENT, CAPABILITIES, key=text
            )
        operators = known.ops if known and known.ops else make_operator_key(secrets.choice)
        await OperatorStore(pool).keep(ADMIN, OperatorRole.ADMIN, operators)
        return SeededKeys(**keys, ops=operators)
