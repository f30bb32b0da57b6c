"""Reading a table as it stood at one moment: day by day, only the files that can hold what is
wanted, and no more in memory than one file's rows.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, cast

import pyarrow as pa
from pyiceberg.conversions import from_bytes
from pyiceberg.expressions import (
    AlwaysFalse,
    AlwaysTrue,
    And,
    BooleanExpression,
    EqualTo,
    GreaterThanOrEqual,
    LessThan,
    Or,
)
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.table import FileScanTask, Table
from pyiceberg.types import LongType

from lake.catalog import connect, table_name
from lake.layout import arrow_schema
from lake.tables import offsets_of
from runtime.settings import LakeSettings, ObjectStoreSettings
from schemas.topics import IN_THE_LAKE, Topic

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

MOST_ROWS: Final = 200_000
"""Of a file that is read at once; a larger one, of another engine, is read by parts."""
Compare = Callable[[str, Any], BooleanExpression]
# mypy's plugin for pydantic takes their fields for their arguments
equal: Final = cast(Compare, EqualTo)
at_least: Final = cast(Compare, GreaterThanOrEqual)
below: Final = cast(Compare, LessThan)
AT_ONCE_ROWS: Final = 50_000
"""Of a day, that are sorted in memory; of a larger one each partition by itself."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
UNDATED: Final = "undated"


@dataclass(frozen=True, slots=True)
class WantedRows:
    """Which rows are wanted. `offsets`: by partition, from the first up to the second, which is not
    included; partitions that are not named are left out. None: any.
    """

    offsets: Mapping[int, tuple[int, int]]
    since: datetime | None = None
    before: datetime | None = None
    request_id: str | None = None
    tenant_id: str | None = None

    def expression(self, ends: Mapping[int, int]) -> BooleanExpression:
        """For a table that goes on at these ends: what is true of all its rows is not asked."""
        told: list[BooleanExpression] = []
        if any(self.offsets.get(number) != (0, end) for number, end in ends.items()):
            told.append(_either([_place(number, *span) for number, span in self.offsets.items()]))
        if self.since is not None:
            told.append(at_least("timestamp", self.since.isoformat()))
        if self.before is not None:
            told.append(below("timestamp", self.before.isoformat()))
        if self.request_id is not None:
            told.append(equal("request_id", self.request_id))
        if self.tenant_id is not None:
            told.append(equal("tenant_id", self.tenant_id))
        return _all(told)

    def only(self, partition: int) -> "WantedRows":
        """Of one partition."""
        kept = {number: span for number, span in self.offsets.items() if number == partition}
        return replace(self, offsets=kept)


def _place(partition: int, start: int, end: int) -> BooleanExpression:
    return _all([equal("partition", partition), at_least("offset", start), below("offset", end)])


def _either(choices: Sequence[BooleanExpression]) -> BooleanExpression:
    whole: BooleanExpression = AlwaysFalse()
    for one in choices:
        whole = Or(whole, one)
    return whole


def _all(told: Sequence[BooleanExpression]) -> BooleanExpression:
    whole: BooleanExpression = AlwaysTrue()
    for one in told:
        whole = And(whole, one)
    return whole


@dataclass(frozen=True, slots=True)
class LakeDay:
    """The files of one day that may hold wanted rows. `rows`: of these files."""

    name: str
    tasks: Sequence[FileScanTask]

    @property
    def rows(self) -> int:
        """At most so many are wanted."""
        return sum(task.file.record_count for task in self.tasks)


class LakeSnapshot:
    """One topic's table, as it was when this was made. Its calls raise what `lake.errors.AWAY`
    names, also when upkeep has removed the snapshot's files meanwhile.
    """

    def __init__(self, topic: Topic, table: Table) -> None:
        """Look at where the table stands."""
        self.topic = topic
        self.ends = offsets_of(table)
        self._table = table

    def days(self, wanted: WantedRows) -> list[LakeDay]:
        """In their order."""
        found: dict[str, list[FileScanTask]] = defaultdict(list)
        if wanted.offsets and self._table.current_snapshot() is not None:
            for task in self._table.scan(self._filter(wanted)).plan_files():
                found[_day(task)].append(task)
        return [LakeDay(name, found[name]) for name in sorted(found)]

    def batches(self, day: LakeDay, wanted: WantedRows) -> Iterator[pa.Table]:
        """The wanted rows of a day, in the columns of `layout.arrow_schema`, file by file."""
        asked = self._filter(wanted)
        number = self._table.schema().find_field("offset").field_id
        for task in day.tasks:
            for one in _parts(task, number, asked):
                yield from self._scan([task], one)

    def in_order(self, day: LakeDay, wanted: WantedRows) -> Iterator[pa.Table]:
        """The same, one partition after the other, each in the order of its offsets."""
        if day.rows <= AT_ONCE_ROWS:
            yield from _sorted(self.batches(day, wanted))
            return
        for number in sorted(wanted.offsets):
            yield from _sorted(self._scan(day.tasks, self._filter(wanted.only(number))))

    def _filter(self, wanted: WantedRows) -> BooleanExpression:
        return wanted.expression(self.ends)

    def _scan(self, tasks: Sequence[FileScanTask], asked: BooleanExpression) -> Iterator[pa.Table]:
        table, schema = self._table, arrow_schema(self.topic)
        scan = ArrowScan(table.metadata, table.io, table.schema(), asked)
        for task in tasks:
            for batch in scan.to_record_batches([task]):
                yield conformed(pa.Table.from_batches([batch]), schema)


def _day(task: FileScanTask) -> str:
    parted = task.file.partition
    days = parted[0] if len(parted) else None
    return UNDATED if days is None else f"{EPOCH + timedelta(days=days):%Y-%m-%d}"


def _parts(task: FileScanTask, number: int, asked: BooleanExpression) -> list[BooleanExpression]:
    """What to ask of a file so that no answer has many more rows than MOST_ROWS, if offsets are
    spread evenly. `number`: of the field that holds them.
    """
    count, file = -(-task.file.record_count // MOST_ROWS), task.file
    lower, upper = (file.lower_bounds or {}).get(number), (file.upper_bounds or {}).get(number)
    if count <= 1 or lower is None or upper is None:
        return [asked]
    first, end = int(from_bytes(LongType(), lower)), int(from_bytes(LongType(), upper)) + 1
    begins = [first + (end - first) * part // count for part in range(count)]
    return [
        _all([asked, at_least("offset", start), below("offset", after)])
        for start, after in pairwise([*begins, end])
        if after > start
    ]


def _sorted(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    held = list(tables)
    if held:
        whole = pa.concat_tables(held)
        yield whole.sort_by([("partition", "ascending"), ("offset", "ascending")])


def conformed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """In the columns of a schema; what a table does not have is null."""
    columns = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


class LakeSource:
    """The tables of a configured lake."""

    def __init__(self, lake: LakeSettings, store: ObjectStoreSettings) -> None:
        """Connect. Raises NoLake, and what `lake.errors.AWAY` names."""
        self._schema_name = lake.schema_here
        self._catalog: Catalog = connect(lake, store)

    def snapshot(self, topic: str) -> LakeSnapshot | None:
        """A topic's table as it is now; None where there is none."""
        declared = next((one for one in IN_THE_LAKE if one.name == topic), None)
        name = (self._schema_name, table_name(topic))
        if declared is None or not self._catalog.table_exists(name):
            return None
        return LakeSnapshot(declared, self._catalog.load_table(name))
