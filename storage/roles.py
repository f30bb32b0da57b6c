"""Who may do what in Postgres, declared once: a role for each process that uses it, and roles for
people.

The roles can't log in; whoever may log in is a member of one (`create_login`), so a password is
changed by making a second login and dropping the first. Tables belong to whoever migrates; no role
owns one, so none can switch a trigger off. Beyond grants, `ledger_entries` has a policy per role:
the API enters charges only, the ledger refunds only.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

import asyncpg

from storage import advisory
from storage.advisory import Lock
from storage.database import WRITABLE

RoleTables = dict[str, str]
"""Table -> privileges, as GRANT takes them, some on columns alone."""


@dataclass(frozen=True, slots=True)
class Role:
    """One role. `entries`: which ledger entries it may add, as a condition; empty: none."""

    process: str
    tables: RoleTables
    entries: str = ""

    @property
    def name(self) -> str:
        """Its name in Postgres."""
        return f"looks_{self.process}"


_AUDITED = (
    "request_logs",
    "ledger_entries",
    "outbox",
    "failure_claims",
    "job_events",
    "job_event_gaps",
    "projection_offsets",
    "credit_accounts",
    "cancellations",
    "operator_actions",
    "redrives",
    "erasures",
    "retired_ranges",
    "ledger_closings",
    "look_reports",
)

ROLES: tuple[Role, ...] = (
    Role(
        "api",
        {
            "tenants": "SELECT",
            "api_keys": "SELECT, INSERT, UPDATE (last_used_at, revoked_at, expires_at, name)",
            "look_reports": "SELECT, INSERT",
            "uploads": "SELECT, INSERT, DELETE, UPDATE (created_at)",  # old ones: locked, removed
            "refused_requests": "SELECT, INSERT, DELETE, UPDATE (created_at)",
            "console_drafts": "SELECT, INSERT, DELETE, UPDATE (draft, updated_at)",
            "console_sessions": "SELECT, INSERT, DELETE, UPDATE (seen_at)",
            "credit_accounts": "SELECT, UPDATE (balance, low_balance)",
            "ledger_entries": "SELECT, INSERT",
            "request_logs": "SELECT, INSERT",
            "outbox": "INSERT",
            # old ones are locked, then removed
            "idempotency_keys": "SELECT, INSERT, DELETE, UPDATE (created_at)",
            "cancellations": "SELECT, INSERT",
            "job_events": "SELECT",
            "job_event_gaps": "SELECT",
            "webhooks": "SELECT, INSERT, DELETE, "
            "UPDATE (url, event_types, description, disabled_reason, disabled_at, failing_since, "
            "failures, include_image_url)",
            # Written and rotated without ever being read.
            "webhook_secrets": "SELECT (secret_id, webhook_id, expires_at), INSERT (webhook_id, "
            "secret), "
            "UPDATE (expires_at), DELETE",
            "webhook_deliveries": "SELECT, INSERT, UPDATE (status, due_at, tries, leased_until)",
        },
        entries="kind = 'charge' OR kind = 'goodwill'",
    ),
    Role("outbox_relay", {"outbox": "SELECT, DELETE", "partition_growths": "SELECT"}),
    Role(
        "deadline_sweeper",
        {
            "request_logs": "SELECT",
            "job_events": "SELECT",
            "projection_offsets": "SELECT",
            "partition_growths": "SELECT",
            "audits": "SELECT",
        },
    ),
    Role("dead_letter", {"request_logs": "SELECT", "failure_claims": "SELECT, INSERT"}),
    Role(
        "credit_ledger",
        {
            "request_logs": "SELECT",
            "ledger_entries": "SELECT, INSERT",
            "credit_accounts": "SELECT, UPDATE (balance)",
        },
        entries="kind = 'refund'",
    ),
    Role(
        "status_projection",
        {
            "request_logs": "SELECT, UPDATE (status, updated_at, error_code, error_message, "
            "error_item_index, result)",
            "job_events": "SELECT, INSERT, UPDATE (seq)",
            "projection_offsets": "SELECT, INSERT, UPDATE (next_offset, moved_at)",
            "job_event_gaps": "SELECT, INSERT, DELETE, UPDATE (missing)",
            "partition_growths": "SELECT",
        },
    ),
    Role(
        "webhooks",
        {
            "request_logs": "SELECT (request_id, tenant_id, environment, credits_cost)",
            "webhooks": "SELECT, UPDATE (disabled_reason, disabled_at, failing_since, failures)",
            "webhook_secrets": "SELECT",
            "webhook_deliveries": "SELECT, INSERT, DELETE, UPDATE (status, attempts, tries, "
            "due_at, leased_until, last_at, "
            "last_duration_ms, last_status_code, last_error, last_answer)",
        },
    ),
    Role("auditor", {**dict.fromkeys(_AUDITED, "SELECT"), "audits": "SELECT, INSERT"}),
    Role(
        "operator",
        {
            **dict.fromkeys(_AUDITED, "SELECT"),
            "tenants": "SELECT, INSERT, UPDATE (engine, quality_floor)",
            "api_keys": "SELECT, INSERT, UPDATE (revoked_at, expires_at, capabilities)",
            "credit_accounts": "SELECT, INSERT, UPDATE (balance)",
            "ledger_entries": "SELECT, INSERT",
            # a column, because locking a row takes one
            "request_logs": "SELECT, INSERT, UPDATE (updated_at)",
            "outbox": "SELECT, INSERT",
            "operator_actions": "SELECT, INSERT",
            "operator_keys": "SELECT, INSERT, UPDATE (last_used_at, revoked_at)",
            "operator_sessions": "SELECT, INSERT, DELETE, UPDATE (seen_at)",
            "audits": "SELECT, INSERT",
            "webhooks": "SELECT (webhook_id, tenant_id, disabled_reason)",
            "redrives": "SELECT, INSERT",
            "partition_growths": "SELECT, INSERT, UPDATE (since_ms)",
        },
        # a redriven request costs nothing
        entries="kind = 'grant' OR kind = 'charge' AND amount = 0",
    ),
)
"""The compositor has none: it knows Kafka and S3 only."""
BY_PROCESS: dict[str, Role] = {role.process: role for role in ROLES}

SCRAM_ITERATIONS = 4096
_MEMBERSHIPS = r"""
SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
  JOIN pg_roles l ON l.oid = m.member
WHERE l.rolname = $1 AND r.rolname LIKE 'looks\_%'"""
_LOGIN = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class BadLogin(ValueError):
    """A login's name or password that is not taken; the message says why, and shows no password."""


async def apply(dsn: str) -> list[str]:
    """Make the roles and their grants as declared, no more and no less, in one transaction; returns
    the new roles.

    Safe to repeat, also while processes work. Raises asyncpg's PostgresError when it may not, or a
    table is missing.
    """
    connection = await asyncpg.connect(dsn, target_session_attrs=WRITABLE)
    try:
        async with connection.transaction():
            await advisory.hold(connection, Lock.ROLES)
            known = {
                row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")
            }
            fresh = [role.name for role in ROLES if role.name not in known]
            await connection.execute("\n".join(_statements(fresh)))
        return fresh
    finally:
        await connection.close()


def _statements(fresh: list[str]) -> list[str]:
    """Names come from this module, not from outside."""
    made = [f"CREATE ROLE {name} NOLOGIN;" for name in fresh]
    made.append("ALTER TABLE ledger_entries ENABLE ROW LEVEL SECURITY;")
    for role in ROLES:
        made.append(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role.name};")
        made += [
            f"GRANT {privileges} ON {table} TO {role.name};"
            for table, privileges in role.tables.items()
        ]
        made += _policies(role)
    return made


def _policies(role: Role) -> list[str]:
    reads, adds = f"{role.name}_reads", f"{role.name}_adds"
    made = [f"DROP POLICY IF EXISTS {policy} ON ledger_entries;" for policy in (reads, adds)]
    if "ledger_entries" in role.tables:
        made.append(
            f"CREATE POLICY {reads} ON ledger_entries FOR SELECT TO {role.name} USING (true);"
        )
    if role.entries:
        made.append(
            f"CREATE POLICY {adds} ON ledger_entries FOR INSERT TO {role.name} WITH CHECK "
            f"({role.entries});"
        )
    return made


async def create_login(dsn: str, role: Role, login: str, password: str) -> None:
    """Let this login in, as a member of the role and of no other of ours; one that exists gets the
    new password.

    Postgres is sent the password's SCRAM verifier, so that neither its log nor its activity view
    ever shows it. Raises BadLogin, or asyncpg's PostgresError.
    """
    if not _LOGIN.fullmatch(login) or login in {one.name for one in ROLES}:
        raise BadLogin(f"{login!r} is no name for a login")
    if not (password.isascii() and password.isprintable() and len(password) >= 12):
        raise BadLogin("a password has at least 12 characters, all of them printable ASCII")
    verifier = scram_verifier(password, secrets.token_bytes(16))
    connection = await asyncpg.connect(dsn, target_session_attrs=WRITABLE)
    try:
        async with connection.transaction():
            await advisory.hold(connection, Lock.ROLES)
            ours = await connection.fetch(_MEMBERSHIPS, login)
            exists = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", login)
            if exists and not ours:
                raise BadLogin(f"{login} exists and is a member of no role of Looks")
            verb = "ALTER" if exists else "CREATE"
            await connection.execute(f"{verb} ROLE {login} LOGIN PASSWORD '{verifier}'")
            for row in ours:
                await connection.execute(f"REVOKE {row['rolname']} FROM {login}")
            await connection.execute(f"GRANT {role.name} TO {login}")
    finally:
        await connection.close()


def scram_verifier(password: str, salt: bytes) -> str:
    """What Postgres keeps of a password (RFC 5802, RFC 7677). ASCII only: SASLprep leaves it as it
    is.
    """
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, SCRAM_ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt_text, stored_text, server_text = (
        base64.b64encode(part).decode() for part in (salt, stored, server)
    )
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{salt_text}${stored_text}:{server_text}"
