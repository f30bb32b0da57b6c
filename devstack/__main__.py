"""`python -m devstack FOLDER NAMES`: the supervisor of one stack. Started by `devstack.stack`."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from devstack.bootstrap import bootstrap, environment, s3_credentials, settings_of, write_env
from devstack.folder import StackFolder, choose_ports
from devstack.kafka import kafka
from devstack.part import PartFailed
from devstack.postgres import postgres, tls_front
from devstack.processes import LAKE_WRITER, MODULES, process
from devstack.s3 import s3
from devstack.secured import Secured
from devstack.stack import AT_ONCE, hold_lock
from devstack.supervisor import Supervisor, end_orphans
from devstack.surroundings import UMASK
from lake.catalog import MISSING, installed
from runtime.settings import DatabaseSettings, KafkaSettings


def say(
    folder: StackFolder,
    phase: str,
    *,
    ready: bool = False,
    error: str = "",
    left_out: Collection[str] = (),
) -> None:
    """Tell whoever waits what is going on."""
    told = {"pid": os.getpid(), "phase": phase, "ready": ready, "error": error, "at": time.time()}
    fresh = folder.status.with_suffix(".new")
    fresh.write_text(json.dumps({**told, "left_out": sorted(left_out)}))
    fresh.replace(folder.status)


async def supervise(folder: StackFolder, processes: tuple[str, ...], extra: dict[str, str]) -> None:
    """Run the stack until asked to stop."""
    os.umask(UMASK)
    stopping, asked, at_once = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def end(number: int) -> None:
        if number == AT_ONCE:
            at_once.set()
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT, AT_ONCE):
        asyncio.get_running_loop().add_signal_handler(number, end, number)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)
    for name in folder.left_out:
        folder.bring_back(name)
    if ended := end_orphans(folder):
        say(folder, f"ended what an earlier stack had left: {', '.join(ended)}")
    ports, changed = choose_ports(folder, tuple(MODULES))
    if changed:
        say(folder, f"ports in use, chosen anew: {', '.join(changed)}")
    plain = environment(folder, ports)
    names = settings_of(KafkaSettings, plain | extra).names
    secured = Secured(folder, ports, names) if folder.secured.exists() else None
    env = plain | (secured.admin_env() if secured else {}) | extra
    if "LOOKS_S3_ENDPOINT_URL" in extra and "LOOKS_LAKE_CATALOG_URI" not in extra:
        env |= {"LOOKS_LAKE_CATALOG_URI": ""}  # S3 runs elsewhere, and no catalog beside it
        processes = tuple(name for name in processes if name != LAKE_WRITER)
    supervisor = Supervisor(folder)
    work = asyncio.create_task(_start(folder, processes, ports, env, _Hands(supervisor, secured)))
    stop = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
            work = asyncio.create_task(_leave_out(folder, supervisor, asked))
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
        work.cancel()
        say(folder, "stopping")
    finally:
        await supervisor.stop(at_once=at_once.is_set())


async def _leave_out(folder: StackFolder, supervisor: Supervisor, asked: asyncio.Event) -> None:
    """Say that all is ready but what is left out, and look again whenever asked to."""
    out: set[str] = set()
    error = ""
    while True:
        say(folder, "ready", ready=True, left_out=out, error=error)
        await asked.wait()
        asked.clear()
        out, error = folder.left_out, ""
        try:
            await supervisor.leave_out(out)
        except PartFailed as failed:
            error = str(failed)


@dataclass(frozen=True, slots=True)
class _Hands:
    supervisor: Supervisor
    secured: Secured | None


async def _start(
    folder: StackFolder,
    names: tuple[str, ...],
    ports: dict[str, int],
    env: dict[str, str],
    hands: _Hands,
) -> None:
    supervisor, secured = hands.supervisor, hands.secured
    if (
        env["LOOKS_KAFKA_BOOTSTRAP"] == environment(folder, ports)["LOOKS_KAFKA_BOOTSTRAP"]
    ):  # else: the services run elsewhere
        say(folder, "starting Kafka, Postgres and S3 (the first time downloads Kafka)")
        broker = await asyncio.to_thread(kafka, folder, ports, secured)
        store = s3(folder, ports, *s3_credentials(folder))
        front = [] if secured is None else [tls_front(folder, ports, secured)]
        await supervisor.start([broker, postgres(folder, ports, secured), *front, store])
    say(folder, "creating tables, topics, the bucket and the tenants")
    if secured is not None:
        await asyncio.to_thread(secured.admit)
    keys = await bootstrap(folder, env)
    if secured is not None:
        await asyncio.to_thread(secured.permit_kafka, settings_of(KafkaSettings, env))
        await secured.permit_database(settings_of(DatabaseSettings, env).dsn)
    write_env(folder, ports, env, keys)
    if names:
        lacking = "" if installed() else f"; without {LAKE_WRITER}: {MISSING}"
        say(folder, f"starting {', '.join(names)}{lacking}")
        await supervisor.start(
            [process(name, ports, secured.env_of(name, env) if secured else env) for name in names]
        )


def main() -> int:
    """Exit 0 when stopped, 1 when something did not start, 3 when another supervisor has the
    folder.
    """
    folder = StackFolder(Path(sys.argv[1]))
    names = tuple(name for name in sys.argv[2].split(",") if name)
    extra = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
    with hold_lock(folder) as held:
        if not held:
            return 3
        try:
            asyncio.run(supervise(folder, names, extra))
        except Exception as error:
            say(folder, "failed", error=f"{type(error).__name__}: {error}")
            return 1
        say(folder, "stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
