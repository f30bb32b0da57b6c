"""Giving credits."""

from domain.redriving import NOWHERE, Verb
from operations.actor import Actor
from schemas.ids import new_request_id
from storage.accounts import AccountStore
from storage.operator_actions import Intent


async def grant(
    accounts: AccountStore, account: tuple[str, str], amount: int, reference: str, actor: Actor
) -> bool:
    """Once per reference; False when this one was granted before, and then nothing is recorded.
    The grant and the operator's action are one transaction. `account`: tenant and environment.

    Raises UnknownTenant, GrantRefused.
    """
    tenant_id, environment = account
    intent = Intent(
        new_request_id(),
        Verb.GRANT,
        NOWHERE,
        actor.operator,
        actor.why,
        role=actor.role,
        target=tenant_id,
        reference=reference,
    )
    return await accounts.grant(tenant_id, environment, amount, reference, by=intent)
