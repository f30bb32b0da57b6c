"""`python -m operations.auditing`: one audit for `operations.auditing.runs`, which gives the order
as the first line of the standard input and keeps that open for as long as it waits.

Prints one JSON object: `outcome`, in words. Ends when its standard input ends.
"""

import asyncio
import json
import os
import signal
import sys
import threading

from aiokafka.errors import KafkaError

from domain.audit import Violation
from lake.catalog import NoLake
from operations.auditing.lake_side import away
from operations.auditing.tally import Tally
from operations.auditing.whole import AuditOrder, BadSince, NotKept, audited
from runtime.settings import DatabaseSettings, OpsSettings
from storage.database import DATABASE_AWAY
from storage.object_store import StoreError

NICE = 10
"""Whoever serves requests on the same machine comes first."""
SHOWN = 20
"""Violations that are told; all are counted."""
SHOWN_CHARS = 400


def main() -> None:
    """Check, and say what came of it."""
    order = AuditOrder(**json.loads(sys.stdin.readline()))
    threading.Thread(target=_end_with_the_asker, daemon=True).start()
    os.nice(NICE)
    sys.stdout.write(json.dumps({"outcome": asyncio.run(_outcome(order))}) + "\n")


def _end_with_the_asker() -> None:
    """The processes that read for it too: the group is its own."""
    sys.stdin.read()
    os.killpg(0, signal.SIGKILL)


async def _outcome(order: AuditOrder) -> str:
    lines: list[str] = []
    tally = Tally()

    def found(violation: Violation) -> None:
        if len(lines) < SHOWN:
            lines.append(str(violation)[:SHOWN_CHARS])

    known = (KafkaError, StoreError, TimeoutError, NoLake, BadSince, *DATABASE_AWAY, *away())
    try:
        await audited(OpsSettings().database(DatabaseSettings()), tally, found, order)
    except NotKept:
        lines.append("This audit is not kept: `looks db roles` grants it.")
    except known as error:
        return f"could not check: {type(error).__name__}: {error}"[: 2 * SHOWN_CHARS]
    left = tally.violations - SHOWN
    more = [f"and {left} more: run `looks audit`"] if left > 0 else []
    return "\n".join((str(tally), *lines, *more))


if __name__ == "__main__":
    main()
