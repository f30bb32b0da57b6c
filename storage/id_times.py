"""Request ids begin with the time they were made: a range of times is a range of ids."""

from datetime import UTC, datetime, timedelta

from ulid import ULID

CLOCKS_DIFFER = timedelta(hours=1)
"""A request's id begins with the time of the process that made it, `created_at` is the database's:
never further apart.
"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def first_id(at: datetime) -> str:
    """The smallest request id of a moment; of any moment before 1970 the smallest of all."""
    since = max(timedelta(0), at - _EPOCH)
    return str(ULID.from_bytes((since // timedelta(milliseconds=1)).to_bytes(6) + bytes(10)))


def ids_from(at: datetime) -> str:
    """No request that was created at or after this moment has a smaller id."""
    return first_id(at - min(CLOCKS_DIFFER, at - datetime.min.replace(tzinfo=UTC)))


def ids_until(at: datetime) -> str:
    """No request that was created before this moment has this id or a larger one."""
    return first_id(at + min(CLOCKS_DIFFER, datetime.max.replace(tzinfo=UTC) - at))
