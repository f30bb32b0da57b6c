"""The audit of a full system against a bare loop that reads the same topics and drops them, in the
same run.

The audit runs in a process of its own, over requests that all went well. One picture is sampled,
and it is not there: so an audit that looks at nothing would be seen.
"""

import asyncio
import os
import tempfile
import time
from collections import Counter
from contextlib import aclosing
from pathlib import Path

from bench.rebuild import fill, rebuilt
from bench.replay import timed
from devstack.stack import Stack
from runtime.reading import chunks, partitions_of, spans
from runtime.settings import DatabaseSettings, KafkaSettings
from runtime.topic_facts import AUDITED
from storage.database import open_pool

REQUESTS = int(os.environ.get("LOOKS_BENCH_AUDIT_REQUESTS", "100000"))

AUDIT = """
import asyncio, json, resource, time
from operations.auditing.checking import Scope, findings
from operations.auditing.tally import Tally
from runtime.settings import DatabaseSettings, KafkaSettings, LookSettings, ObjectStoreSettings
from storage.object_store import ObjectStore
tally, found = Tally(), []
async def main():
    store = ObjectStore(ObjectStoreSettings())
    scope = Scope(DatabaseSettings().dsn, KafkaSettings(), LookSettings(), store, 30.0, 1)
    async for violation in findings(scope, tally):
        found.append(str(violation))
begun = time.perf_counter()
asyncio.run(main())
peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"s": time.perf_counter() - begun, "requests": tally.requests,
                  "records": tally.records, "violations": len(found), "peak_mb": peak_kb // 1024,
                  "first": found[0] if found else ""}))
"""

ENTRY = ("tenant_id", "environment", "kind", "amount", "request_id", "reference")


async def _bare(kafka: KafkaSettings) -> float:
    """Records a second of a loop that drops them."""
    there = await spans(kafka, await partitions_of(kafka, AUDITED))
    count, begun_s = 0, time.perf_counter()
    async with aclosing(chunks(kafka, there)) as fetched:
        async for records in fetched:
            count += len(records)
    return count / (time.perf_counter() - begun_s)


async def _charge(database: DatabaseSettings, rows: list[tuple[object, ...]]) -> None:
    """Accounts of nothing left: each tenant was granted what its rows (id, tenant, environment,
    items, cost, ...) cost.
    """
    spent = Counter[tuple[object, object]]()
    for _, tenant, environment, _, cost, *_ in rows:
        spent[tenant, environment] += int(str(cost))
    grants = [
        (tenant, environment, "grant", spent[tenant, environment], None, "bench")
        for tenant, environment in spent
    ]
    charges = [(row[1], row[2], "charge", -int(str(row[4])), row[0], None) for row in rows]
    async with open_pool(database) as pool, pool.acquire() as connection:
        tenants = [(tenant, ["users/"]) for tenant in {tenant for tenant, _ in spent}]
        await connection.copy_records_to_table(
            "tenants", records=tenants, columns=("tenant_id", "key_prefixes")
        )
        await connection.copy_records_to_table(
            "credit_accounts",
            records=[(*account, 0) for account in spent],
            columns=("tenant_id", "environment", "balance"),
        )
        await connection.copy_records_to_table(
            "ledger_entries", records=[*grants, *charges], columns=ENTRY, timeout=600
        )


def measure() -> dict[str, object]:
    """Rates, the ratio, memory, and the one violation."""
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder) / "stack", ())
        stack.start()
        try:
            kafka = KafkaSettings(bootstrap=stack.env["LOOKS_KAFKA_BOOTSTRAP"])
            database = DatabaseSettings.model_validate({"url": stack.env["LOOKS_DATABASE_URL"]})
            rows = asyncio.run(fill(kafka, database, REQUESTS))
            rebuilt(stack)
            asyncio.run(_charge(database, rows))
            bare = asyncio.run(_bare(kafka))
            audited = timed(AUDIT, env=stack.env)
        finally:
            stack.stop()
    if audited["requests"] != REQUESTS or audited["violations"] != 1:
        raise RuntimeError(f"the audit saw {audited}")
    per_s = audited["records"] / audited["s"]
    return {
        "requests": REQUESTS,
        "records": int(audited["records"]),
        "seconds": round(audited["s"], 1),
        "audit_per_s": round(per_s),
        "bare_per_s": round(bare),
        "audit_over_bare": round(per_s / bare, 3),
        "peak_mb": audited["peak_mb"],
    }
