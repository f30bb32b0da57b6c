"""From JSON text to typed Arrow arrays, without a Python object per value, and as strict as the
models are.

DuckDB splits documents into leaves that stay JSON text, so nothing is converted in passing; each
leaf is then checked and cast here. Whatever is not plainly right raises NotBulk: the caller asks
the model itself, record by record.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from lake.columns import TIME, Column

if TYPE_CHECKING:
    import duckdb

SUSPECT: Final = r"""(?i),\s*[\]}]|[:,\[]\s*-?(nan|inf)"""
"""What DuckDB's parser forgives and JSON does not: a trailing comma, a number that is none."""
SHORTEST_TIME, LONGEST_TIME = len("2026-01-01T00:00:00Z"), len("2026-01-01T00:00:00.000000Z")


class NotBulk(Exception):
    """These records must be read one by one."""


def splitter() -> "duckdb.DuckDBPyConnection":
    """A DuckDB in memory that splits JSON; for one thread."""
    import duckdb  # noqa: PLC0415 (25 MB that most replays never need)

    return duckdb.connect(
        ":memory:",
        config={"threads": 1, "memory_limit": "256MB", "autoload_known_extensions": False},
    )


def structure(column: Column) -> Any:
    """The column tree as DuckDB's `from_json` wants it."""
    if column.kind == "struct":
        return {name: structure(one) for name, one in column.fields.items()}
    if column.kind == "list":
        return [structure(column.inner)]
    if column.kind == "map":
        return _type_name(column)
    return "JSON"


def _type_name(column: Column) -> str:
    if column.kind == "struct":
        return "STRUCT({})".format(
            ", ".join(f'"{name}" {_type_name(one)}' for name, one in column.fields.items())
        )
    if column.kind == "list":
        return f"{_type_name(column.inner)}[]"
    if column.kind == "map":
        return f"MAP(VARCHAR, {_type_name(column.inner)})"
    return "JSON"


def parse(
    db: "duckdb.DuckDBPyConnection", values: Sequence[bytes | None], column: Column
) -> dict[str, pa.Array]:
    """The fields of these JSON documents, by name. Raises NotBulk."""
    import duckdb  # noqa: PLC0415 (25 MB that most replays never need)

    try:
        texts = pa.array(values, pa.string())
        texts.validate(full=True)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise NotBulk("not UTF-8") from error
    if texts.null_count or pc.any(pc.match_substring_regex(texts, SUSPECT)).as_py():
        raise NotBulk("suspect")
    documents = pa.table({"value": texts})
    shape = orjson.dumps(structure(column)).decode().replace("'", "''")
    try:
        found = (
            db.from_arrow(documents)
            .project(f"unnest(from_json_strict(value, '{shape}'))")
            .to_arrow_table()
        )
    except duckdb.Error as error:
        raise NotBulk(str(error)[:200]) from error
    return {
        name: settle(_in_one_array(found.column(name)), one, 0)
        for name, one in column.fields.items()
    }


def _in_one_array(chunks: pa.ChunkedArray) -> pa.Array:
    array = chunks.combine_chunks()
    return array if isinstance(array, pa.Array) else pa.concat_arrays(array.chunks)


def settle(array: pa.Array, column: Column, absent: int) -> pa.Array:
    """Check an array of JSON text and give it its type. `absent`: nulls that only mean that what
    holds it is null.
    """
    if not column.nullable and array.null_count > absent:
        raise NotBulk("null")
    match column.kind:
        case "struct":
            parts = [
                settle(array.field(number), one, array.null_count)
                for number, one in enumerate(column.fields.values())
            ]
            mask = pc.is_null(array) if array.null_count else None
            return pa.StructArray.from_arrays(parts, fields=list(column.arrow()), mask=mask)
        case "list" | "map":
            return _several(array, column)
        case "any":
            return array.cast(pa.string())
        case _:
            return _leaf(array.cast(pa.string()), column)


def _several(array: pa.Array, column: Column) -> pa.Array:
    sizes = pc.list_value_length(array) if column.kind == "list" else _map_sizes(array)
    bounds(sizes, column.min_size, column.max_size)
    offsets = begins_of(sizes)
    mask = pc.is_null(array) if array.null_count else None
    if column.kind == "list":
        return pa.ListArray.from_arrays(
            offsets, settle(array.flatten(), column.inner, 0), type=column.arrow(), mask=mask
        )
    keys, items = array.keys.cast(pa.string()), settle(array.items, column.inner, 0)
    return pa.MapArray.from_arrays(offsets, keys, items, type=column.arrow(), mask=mask)


def begins_of(sizes: pa.Array) -> pa.Array:
    """Where lists of these sizes begin, and where the last one ends; a null takes no room."""
    ends = pc.cumulative_sum(pc.fill_null(sizes, 0))
    return pa.concat_arrays([pa.array([0], pa.int32()), ends.cast(pa.int32())])


def _map_sizes(array: pa.Array) -> pa.Array:
    if array.offset:
        raise NotBulk("a slice of maps")
    ends = array.offsets
    if ends[0].as_py() != 0 or len(array.keys) != ends[-1].as_py():
        raise NotBulk("a slice of maps")
    return pc.subtract(ends.slice(1), ends.slice(0, len(ends) - 1))


def bounds(numbers: pa.Array, least: float | None, most: float | None) -> None:
    """Raises NotBulk for a number below the least or above the most."""
    if (least is None and most is None) or len(numbers) == numbers.null_count:
        return
    found = pc.min_max(numbers).as_py()
    if (least is not None and found["min"] < least) or (most is not None and found["max"] > most):
        raise NotBulk("out of bounds")


def _leaf(texts: pa.Array, column: Column) -> pa.Array:
    try:
        match column.kind:
            case "integer":
                numbers = texts.cast(pa.int64())
            case "number":
                numbers = texts.cast(pa.float64())
                if pc.all(pc.is_finite(numbers)).as_py() is False:
                    raise NotBulk("not finite")
            case "boolean":
                return texts.cast(pa.bool_())
            case "time":
                return times(_unquoted(texts))
            case _:
                return text(_unquoted(texts), column)
    except pa.ArrowInvalid as error:
        raise NotBulk(str(error)[:200]) from error
    bounds(numbers, column.minimum, column.maximum)
    return numbers


def _unquoted(texts: pa.Array) -> pa.Array:
    if pc.all(pc.starts_with(texts, '"')).as_py() is False:
        raise NotBulk("not a string")
    if pc.any(pc.match_substring(texts, "\\")).as_py():
        return pa.array(
            [None if text is None else orjson.loads(text) for text in texts.to_pylist()],
            pa.string(),
        )
    return pc.ascii_trim(texts, '"')


def text(texts: pa.Array, column: Column) -> pa.Array:
    """Texts, if they are what the column allows. Raises NotBulk."""
    known = pa.array(column.choices, pa.string())
    if column.choices and pc.all(pc.is_in(texts.drop_null(), value_set=known)).as_py() is False:
        raise NotBulk("not one of the choices")
    if column.min_size is not None or column.max_size is not None:
        bounds(pc.utf8_length(texts), column.min_size, column.max_size)
    if column.pattern and pc.all(pc.match_substring_regex(texts, column.pattern)).as_py() is False:
        raise NotBulk("does not match")
    return texts


def times(texts: pa.Array, *, one_by_one: bool = True) -> pa.Array:
    """Times as our events write them: seconds or parts of them, in UTC with `Z`; others one by one,
    if they may be.

    Raises NotBulk, ArrowInvalid.
    """
    if len(texts) == texts.null_count:
        return texts.cast(TIME)
    sizes = pc.min_max(pc.binary_length(texts)).as_py()
    if (
        sizes["min"] < SHORTEST_TIME
        or sizes["max"] > LONGEST_TIME
        or pc.all(pc.ends_with(texts, "Z")).as_py() is False
    ):
        if not one_by_one:
            raise NotBulk("times in another spelling")
        return _times_one_by_one(texts)
    return texts.cast(TIME)


def _times_one_by_one(texts: pa.Array) -> pa.Array:
    """Other spellings that the models accept, such as a time without a zone, which counts as
    UTC.
    """
    try:
        read = [
            None if text is None else datetime.fromisoformat(text) for text in texts.to_pylist()
        ]
    except ValueError as error:
        raise NotBulk("not a time") from error
    return pa.array(
        [at if at is None or at.tzinfo is not None else at.replace(tzinfo=UTC) for at in read], TIME
    )
