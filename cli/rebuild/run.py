"""A rebuild from its beginning to its end: read the topics into shadow tables, compare, swap.

The projection may run all the while. Every row that it has written came from a record below the
ends taken at the start or below its own offsets; in the transaction that compares, the shadow
tables are brought up to both.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.rebuild.history import Count, TellCount, catch_up, load
from runtime.settings import DatabaseSettings, KafkaSettings
from storage.rebuild import Compared, Offsets, comparing, projected
from storage.shadow import ShadowTables, alone

if TYPE_CHECKING:
    from lake.reading import LakeSource


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was read and what differed. `behind`: records that the projection had yet to read; their
    rows count as different.

    `swapped`: whether the rows that differed were replaced.
    """

    count: Count
    compared: Compared
    behind: int
    swapped: bool
    seconds: float


async def rebuild(  # noqa: PLR0913 (three places and three that are named)
    kafka: KafkaSettings,
    database: DatabaseSettings,
    lake: "LakeSource | None",
    *,
    dry_run: bool = False,
    keep_shadow: bool = False,
    tell: TellCount = lambda _: None,
) -> Rebuilt:
    """Rebuild; the live tables change in one transaction at the end or not at all.

    Raises RebuildBusy, a ReplayError, OSError, PostgresError.
    """
    begun_s = time.monotonic()
    async with alone(database) as connection:
        shadow = ShadowTables(connection)
        await shadow.create()
        count = await load(kafka, lake, shadow, tell)
        # So that little is left for under the lock
        await catch_up(kafka, await projected(connection), shadow, count)
        async with comparing(connection, to_swap=not dry_run) as comparison:
            reached = await comparison.projected()
            behind = _behind(reached, count)
            await catch_up(kafka, reached, shadow, count)
            compared = await comparison.compare(count.complete_since)
            swapped = not dry_run and bool(compared.events or compared.requests)
            if swapped:
                await comparison.swap()
        if not keep_shadow:
            await shadow.drop()
    return Rebuilt(count, compared, behind, swapped, time.monotonic() - begun_s)


def _behind(reached: Offsets, count: Count) -> int:
    return sum(max(0, end - reached.get(part, 0)) for part, end in count.ends.items())
