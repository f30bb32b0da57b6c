"""The roles of Postgres: what each is granted is what it declares, and enough for what its process
asks.
"""

import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from devstack.stack import Stack
from domain.api_keys import CAPABILITIES, make_key
from domain.projection import Changes
from domain.redriving import RecordPosition, Verb
from domain.webhook_events import WebhookMessage
from domain.webhooks import AttemptResult, NextTry, ObservedAttempt, make_secret
from schemas.events import CreditRefund
from schemas.failures import FailureCode
from schemas.ids import new_request_id
from storage import roles
from storage.acceptance import Acceptance
from storage.accounts import AccountStore
from storage.audit_facts import snapshot
from storage.cancellations import CancellationStore
from storage.claims import ClaimResult, ClaimStore
from storage.jobs import JobFilter, JobStore
from storage.operator_actions import Intent, OperatorActions
from storage.operator_views import OperatorViews
from storage.outbox import OutboxRow, OutboxStore
from storage.overdue import OverdueStore
from storage.projection import ProjectionStore
from storage.redrives import RedriveStore
from storage.refunds import RefundStore
from storage.roles import ROLES, Role
from storage.submissions import Accepted
from storage.webhook_deliveries import DeliveryRow, DeliveryStore
from storage.webhook_outbox import WebhookOutbox
from storage.webhooks import NewSecret, NewWebhook, WebhookChange, WebhookStore
from tests.integration.accepting import ENVIRONMENT, TENANT, accept, submission

_TABLES = """
SELECT c.relname AS on_table, a.privilege_type AS what
FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
WHERE r.rolname = $1 AND c.relkind IN ('r', 'p', 'v', 'S')"""
_COLUMNS = """
SELECT c.relname AS on_table, a.privilege_type || ' (' || string_agg(t.attname, ', '
  ORDER BY t.attname) || ')' AS what
FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid, aclexplode(t.attacl) a
  JOIN pg_roles r ON r.oid = a.grantee
WHERE r.rolname = $1 GROUP BY c.relname, a.privilege_type"""


@pytest.fixture
async def dsn(services: Stack) -> str:
    """The services' database, with the roles made."""
    made = services.env["LOOKS_DATABASE_URL"]
    await roles.apply(made)
    return made


@asynccontextmanager
async def acting_as(dsn: str, process: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections that may do what a process may."""
    role = roles.BY_PROCESS[process].name
    async with asyncpg.create_pool(
        dsn, min_size=1, max_size=4, server_settings={"role": role}
    ) as pool:
        yield pool


def declared(role: Role) -> set[tuple[str, str]]:
    """Table and privilege, as the catalogue words them: columns by name."""
    found = set()
    for table, privileges in role.tables.items():
        for verb, columns in re.findall(r"([A-Z]+)(?: \(([^)]*)\))?", privileges):
            found.add(
                (table, f"{verb} ({', '.join(sorted(columns.split(', ')))})" if columns else verb)
            )
    return found


async def granted(pool: asyncpg.Pool, role: Role) -> set[tuple[str, str]]:
    rows = [*await pool.fetch(_TABLES, role.name), *await pool.fetch(_COLUMNS, role.name)]
    return {(row["on_table"], row["what"]) for row in rows}


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.process)
async def test_a_role_has_what_it_declares_and_nothing_else(
    dsn: str, pool: asyncpg.Pool, role: Role
) -> None:
    assert await granted(pool, role) == declared(role)
    powers = (
        "SELECT rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls FROM "
        "pg_roles WHERE rolname = $1"
    )
    assert await pool.fetchval(powers, role.name) is False
    owned = (
        "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = $1"
    )
    assert await pool.fetchval(owned, role.name) == 0


async def test_every_table_is_somebodys_to_use(dsn: str, pool: asyncpg.Pool) -> None:
    rows = await pool.fetch(
        """SELECT relname AS tablename FROM pg_class WHERE relnamespace = 'public'::regnamespace
           AND relkind IN ('r', 'p') AND NOT relispartition"""
    )
    used = {table for role in ROLES for table in role.tables}
    assert {row["tablename"] for row in rows} - used == {"schema_migrations"}


async def test_what_was_granted_by_hand_is_taken_back(dsn: str, pool: asyncpg.Pool) -> None:
    await pool.execute("GRANT UPDATE, DELETE ON ledger_entries TO looks_api")
    await pool.execute("GRANT UPDATE (status) ON request_logs TO looks_api")
    assert await roles.apply(dsn) == []
    api = roles.BY_PROCESS["api"]
    assert await granted(pool, api) == declared(api)


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.process)
async def test_no_role_can_change_the_ledger_or_switch_its_triggers_off(
    dsn: str, role: Role
) -> None:
    async with acting_as(dsn, role.process) as pool:
        for statement in (
            "UPDATE ledger_entries SET amount = 0",
            "DELETE FROM ledger_entries",
            "TRUNCATE ledger_entries",
            "ALTER TABLE ledger_entries DISABLE TRIGGER ledger_append_only",
            "DROP TRIGGER ledger_append_only ON ledger_entries",
            "ALTER TABLE ledger_entries DISABLE ROW LEVEL SECURITY",
            "SET session_replication_role = replica",
            "CREATE TABLE mine (id int)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.execute(statement)


@pytest.mark.parametrize(
    ("process", "kind"),
    [
        ("api", "refund"),
        ("api", "grant"),
        ("credit_ledger", "goodwill"),
        ("operator", "goodwill"),
        ("credit_ledger", "charge"),
        ("credit_ledger", "grant"),
        ("operator", "refund"),
    ],
)
async def test_a_role_enters_only_its_own_kind_of_entry(dsn: str, process: str, kind: str) -> None:
    amount = -1 if kind == "charge" else 1
    request_id, reference = (
        (None, new_request_id()) if kind == "grant" else (new_request_id(), None)
    )
    async with acting_as(dsn, process) as pool:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await pool.execute(
                """INSERT INTO ledger_entries (tenant_id, environment, kind, amount, request_id,
                reference)
                   VALUES ('demo', 'live', $1, $2, $3, $4)""",
                kind,
                amount,
                request_id,
                reference,
            )


async def test_the_api_does_its_work_and_moves_no_status(dsn: str) -> None:
    async with acting_as(dsn, "api") as pool:
        acceptance = Acceptance(pool, batch_max=8, queue_max=8)
        (request_id,) = await accept(acceptance)
        assert await CancellationStore(pool).cancel("demo", "live", request_id)
        store = AccountStore(pool)
        assert await store.balance("demo", "live") > 0
        assert (await store.statement("demo", "live", 1))[0].request_id == request_id
        assert await store.credential(make_key("live", secrets.choice)) is None
        assert [
            job.request_id for job in await JobStore(pool).jobs("demo", "live", JobFilter(), 1)
        ] == [request_id]
        assert await JobStore(pool).events(request_id, 0) == []
        for statement in (
            "UPDATE request_logs SET status = 'IN_PROGRESS'",
            "DELETE FROM outbox",
            "DELETE FROM api_keys",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.execute(statement)


async def test_failure_and_refund_are_claimed_entered_and_projected_by_their_roles(
    dsn: str, pool: asyncpg.Pool
) -> None:
    one = submission()
    assert isinstance(await Acceptance(pool, batch_max=8, queue_max=8).accept(one), Accepted)
    async with acting_as(dsn, "dead_letter") as theirs:
        assert (
            await ClaimStore(theirs).claim(
                one.request_id, FailureCode.EXPIRED.value, "look.dead-letter", 0, 1
            )
            is ClaimResult.WON
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await theirs.execute("DELETE FROM failure_claims")
    async with acting_as(dsn, "credit_ledger") as theirs:
        charges = await RefundStore(theirs).charges([one.request_id])
        event = CreditRefund(
            request_id=one.request_id,
            tenant_id=one.tenant_id,
            amount=one.credits_cost,
            reason=FailureCode.EXPIRED,
            refunded_at=datetime.now(UTC),
        )
        assert await RefundStore(theirs).refund([(event, charges[one.request_id])]) == {
            one.request_id
        }
        assert await RefundStore(theirs).refund([(event, charges[one.request_id])]) == set()
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await theirs.execute(
                "INSERT INTO credit_accounts (tenant_id, environment) VALUES ('demo', 'live')"
            )
    async with acting_as(dsn, "status_projection") as theirs:
        store = ProjectionStore(theirs)
        place = ("roles-test", int(new_request_id()[-4:], 36) % 10_000)
        await store.apply(Changes(), {place: (0, 5)})
        assert (await store.positions([place]))[place].next_offset == 5
        assert await store.tenants([one.request_id]) == {one.request_id: one.tenant_id}
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await theirs.execute("UPDATE request_logs SET credits_cost = 0")


async def test_the_relay_and_the_sweeper_do_their_work_and_see_no_money(
    dsn: str, pool: asyncpg.Pool
) -> None:
    await accept(Acceptance(pool, batch_max=8, queue_max=8), deadline_s=-10)
    published: list[OutboxRow] = []

    async def publish(rows: object, growths: object) -> None:
        published.extend(rows)  # type: ignore[arg-type]  # a sequence of rows

    async with acting_as(dsn, "outbox_relay") as theirs:
        while await OutboxStore(theirs).oldest_age_s():
            await OutboxStore(theirs).relay(publish, 100)
        assert published
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await theirs.execute("SELECT * FROM request_logs")
    async with acting_as(dsn, "deadline_sweeper") as theirs:
        store = OverdueStore(theirs)
        late = await store.overdue(await store.now(), 10_000)
        assert late
        assert len(await store.still_open([one.request.request_id for one in late])) == len(late)
        assert await ProjectionStore(theirs).positions([("no such topic", 0)]) == {}
        assert await store.growths() == ()
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await theirs.execute("SELECT * FROM ledger_entries")


async def test_an_auditor_reads_everything_it_checks_and_an_operator_manages_tenants(
    dsn: str, pool: asyncpg.Pool
) -> None:
    (request_id,) = await accept(Acceptance(pool, batch_max=8, queue_max=8))
    async with snapshot(f"{dsn}?role=looks_auditor") as view:
        assert await view.accounts()
        assert await view.ledger_is_append_only()
        assert await view.charges_without_request() == []
        assert isinstance(await view.projected(), dict)
        assert request_id in {row.request_id async for row, _ in view.requests()}
    async with acting_as(dsn, "operator") as theirs:
        store, tenant = AccountStore(theirs), f"t{new_request_id().lower()}"
        assert await store.create_tenant(tenant, [f"users/{tenant}/"])
        key_id, _ = await store.create_key(tenant, "live", CAPABILITIES)
        assert await store.grant(tenant, "live", 5, "r")
        assert (await store.balance(tenant, "live"), len(await store.keys(tenant))) == (5, 1)
        newer, _, _ = await store.rotate_key(key_id, timedelta(hours=1))
        assert await store.revoke_key(newer)
        views, url = OperatorViews(theirs), "https://hooks.test/looks"
        assert await views.tenants(tenant, 9, with_broken_webhooks=True) == []
        await pool.execute(
            """INSERT INTO webhooks (webhook_id, tenant_id, environment, url, event_types,
                 disabled_reason, disabled_at)
               VALUES ($1, $2, 'live', $3, '{look.failed}', 'failing', now())""",
            new_request_id(),
            tenant,
            url,
        )
        (seen,) = await views.tenants(tenant, 9, with_broken_webhooks=True)
        assert (seen.tenant_id, seen.live, seen.keys, seen.webhooks_disabled) == (tenant, 5, 1, 1)
        assert (await views.facts()).webhooks_disabled >= 1


async def test_an_operator_redrives_a_refunded_look_at_no_cost_and_charges_nobody(
    dsn: str, pool: asyncpg.Pool
) -> None:
    one = submission()
    assert isinstance(await Acceptance(pool, batch_max=8, queue_max=8).accept(one), Accepted)
    event = CreditRefund(
        request_id=one.request_id,
        tenant_id=TENANT,
        amount=10,
        reason=FailureCode.INTERNAL,
        refunded_at=datetime.now(UTC),
    )
    refunds = RefundStore(pool)
    await refunds.refund([(event, (await refunds.charges([one.request_id]))[one.request_id])])
    await pool.execute(
        "UPDATE request_logs SET status = 'FAILURE', error_code = 'internal' WHERE request_id = $1",
        one.request_id,
    )
    async with acting_as(dsn, "operator") as theirs:
        number = int(one.request_id[-6:].encode().hex(), 16)
        intent = Intent(
            new_request_id(),
            Verb.RERUN,
            RecordPosition("look.dead-letter", 0, number),
            "an operator",
            "",
        )
        again = await RedriveStore(theirs).rerun(one.request_id, intent, 60)
        assert again is not None
        assert (await RedriveStore(theirs).standings([one.request_id]))[
            one.request_id
        ].redriven_as == again
        async with OperatorActions(theirs).alone():
            assert len(await OperatorActions(theirs).of_request(one.request_id)) <= 1
        for statement in (
            "UPDATE operator_actions SET reason = ''",
            "DELETE FROM redrives",
            "DELETE FROM outbox",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await theirs.execute(statement)
    assert (
        await pool.fetchval("SELECT amount FROM ledger_entries WHERE request_id = $1", again) == 0
    )


async def test_webhooks_are_managed_by_the_api_and_sent_by_their_process(dsn: str) -> None:
    happening = WebhookMessage(
        new_request_id(), "look.completed", new_request_id(), b"{}", datetime.now(UTC)
    )
    webhook_id = new_request_id()
    new = NewWebhook(
        webhook_id, "https://hooks.example/", ("look.completed",), "", make_secret(b"x" * 32)
    )
    async with acting_as(dsn, "api") as theirs:
        assert await WebhookStore(theirs).create(TENANT, ENVIRONMENT, new) is not None
        assert await WebhookStore(theirs).rotate(
            TENANT, ENVIRONMENT, webhook_id, NewSecret(make_secret(b"y" * 32), 60)
        )
        sent = await DeliveryStore(theirs).send(TENANT, ENVIRONMENT, webhook_id, happening)
        assert isinstance(sent, DeliveryRow)
        assert await DeliveryStore(theirs).redeliver(
            TENANT, ENVIRONMENT, webhook_id, sent.delivery_id
        )
    async with acting_as(dsn, "webhooks") as theirs:
        outbox = WebhookOutbox(theirs)
        await outbox.add([((TENANT, ENVIRONMENT), replace(happening, event_id=new_request_id()))])
        assert await outbox.oldest_due_s() >= 0
        claims = [claim for claim in await outbox.claim(10_000) if claim.webhook_id == webhook_id]
        assert claims
        attempt = ObservedAttempt(datetime.now(UTC), 1, 200)
        await outbox.settle(claims[0], attempt, NextTry(AttemptResult.DELIVERED), datetime.now(UTC))
        await outbox.purge()
        assert await outbox.facts([new_request_id()]) == {}
        for statement in (
            "UPDATE webhooks SET url = 'x'",
            "DELETE FROM webhooks",
            "SELECT * FROM api_keys",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await theirs.execute(statement)
    async with acting_as(dsn, "api") as theirs:
        assert await WebhookStore(theirs).update(
            TENANT, ENVIRONMENT, webhook_id, WebhookChange(enabled=False)
        )
        assert await WebhookStore(theirs).delete(TENANT, ENVIRONMENT, webhook_id)


@pytest.mark.parametrize(
    ("login", "password"),
    [("postgres", "long enough"), ("looks_api", "long enough!"), ("a b", "long enough!")],
)
async def test_a_login_that_is_not_ours_or_a_weak_password_is_refused(
    dsn: str, login: str, password: str
) -> None:
    with pytest.raises(roles.BadLogin):
        await roles.create_login(dsn, roles.BY_PROCESS["api"], login, password)


async def test_the_owner_of_the_tables_can_not_be_made_a_login(
    dsn: str, pool: asyncpg.Pool
) -> None:
    owner = await pool.fetchval("SELECT current_user")  # the development stack's, or a container's
    with pytest.raises(roles.BadLogin, match="member of no role"):
        await roles.create_login(dsn, roles.BY_PROCESS["api"], owner, "long enough!")
    assert await pool.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = $1", owner)


async def test_a_login_belongs_to_one_role_and_its_password_is_kept_as_a_verifier(
    dsn: str, pool: asyncpg.Pool
) -> None:
    login = f"t_{new_request_id().lower()}"
    await roles.create_login(dsn, roles.BY_PROCESS["api"], login, "a long password")
    await roles.create_login(dsn, roles.BY_PROCESS["auditor"], login, "another long password")
    assert await pool.fetchval("SELECT pg_has_role($1, 'looks_auditor', 'member')", login)
    assert not await pool.fetchval("SELECT pg_has_role($1, 'looks_api', 'member')", login)
    kept = await pool.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = $1", login)
    assert kept.startswith("SCRAM-SHA-256$4096:")
    await pool.execute(f"DROP ROLE {login}")
