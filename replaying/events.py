"""The Python API: events one by one, or whole selections as Arrow, pandas or polars tables."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from replaying.errors import MissingPackages
from replaying.history import plan
from replaying.records import Piece, Replayed, records
from replaying.selection import select
from runtime.settings import KafkaSettings
from schemas.reading import newest_type

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from lake.reading import LakeSource


def replay(
    *topics: str,
    settings: KafkaSettings | None = None,
    lake: "LakeSource | None" = None,
    damaged: list[Replayed] | None = None,
    **selection: Any,
) -> Iterator[Replayed]:
    """Every readable record up to the ends as they are now, one by one; memory is flat.
    `selection`: as `replaying.selection.select` takes it: start, end, last, request_id, tenant_id.
    `lake`: its older records come from there. What can't be read is added to `damaged` when that is
    given. Raises a ReplayError.
    """
    for piece in _pieces(topics, settings, lake, selection):
        good, bad = records(piece)
        if damaged is not None:
            damaged.extend(bad)
        yield from good


def to_arrow(
    *topics: str,
    settings: KafkaSettings | None = None,
    lake: "LakeSource | None" = None,
    **selection: Any,
) -> "pa.Table":
    """One typed table, in memory; several event types share their columns, absent ones are null."""
    with _analysts():
        import pyarrow as pa  # noqa: PLC0415 (an extra)

        from replaying.tables import table_schema, typed  # noqa: PLC0415 (an extra)
    known = {one for topic in topics if (one := newest_type(topic)) is not None}
    made = [table_schema(one).empty_table() for one in sorted(known)]
    for piece in _pieces(topics, settings, lake, selection):
        made += typed(piece).by_type.values()
    return pa.concat_tables(made, promote_options="permissive") if made else pa.table({})


def to_pandas(*topics: str, **options: Any) -> "pd.DataFrame":
    """`to_arrow`, as a pandas frame."""
    with _analysts():
        return to_arrow(*topics, **options).to_pandas()


def to_polars(*topics: str, **options: Any) -> "pl.DataFrame":
    """`to_arrow`, as a polars frame."""
    with _analysts():
        import polars as pl  # noqa: PLC0415 (an extra)
    return pl.DataFrame(to_arrow(*topics, **options))


def _pieces(
    topics: Sequence[str],
    settings: KafkaSettings | None,
    lake: "LakeSource | None",
    selection: Mapping[str, Any],
) -> Iterator[Piece]:
    reached = settings or KafkaSettings()
    for history in plan(reached, select(topics, datetime.now(UTC), **selection), lake):
        yield from history.pieces(reached)


@contextmanager
def _analysts() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise MissingPackages(error.name or "pandas") from error


__all__ = ["Replayed", "replay", "to_arrow", "to_pandas", "to_polars"]
