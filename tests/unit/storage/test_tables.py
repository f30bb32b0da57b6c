"""A process and the tables of its release: it is ready only once they are there."""

import asyncio
from typing import cast

import asyncpg

from runtime.process import Process
from runtime.settings import ProcessSettings
from storage.tables import MIGRATIONS, until_there

THIS_RELEASE = [path.name for path in MIGRATIONS.glob("*.sql")]
LATER = [*THIS_RELEASE, "9999_later.sql"]


class Database:
    """Answers with the migrations that were applied, or raises, one after the other; the last
    answer again and again.
    """

    def __init__(self, process: Process, *answers: list[str] | Exception) -> None:
        self._process = process
        self._answers = [*answers]
        self.asked: list[bool] = []
        """And whether the process said that it is ready, each time."""

    async def fetch(self, statement: str) -> list[dict[str, str]]:
        self.asked.append(self._process.serving)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return [{"name": name} for name in answer]


def ready() -> Process:
    process = Process("api", ProcessSettings())
    process.ready = True
    return process


async def waits(database: Database, process: Process) -> None:
    pool = cast(asyncpg.Pool, database)
    await asyncio.wait_for(until_there(pool, process, (OSError,), every_s=0.001), 10)


async def test_a_process_is_ready_once_the_tables_of_its_release_are_there() -> None:
    older = (asyncpg.UndefinedTableError("x"), asyncpg.InsufficientPrivilegeError("x"))
    for answers in ((LATER,), (*older, OSError("away"), THIS_RELEASE[1:], THIS_RELEASE)):
        process = ready()
        database = Database(process, *answers)
        await waits(database, process)
        assert database.asked == [False] * len(answers)
        assert process.serving


async def test_a_process_that_is_asked_to_stop_waits_no_longer() -> None:
    process = ready()
    database = Database(process, THIS_RELEASE[1:])
    waiting = asyncio.ensure_future(waits(database, process))
    while len(database.asked) < 2:
        await asyncio.sleep(0.001)
    process.stopping.set()
    await waiting
    assert not process.serving
