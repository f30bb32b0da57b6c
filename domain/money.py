"""Who can pay: decided in order of arrival, from balances that are locked while it is decided."""

from collections.abc import Mapping, Sequence
from typing import Final

MAX_BALANCE: Final = 10**15
"""Credits that grants may bring an account to: far below what 64 bits hold, so that no refund can
overflow it.
"""

Account = tuple[str, str]
"""Tenant and environment."""


def payable(balances: Mapping[Account, int], costs: Sequence[tuple[Account, int]]) -> list[bool]:
    """For each (account, cost) in order, whether the account can pay it after those before it that
    it could pay.

    A cost that can't be paid leaves the balance to smaller ones behind it. Accounts without a
    balance can pay nothing.
    """
    left = dict(balances)
    verdicts = []
    for account, cost in costs:
        can = account in left and left[account] >= cost
        if can:
            left[account] -= cost
        verdicts.append(can)
    return verdicts


def spent(costs: Sequence[tuple[Account, int]], verdicts: Sequence[bool]) -> dict[Account, int]:
    """What each account pays in all."""
    totals: dict[Account, int] = {}
    for (account, cost), paid in zip(costs, verdicts, strict=True):
        if paid:
            totals[account] = totals.get(account, 0) + cost
    return totals
