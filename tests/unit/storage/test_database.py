"""Which of the database's words mean "another connection, later", and which are a fault."""

import asyncpg
import pytest

from storage.database import DATABASE_AWAY


def told(sqlstate: str) -> Exception:
    """The error that asyncpg makes of a server's answer."""
    return asyncpg.PostgresError.new({"C": sqlstate, "M": "said the server", "S": "ERROR"})


@pytest.mark.parametrize(
    "sqlstate",
    [
        "25006",  # read-only
        "25P03",  # idle in transaction for too long
        "08000",
        "08003",
        "08006",
        "08P01",  # a pooler that lost its server
        "26000",  # a pooler's other session: no such prepared statement
        "42P05",  # the same: there is one already
        "28000",
        "28P01",  # the new primary does not know our password yet
        "3D000",
        "40001",
        "40P01",  # deadlock
        "53000",
        "53100",  # disk full
        "53200",
        "53300",  # too many connections
        "55P03",
        "57014",  # statement timeout
        "57P01",  # terminated by an administrator
        "57P02",
        "57P03",  # starting up
        "58030",  # its disk
    ],
)
def test_what_passes_by_itself_is_unavailable(sqlstate: str) -> None:
    assert isinstance(told(sqlstate), DATABASE_AWAY)


@pytest.mark.parametrize("sqlstate", ["42501", "42P01", "42601", "23505", "22P02", "XX000"])
def test_what_is_wrong_with_us_is_an_error(sqlstate: str) -> None:
    assert not isinstance(told(sqlstate), DATABASE_AWAY)
