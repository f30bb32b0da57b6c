"""Erasing a tenant: out of Postgres, the bucket and the lake. Amounts alone stay,
under a pseudonym.

Postgres first, in whose rows every check of the audit begins: what they say no more is looked for
nowhere. Then the bucket, then the lake, once it has read past the tenant's last record. Each step
is safe to repeat, and the record of the erasure is closed after a scan that found nothing.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

from domain.erasure import own_places, shared, words_pattern
from lake.catalog import connect, table_name
from operations.actor import Actor
from runtime import faults, logs
from runtime.faults import FaultPoint
from runtime.kafka import TopicPartition, read
from runtime.reading import between, partitions_of, spans
from runtime.records import Work
from runtime.settings import (
    ApiSettings,
    DatabaseSettings,
    KafkaSettings,
    LakeSettings,
    ObjectStoreSettings,
)
from schemas.topics import TOPICS
from storage.database import connect as connect_database
from storage.erasure import Erasure, ErasureStore, NoSuchTenant, NotNow
from storage.object_store import ObjectStore

if TYPE_CHECKING:
    from pyiceberg.table import Table

log = logs.get(__name__)

KEYS_FORGOTTEN_S = 0.5
"""Beside what the API keeps of a key: requests that were let in are accepted by then."""
ARCHIVE = "archive/"
YOUNG_S = 900.0
"""Younger files of the lake may be of a commit that is under way."""
UNTIL_THE_END = ("erasures", "tenants", "api_keys", "credit_accounts")
"""Tables in which the tenant's name goes last: what is left of an erasure is found by it."""


@dataclass(frozen=True, slots=True)
class Erasing:
    """What one erasure works with. `say`: where each step is told."""

    tenant_id: str
    store: ErasureStore
    bucket: ObjectStore
    kafka: KafkaSettings
    lake: LakeSettings
    objects: ObjectStoreSettings
    words: str
    young_s: float
    say: Callable[[str], None]


class Left(Exception):
    """Something of the tenant is left; the message says what, and what to do."""


async def hinder(at: Erasing, *, revoke: bool, leave_shared: bool) -> None:
    """Raises NotNow, NoSuchTenant, Left."""
    if lines := await at.store.refused(at.tenant_id, revoke=revoke):
        raise NotNow("\n".join(lines))
    prefixes = await at.store.prefixes()
    own = prefixes.pop(at.tenant_id)
    if (found := shared(own, prefixes)) and not leave_shared:
        raise Left(
            "\n".join(
                f"{prefix} is also of tenant {other}: --leave-shared" for prefix, other in found
            )
        )


async def begin(at: Erasing, actor: Actor, *, revoke: bool) -> Erasure:
    """The first step. Raises NotNow, NoSuchTenant."""
    if revoke and (ended := await at.store.revoke(at.tenant_id)):
        at.say(f"{ended} keys revoked")
    await asyncio.sleep(ApiSettings().key_cache_ttl_s + KEYS_FORGOTTEN_S)
    made = await at.store.begin(at.tenant_id, actor.operator, actor.why, actor.role)
    at.say(f"from now on {made.pseudonym}")
    return made


async def empty_rows(at: Erasing, erasure: Erasure) -> None:
    """Postgres."""
    done = [count async for count in at.store.forget(erasure, at.words)]
    at.say(f"Postgres: {max(done, default=0)} requests, with all that hangs on them")


async def empty_bucket(at: Erasing, erasure: Erasure) -> None:
    """Pictures, cut-outs, photos; what lies below another tenant's prefix stays. Raises
    StoreError.
    """
    others = await at.store.prefixes()
    others.pop(at.tenant_id, None)
    apart = [one for one in erasure.key_prefixes if not shared([one], others)]
    count = 0
    for place in own_places(at.kafka.names, at.tenant_id, apart):
        for keys in at.bucket.below(place):
            await asyncio.to_thread(at.bucket.delete_all, keys)
            count += len(keys)
    at.say(f"bucket: {count} objects")


async def empty_lake(at: Erasing) -> None:
    """Rows, and what still had them. Raises Left, and what a lake that is away raises."""
    if at.lake.catalog_uri is None:
        return
    from lake.erasure import erase as erase_from  # noqa: PLC0415 (needs its packages)

    tables = await asyncio.to_thread(_tables, at)
    if unread := await _unread(at, tables):
        raise Left(
            "lake: lake_writer has not written these yet, run the same command again later: "
            + ", ".join(f"{count} records of {topic}" for topic, count in unread.items())
        )
    young = 0
    for topic, table in tables.items():
        gone = await asyncio.to_thread(erase_from, table, at.tenant_id, young_s=at.young_s)
        young += gone.young
        at.say(
            f"lake: {topic}: {gone.rows} rows, {gone.snapshots} snapshots, "
            f"{gone.files + gone.left_over} files"
        )
    if young:
        raise Left(
            f"lake: {young} files of lost commits may name the tenant and are younger than "
            f"{at.young_s:g} s: run the same command again after that"
        )


def _tables(at: Erasing) -> "dict[str, Table]":
    catalog = connect(at.lake, at.objects)
    from lake.layout import TOPICS as IN_LAKE  # noqa: PLC0415 (needs its packages)

    names = {topic.name: (at.lake.schema_here, table_name(topic.name)) for topic in IN_LAKE}
    return {
        topic: catalog.load_table(name)
        for topic, name in names.items()
        if catalog.table_exists(name)
    }


async def _unread(at: Erasing, tables: "dict[str, Table]") -> dict[str, int]:
    """How many of the tenant's records each table has yet to take in."""
    from lake.layout import TOPICS as IN_LAKE  # noqa: PLC0415 (needs its packages)
    from lake.tables import offsets_of  # noqa: PLC0415 (as well)

    topics = [topic for topic in IN_LAKE if topic.name in tables]
    there = await spans(at.kafka, await partitions_of(at.kafka, topics), committed_only=False)
    written = {topic: offsets_of(table) for topic, table in tables.items()}
    within: dict[TopicPartition, tuple[int, int]] = {}
    for tp, (first, end) in there.items():
        if (since := max(first, written[tp.topic].get(tp.partition, 0))) < end:
            within[tp] = (since, end)
    unread: dict[str, int] = {}
    async for record in between(at.kafka, within):
        work = read(record)
        if isinstance(work, Work) and getattr(work.decoded.event, "tenant_id", "") == at.tenant_id:
            unread[record.topic] = unread.get(record.topic, 0) + 1
    return unread


async def scan(at: Erasing, besides: Sequence[str] = (), places: Sequence[str] = ()) -> list[str]:
    """Where a word of the tenant's is still found: rows, keys of the bucket (in a namespace its own
    and `places`), tables of the lake.
    """
    lines = [f"{one.table}: {one.rows} rows" for one in await at.store.found(at.words, besides)]
    word, archived, named = re.compile(at.words), 0, 0
    archive = at.kafka.names.key(ARCHIVE)
    for keys in chain.from_iterable(map(at.bucket.below, {at.kafka.names.key(""), *places})):
        archived += sum(key.startswith(archive) for key in keys)
        named += sum(word.search(key) is not None for key in keys)
    if named:
        lines.append(f"bucket: {named} keys")
    if archived:
        lines.append(
            f"{archive}: {archived} objects of topics that nobody looks into: `looks lake import` "
            "them, remove them, and erase again"
        )
    if at.lake.catalog_uri is not None:
        from lake.erasure import rows_of  # noqa: PLC0415 (needs its packages)

        for topic, table in (await asyncio.to_thread(_tables, at)).items():
            if rows := await asyncio.to_thread(rows_of, table, at.tenant_id):
                lines.append(f"lake: {rows} rows of {topic}")
    return lines


def forgotten_by(now: datetime) -> Iterator[str]:
    """When each topic has forgotten what was written until now: none is compacted."""
    for topic in TOPICS:
        gone = now + timedelta(milliseconds=topic.retention_ms)
        yield f"{topic.name}: its records are gone by {gone:%Y-%m-%d}"


@asynccontextmanager
async def erasing(
    database: DatabaseSettings,
    tenant_id: str,
    texts: Sequence[str] = (),
    *,
    young_s: float = YOUNG_S,
    say: Callable[[str], None],
) -> AsyncIterator[Erasing]:
    """Connected, as the owner of the tables."""
    connection = await connect_database(database, "looks-erase")
    try:
        yield Erasing(
            tenant_id,
            ErasureStore(connection),
            ObjectStore(ObjectStoreSettings()),
            KafkaSettings(),
            LakeSettings(),
            ObjectStoreSettings(),
            words_pattern(tenant_id, texts),
            young_s,
            say,
        )
    finally:
        await connection.close()


async def whole(at: Erasing, actor: Actor, *, revoke: bool, leave_shared: bool) -> bool:
    """Begin, or go on where it stopped. False: there is no such tenant; its places were swept."""
    erasure = await at.store.under_way(at.tenant_id)
    if erasure is None:
        try:
            await hinder(at, revoke=revoke, leave_shared=leave_shared)
            erasure = await begin(at, actor, revoke=revoke)
        except NoSuchTenant:
            await empty_bucket(at, Erasure(at.tenant_id, "", ()))
            await empty_lake(at)
            return False
    else:
        at.say(f"going on with {erasure.pseudonym}")
    await faults.at("erasure", FaultPoint.AFTER_CLAIM)
    await empty_rows(at, erasure)
    await empty_bucket(at, erasure)
    await faults.at("erasure", FaultPoint.BEFORE_FILES)
    await empty_lake(at)
    if lines := await scan(at, UNTIL_THE_END, erasure.key_prefixes):
        raise Left("\n".join(lines))
    await faults.at("erasure", FaultPoint.BEFORE_COMMIT)
    await at.store.finish(erasure, "")
    return True


async def hindrances(
    database: DatabaseSettings, tenant_id: str, *, revoke: bool, leave_shared: bool
) -> list[str]:
    """Why the tenant can't be erased now, a line each; none where its erasure is under way. Raises
    NoSuchTenant.
    """
    async with erasing(database, tenant_id, say=_unheard) as at:
        if await at.store.under_way(tenant_id) is not None:
            return []
        try:
            await hinder(at, revoke=revoke, leave_shared=leave_shared)
        except (NotNow, Left) as error:
            return str(error).splitlines()
    return []


async def erase_kept(
    database: DatabaseSettings, tenant_id: str, actor: Actor, *, revoke: bool, leave_shared: bool
) -> None:
    """Erase where nobody waits for it: how a try ended that did not finish is kept with the
    erasure's record, without a word of the tenant's.
    """
    async with erasing(database, tenant_id, say=_unheard) as at:
        try:
            await whole(at, actor, revoke=revoke, leave_shared=leave_shared)
        except Exception as error:
            log.warning("an erasure did not finish", error=type(error).__name__)
            erasure = await at.store.under_way(tenant_id)
            if erasure is not None:
                said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
                await at.store.stopped(erasure, re.sub(at.words, "(the tenant)", said)[:500])


def _unheard(line: str) -> None:
    """Of what nobody reads, the record of the erasure is enough."""
