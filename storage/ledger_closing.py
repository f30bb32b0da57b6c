"""Closing old ranges of the ledger: of each account one entry carries the sum forward, a checksum
stays, and the entries go. Grants stay: their references keep a second one out.
"""

import asyncpg

from storage.rows import affected

_ACCOUNTS = """
SELECT tenant_id, environment FROM credit_accounts a
WHERE EXISTS (SELECT FROM ledger_entries l
  WHERE (l.tenant_id, l.environment) = (a.tenant_id, a.environment) AND l.request_id < $1)
ORDER BY 1, 2"""
_NOTE = """
INSERT INTO ledger_closings (tenant_id, environment, before_id, entries, amount, checksum)
SELECT $1, $2, $3, count(*), coalesce(sum(amount), 0)::bigint, sha256(coalesce(string_agg(
    concat_ws('|', id, kind, amount, request_id, extract(epoch FROM created_at)), E'\\n'
    ORDER BY id), '')::bytea)
FROM ledger_entries WHERE tenant_id = $1 AND environment = $2 AND request_id < $3"""
_CARRY = """
INSERT INTO ledger_entries (tenant_id, environment, kind, amount, reference)
SELECT tenant_id, environment, 'carried', amount, 'before ' || before_id FROM ledger_closings
WHERE (tenant_id, environment, before_id) = ($1, $2, $3)"""
_REMOVE = """
DELETE FROM ledger_entries WHERE tenant_id = $1 AND environment = $2 AND request_id < $3"""


class RequestsRemain(Exception):
    """Requests of the range still have rows, which show what they paid."""


class LedgerClosing:
    """On one connection, as the owner of the tables."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        """Use this connection."""
        self._connection = connection

    async def close(self, before_id: str) -> int:
        """Close every account's entries of requests below this id; returns how many went. An
        account is closed in one transaction: its entries always add up to its balance (DESIGN
        3.7). Safe to repeat. Raises RequestsRemain.
        """
        left = await self._connection.fetchval(
            "SELECT request_id FROM request_logs WHERE request_id < $1 LIMIT 1", before_id
        )
        if left is not None:
            raise RequestsRemain(f"{left} and others still have their rows")
        gone = 0
        for tenant_id, environment in await self._connection.fetch(_ACCOUNTS, before_id):
            account = (tenant_id, environment, before_id)
            async with self._connection.transaction():
                await self._connection.execute(_NOTE, *account)
                await self._connection.execute(_CARRY, *account)
                gone += affected(await self._connection.execute(_REMOVE, *account))
        if gone:
            await self._connection.execute(
                """INSERT INTO retired_ranges (table_name, before_id, row_count)
                   VALUES ('ledger_entries', $1, $2) ON CONFLICT DO NOTHING""",
                before_id,
                gone,
            )
        return gone
