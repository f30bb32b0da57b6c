"""Our own processes as parts of a stack, in the order in which they start."""

import sys
import urllib.error
import urllib.request
from collections.abc import Mapping

from devstack.folder import CHECKOUT, HEALTH
from devstack.part import Part
from devstack.weights import FIRST
from lake.catalog import installed
from runtime.settings import ProcessSettings

MODULES: dict[str, str] = {
    "status_projection": "consumers.status_projection",
    "credit_ledger": "consumers.credit_ledger",
    "dead_letter": "consumers.dead_letter",
    "webhooks": "consumers.webhooks",
    "lake_writer": "consumers.lake_writer",
    "compositor": "consumers.compositor",
    "deadline_sweeper": "producers.deadline_sweeper",
    "outbox_relay": "producers.outbox_relay",
    "api": "api",
}
"""Process name -> the module that `python -m` runs."""
LAKE_WRITER = "lake_writer"
READY_WITHIN_S = 180.0
"""Some import OpenCV or Arrow, join groups or make tables first: minutes on a busy machine."""


def runnable() -> tuple[str, ...]:
    """Those whose packages are installed: the lake's are an extra."""
    return tuple(name for name in MODULES if name != LAKE_WRITER or installed())


def process(
    name: str, ports: Mapping[str, int], env: Mapping[str, str], *, instance: int = 1
) -> Part:
    """One process of ours. The part of a further instance, and its health port, are named
    `NAME-INSTANCE`.
    """
    part = name if instance == 1 else f"{name}-{instance}"
    health = ports[f"{HEALTH}{part}"]
    own = {
        **env,
        "LOOKS_INSTANCE": f"{name}-{instance}",
        "LOOKS_HEALTH_HOST": "127.0.0.1",
        "LOOKS_HEALTH_PORT": str(health),
        "PYTHONPATH": str(CHECKOUT),
        "PYTHONUNBUFFERED": "1",
    }
    if name == "api":
        own |= {"LOOKS_API_HOST": "127.0.0.1", "LOOKS_API_PORT": str(ports[part])}
    return Part(
        name=part,
        argv=(sys.executable, "-m", MODULES[name]),
        env=own,
        ready=lambda: _healthy(health),
        ready_within_s=READY_WITHIN_S,
        stop_within_s=stops_within_s(env),
        nice=FIRST if name == "api" else 0,
    )


def stops_within_s(env: Mapping[str, str]) -> float:
    """How long a process with these variables may take to stop: as long as it says itself."""
    given = {name: f"LOOKS_{name.upper()}" for name in ("pre_stop_delay_s", "drain_timeout_s")}
    said = {name: env[variable] for name, variable in given.items() if variable in env}
    return ProcessSettings.model_validate(said).stops_within_s


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=1) as answer:
            return int(answer.status) == 200
    except OSError:
        return False
