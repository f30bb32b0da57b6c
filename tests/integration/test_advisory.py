"""Advisory locks are of the tables that they guard."""

import asyncpg
import pytest

from devstack.stack import Stack
from storage import advisory
from storage.advisory import Lock, LockClass


async def test_installations_in_two_schemas_of_a_database_hold_up_one_another_nowhere(
    services: Stack,
) -> None:
    url = services.env["LOOKS_DATABASE_URL"]
    setting_up = await asyncpg.connect(url)
    await setting_up.execute("CREATE SCHEMA IF NOT EXISTS staging")
    ours, ours_too = await asyncpg.connect(url), await asyncpg.connect(url)
    theirs = await asyncpg.connect(url, server_settings={"search_path": "staging"})
    try:
        assert await advisory.try_until_closed(ours, Lock.OPERATOR)
        assert not await advisory.try_until_closed(ours_too, Lock.OPERATOR)
        assert await advisory.try_until_closed(theirs, Lock.OPERATOR)
        await advisory.release(ours, Lock.OPERATOR)
        assert await advisory.try_until_closed(ours_too, Lock.OPERATOR)

        async with ours.transaction(), theirs.transaction(), ours_too.transaction():
            await advisory.hold_one(ours, LockClass.TENANTS_ENDPOINTS, "abc")
            await advisory.hold_one(theirs, LockClass.TENANTS_ENDPOINTS, "abc")
            await ours_too.execute("SET LOCAL lock_timeout = '50ms'")
            with pytest.raises(asyncpg.LockNotAvailableError):
                await advisory.hold_one(ours_too, LockClass.TENANTS_ENDPOINTS, "abc")
            raise Undone
    except Undone:
        pass
    finally:
        await setting_up.execute("DROP SCHEMA staging")
        for connection in (setting_up, ours, ours_too, theirs):
            await connection.close()


class Undone(Exception):
    """The transactions are given up."""
