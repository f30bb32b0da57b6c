"""The tenants of a development stack: `demo`, rich, `other`, who can pay for one look, and `bench`,
for measuring.
"""

from dataclasses import dataclass

import asyncpg

from domain.api_keys import CAPABILITIES
from storage.accounts import AccountStore

TENANTS = {
    "demo": ("users/abc/", 1_000_000),
    "other": ("users/other/", 15),
    "bench": ("users/bench/", 100_000_000),
}
ENVIRONMENT = "live"


@dataclass(frozen=True, slots=True)
class SeededKeys:
    """The API keys of the seeded tenants, in plain text: whoever seeds keeps them."""

    demo: str
    other: str
    bench: str | None = None
    """None: it was kept by an earlier release, and is made when the stack is seeded again."""


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
        return SeededKeys(**keys)
