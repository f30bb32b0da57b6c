"""`looks` on real services, as an operator types it."""

import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from devstack.stack import Stack
from domain.api_keys import environment_of
from schemas.ids import new_request_id
from storage.accounts import AccountStore
from storage.migrations import MigrationChanged, migrate

CHECKOUT = Path(__file__).resolve().parents[2]


def looks(stack: Stack, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from cli.main import app; app()", *words],
        env={**os.environ, **stack.env, "PYTHONPATH": str(CHECKOUT), **env},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


async def test_a_tenant_gets_a_key_and_credits_once(services: Stack, pool: asyncpg.Pool) -> None:
    tenant = f"t{new_request_id().lower()}"
    assert (
        looks(services, "tenants", "create", tenant, "--prefix", f"users/{tenant}").stdout
        == "created\n"
    )
    assert (
        looks(services, "tenants", "create", tenant, "--prefix", f"users/{tenant}").stdout
        == "exists already\n"
    )
    key = looks(
        services, "keys", "create", "--tenant", tenant, "--environment", "test"
    ).stdout.strip()
    assert environment_of(key) == "test"
    credential = await AccountStore(pool).credential(key)
    assert credential is not None
    assert credential.key_prefixes == (f"test/users/{tenant}/",)
    stored = await pool.fetchval("SELECT key_hash FROM api_keys WHERE tenant_id = $1", tenant)
    assert key.encode() not in stored
    for said in ("granted; balance 50\n", "granted before; balance 50\n"):
        assert (
            looks(
                services,
                "credits",
                "grant",
                "--tenant",
                tenant,
                "--amount",
                "50",
                "--reference",
                "r1",
            ).stdout
            == said
        )
    assert looks(services, "keys", "revoke", credential.key_id).stdout == "revoked\n"
    assert await AccountStore(pool).credential(key) is None
    assert "revoked" in looks(services, "keys", "list", "--tenant", tenant).stdout


async def test_a_key_is_rotated_with_overlap_and_the_list_shows_it(
    services: Stack, pool: asyncpg.Pool
) -> None:
    tenant = f"t{new_request_id().lower()}"
    await AccountStore(pool).create_tenant(tenant, [f"users/{tenant}/"])
    made = looks(services, "keys", "create", "--tenant", tenant, "--expires-in", "7d")
    key_id = made.stderr.split()[2]
    rotated = looks(services, "keys", "rotate", key_id, "--overlap", "1h")
    assert rotated.returncode == 0, rotated.stderr
    for key in (made.stdout.strip(), rotated.stdout.strip()):
        assert await AccountStore(pool).credential(key) is not None
    shown = looks(services, "keys", "list", "--tenant", tenant).stdout.splitlines()
    assert len(shown) == 2
    assert " expires 20" in shown[0]
    assert f" expires - last_used - replaces {key_id}" in shown[1]
    assert looks(services, "keys", "rotate", key_id).returncode == 1


@pytest.mark.parametrize(
    "words",
    [
        ("keys", "rotate", "nothing"),
        ("keys", "create", "--tenant", "demo", "--expires-in", "soon"),
        ("tenants", "create", "thief", "--prefix", "test/users/abc"),
        ("tenants", "create", "thief", "--prefix", "cutouts/"),
        ("keys", "create", "--tenant", "nobody"),
        ("keys", "create", "--tenant", "demo", "--capability", "jobs:destroy"),
        ("keys", "revoke", "nothing"),
        ("credits", "grant", "--tenant", "nobody", "--amount", "1", "--reference", "x"),
        ("tenants", "create", "thief", "--prefix", "results/"),
        ("tenants", "create", "thief", "--prefix", "../"),
    ],
)
def test_what_can_not_be_done_is_refused_in_words(services: Stack, words: tuple[str, ...]) -> None:
    done = looks(services, *words)
    assert done.returncode == 1
    assert done.stderr.strip()


def test_negative_grants_are_refused(services: Stack) -> None:
    assert (
        looks(
            services, "credits", "grant", "--tenant", "demo", "--amount", "-5", "--reference", "x"
        ).returncode
        == 2
    )


def test_a_database_out_of_reach_is_one_line_and_exit_2(services: Stack) -> None:
    done = looks(
        services, "keys", "list", LOOKS_DATABASE_URL="postgresql://postgres@127.0.0.1:1/postgres"
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


def test_topics_and_migrations_are_safe_to_repeat(services: Stack) -> None:
    assert looks(services, "topics", "apply").stdout == "up to date\n"
    assert looks(services, "db", "migrate").stdout == "up to date\n"


async def test_a_migration_that_was_changed_after_it_was_applied_is_refused(
    services: Stack, tmp_path: Path
) -> None:
    script = tmp_path / "9999_test.sql"
    script.write_text("SELECT 1")
    assert await migrate(services.env["LOOKS_DATABASE_URL"], tmp_path) == ["9999_test.sql"]
    assert await migrate(services.env["LOOKS_DATABASE_URL"], tmp_path) == []
    script.write_text("SELECT 2")
    with pytest.raises(MigrationChanged):
        await migrate(services.env["LOOKS_DATABASE_URL"], tmp_path)


async def test_the_audit_names_what_somebody_broke(services: Stack, pool: asyncpg.Pool) -> None:
    tenant = f"t{new_request_id().lower()}"
    await AccountStore(pool).create_tenant(tenant, ["users/x/"])
    await pool.execute(
        "UPDATE credit_accounts SET balance = 7 WHERE tenant_id = $1 AND environment = 'live'",
        tenant,
    )
    try:
        done = looks(services, "audit", LOOKS_KAFKA_TRANSACTION_ABORT_INTERVAL_S="1")
        assert done.returncode == 1
        assert (
            f"VIOLATION 7 (balances are the sum of their entries) {tenant}/live: the balance is 7"
            in done.stdout
        )
    finally:
        await pool.execute("UPDATE credit_accounts SET balance = 0 WHERE tenant_id = $1", tenant)
