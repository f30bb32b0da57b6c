"""Procrastinate on Postgres: the job only writes its status."""

from procrastinate import App, PsycopgConnector

from bench.peers.jobs import DONE, DSN

app = App(connector=PsycopgConnector(conninfo=DSN, min_size=4, max_size=16))


@app.task(name="noop")  # type: ignore[untyped-decorator]  # Procrastinate is not in our environment
async def noop(job: str) -> None:
    """The job."""
    await app.connector.execute_query_async(DONE.replace("%s", "%(job)s"), job=job)
