"""The Python API: events one by one, or whole selections as Arrow, pandas or polars tables."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from replaying.errors import MissingPackages
from replaying.history import plan
from replaying.records import Damaged, Piece, Replayed, newest_type, records
from replaying.selection import Selection, select
from runtime.settings import KafkaSettings

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from lake.reading import LakeSource


def replay(
    *topics: str,
    settings: KafkaSettings | None = None,
    lake: "LakeSource | None" = None,
    damaged: list[Damaged] | None = None,
    **selection: Any,
) -> Iterator[Replayed]:
    """Every readable record up to the ends as they are now, one by one; memory is flat.

    `selection`: as `replaying.selection.select` takes it: start, end, last, request_id, tenant_id.
    `lake`: its older records come from there. What can't be read is added to `damaged` when that is
    given. Raises a ReplayError.
    """
    chosen = select(topics, datetime.now(UTC), **selection)
    for piece in _pieces(chosen, settings, lake):
        good, bad = records(piece, chosen.wish())
        if damaged is not None:
            damaged.extend(bad)
        yield from good


def to_arrow(
    *topics: str,
    settings: KafkaSettings | None = None,
    lake: "LakeSource | None" = None,
    **selection: Any,
) -> "pa.Table":
    """A selection as one typed table, in memory; several event types share their columns, absent
    ones are null.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 (an extra)

        from replaying.tables import table_schema, typed  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise MissingPackages(error.name or "pyarrow") from error
    chosen = select(topics, datetime.now(UTC), **selection)
    known = {one for topic in topics if (one := newest_type(topic)) is not None}
    made = [table_schema(one).empty_table() for one in sorted(known)]
    for piece in _pieces(chosen, settings, lake):
        made += typed(piece, chosen.wish()).by_type.values()
    return pa.concat_tables(made, promote_options="permissive") if made else pa.table({})


def to_pandas(*topics: str, **options: Any) -> "pd.DataFrame":
    """`to_arrow`, as a pandas frame."""
    try:
        return to_arrow(*topics, **options).to_pandas()
    except ImportError as error:
        raise MissingPackages("pandas") from error


def to_polars(*topics: str, **options: Any) -> "pl.DataFrame":
    """`to_arrow`, as a polars frame."""
    try:
        import polars as pl  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise MissingPackages("polars") from error
    made = pl.from_arrow(to_arrow(*topics, **options))
    return made if isinstance(made, pl.DataFrame) else made.to_frame()


def _pieces(
    chosen: Selection, settings: KafkaSettings | None, lake: "LakeSource | None"
) -> Iterator[Piece]:
    reached = settings or KafkaSettings()
    for history in plan(reached, chosen, lake):
        yield from history.pieces(reached)


__all__ = ["Replayed", "replay", "to_arrow", "to_pandas", "to_polars"]
