"""What became of a campaign: the audit's findings, and what clients were promised against what the
database says.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import asyncpg

from chaos.load import Promises
from chaos.plan import ClientWish
from devstack.folder import CHECKOUT
from domain.blame import Symptom, fault_of
from storage.database import TRANSIENT

OPEN = "SELECT count(*) FROM request_logs WHERE status NOT IN ('SUCCESS', 'FAILURE')"
UNREFUNDED = """SELECT count(*) FROM request_logs r WHERE status = 'FAILURE' AND NOT EXISTS (
  SELECT 1 FROM ledger_entries l WHERE l.request_id = r.request_id AND l.kind = 'refund')"""
OUTCOMES = "SELECT request_id, status, error_code, error_message FROM request_logs"
AUDIT_TIMEOUT_S = 900.0
CONNECT_S = 10.0
WATCH_S = 1.0
BAD_PHOTOS = (ClientWish.MISSING, ClientWish.UNREADABLE, ClientWish.LYING)
OUR_FAULTS = (None, "expired", "internal", "timeout")
LOSSES = tuple(f"fault {fault_of(symptom)}" for symptom in (Symptom.DIED, Symptom.OUT_OF_TIME))
"""What a campaign can do to a worker from outside. It takes no memory away and raises nothing in
the engine.
"""


@dataclass(frozen=True, slots=True)
class CampaignVerdict:
    """Every broken promise in a line; how many requests ended how."""

    violations: tuple[str, ...]
    outcomes: Mapping[str, int] = field(default_factory=dict)
    audit: str = ""


class Unfinished:
    """How many requests were without an outcome when Postgres last said so."""

    def __init__(self, database_url: str) -> None:
        """None, before it is watched."""
        self._database_url = database_url
        self.count = 0

    async def watch(self) -> None:
        """Until it is cancelled."""
        while True:
            with contextlib.suppress(*TRANSIENT):
                connection = await asyncpg.connect(self._database_url, timeout=CONNECT_S)
                try:
                    while True:
                        self.count = await connection.fetchval(OPEN, timeout=CONNECT_S)
                        await asyncio.sleep(WATCH_S)
                finally:
                    connection.terminate()
            await asyncio.sleep(WATCH_S)


async def settle(database_url: str, within_s: float) -> bool:
    """Wait until every request has its outcome and every failure its refund. False when the time is
    up.
    """
    give_up_s = asyncio.get_running_loop().time() + within_s
    while asyncio.get_running_loop().time() < give_up_s:
        try:
            connection = await asyncpg.connect(database_url)
            try:
                if not await connection.fetchval(OPEN) and not await connection.fetchval(
                    UNREFUNDED
                ):
                    return True
            finally:
                await connection.close()
        except TRANSIENT:
            pass
        await asyncio.sleep(0.5)
    return False


async def audit(env: Mapping[str, str], *words: str) -> tuple[int, list[str]]:
    """Exit code and lines of `looks audit`."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from cli.main import app; app()",
        "audit",
        *words,
        env={**os.environ, **env, "PYTHONPATH": str(CHECKOUT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(AUDIT_TIMEOUT_S):
        output, _ = await child.communicate()
    return child.returncode or 0, output.decode().splitlines()


async def audited_verdict(
    env: Mapping[str, str], promises: Promises, *, sample: int, struck: Collection[str] = ()
) -> CampaignVerdict:
    """Hold everything against everything. `sample`: pictures that are read whole; 0: all. `struck`:
    see `is_excused`.
    """
    code, lines = await audit(env, "--settle-s", "5", "--sample", str(sample))
    found = [line for line in lines if line.startswith("VIOLATION")]
    if code not in (0, 1) or (code == 1) != bool(found):
        found.append(f"the audit exited {code}: {' | '.join(lines[-5:])}")
    connection = await asyncpg.connect(env["LOOKS_DATABASE_URL"])
    try:
        told = await connection.fetch(OUTCOMES)
    finally:
        await connection.close()
    rows = {row["request_id"]: (row["status"], row["error_code"]) for row in told}
    excused = {
        row["request_id"] for row in told if is_excused(row["error_code"], row["error_message"])
    }.intersection(struck)
    found += promises.broken + broken_promises(promises, rows, excused)
    outcomes: dict[str, int] = {}
    for status, code_of_failure in rows.values():
        name = status if code_of_failure is None else f"{status} {code_of_failure}"
        outcomes[name] = outcomes.get(name, 0) + 1
    return CampaignVerdict(tuple(found), dict(sorted(outcomes.items())), lines[-1] if lines else "")


def is_excused(code: str | None, message: str | None) -> bool:
    """Whether a good photo may fail so when the campaign struck its look's worker.

    By the rule (`domain.blame`) a second worker lost to the same photos makes it theirs: nothing
    tells a kill by us from a crash by them, and a rule that let killed workers pass would let a
    photo crash workers for ever. So the code is right for looks whose own worker was struck, and
    only where it speaks of lost workers; an exception stays a finding.
    """
    return code == "photo_not_processed" and any(loss in (message or "") for loss in LOSSES)


def broken_promises(
    promises: Promises, rows: Mapping[str, tuple[str, str | None]], excused: Collection[str] = ()
) -> list[str]:
    """What clients were told and what is not so. `excused`: requests whose failure is the
    campaign's own doing. Pure.
    """
    broken = [
        f"{request_id}: answered 202 and not on record"
        for request_id in promises.accepted
        if request_id not in rows
    ]
    broken += [
        f"{key}: one idempotency key, {len(ids)} requests"
        for key, ids in promises.keys.items()
        if len(ids) > 1
    ]
    broken += [
        f"{request_id}: accepted, and its cancel was answered 404"
        for request_id, code in promises.cancels.items()
        if code == 404
    ]
    for request_id, status_code in promises.cancels.items():
        cancelled = rows.get(request_id, ("", None))[1] == "cancelled"
        if (status_code == 200) != cancelled:
            broken.append(
                f"{request_id}: its cancel was answered {status_code}, and it was "
                f"{'' if cancelled else 'not '}cancelled"
            )
    good = {ClientWish.LOOK, ClientWish.OUTFIT, ClientWish.REPEATED}
    for request_id, wish in promises.accepted.items():
        status, error = rows.get(request_id, ("", None))
        if wish in BAD_PHOTOS and status == "SUCCESS":
            broken.append(f"{request_id}: {wish}, and it succeeded")
        if wish in good and error not in OUR_FAULTS and request_id not in excused:
            broken.append(f"{request_id}: {wish}, and it failed with {error}")
    return broken
