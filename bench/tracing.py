"""What traces cost the API: `POST /v1/look` without them, at 1 % and at 100 % of looks, turn and
turn about, each with an API of its own beside one relay and one Postgres.

Spans go to a receiver in a process of its own, which reads and forgets them. CPU is the API's, for
one request; p50 is what a client sees. Pairs stand side by side in time; their ratios are told.
Processes of the same code differ by some per cent for as long as they live, so each set of rounds
has new ones; and a second API without traces says what two equal ones differ by. On a busy machine
that is more than what is asked, so what a request pays for its span is measured by itself too.
"""

import json
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median

import uvloop

from bench.accept import TURN_S, WARM_UP_S, cpu_s, drained, spread, turn, weigh
from bench.pipeline import running
from devstack.folder import is_free
from devstack.stack import Stack
from runtime import tracing
from runtime.tracing import SpanKind
from schemas.envelope import continued

SETS = int(os.environ.get("LOOKS_BENCH_TRACING_SETS", "4"))
PAIRS = int(os.environ.get("LOOKS_BENCH_TRACING_PAIRS", "6"))
"""Rounds of each set."""
CONTROL = "off_again"
SHARES = {"off": None, CONTROL: None, "1_percent": "0.01", "100_percent": "1.0"}
"""Of all looks, by the sampler; None: without an endpoint."""
OF_SERVICES = ("LOOKS_DATABASE_", "LOOKS_KAFKA_", "LOOKS_S3_", "AWS_")
NO_LIMIT = {
    "LOOKS_API_RATE_PER_S": "100000",
    "LOOKS_API_RATE_BURST": "100000",
    "LOOKS_LOOK_CREDITS_COST": "0",
}
ALONE_TURNS, ALONE_REQUESTS = 9, 5_000
REACH = {"cpu": 1.05, "p50": 1.05}
"""At 1 %, the ratio to off that is aimed at."""


@dataclass(frozen=True, slots=True)
class TracedTurn:
    """One turn of one API."""

    cpu_us: float
    p50_ms: float
    per_s: float


def _receive(port: int) -> None:
    """Take spans and forget them."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


@contextmanager
def _receiver() -> Iterator[str]:
    port = next(port for port in range(18_000, 19_000) if is_free(port))
    process = multiprocessing.get_context("spawn").Process(target=_receive, args=(port,))
    process.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.join()


def _env(share: str | None, endpoint: str) -> dict[str, str]:
    if share is None:
        return {}
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": share,
    }


def _measured(stack: Stack) -> TracedTurn:
    headers = {"Authorization": f"Bearer {stack.env['LOOKS_API_KEY']}"}
    pid = stack.pid("api")
    before_s = cpu_s(pid)
    taken_s = uvloop.run(turn(stack.env["LOOKS_API_URL"], headers, TURN_S))
    return TracedTurn(
        (cpu_s(pid) - before_s) / len(taken_s) * 1e6,
        median(taken_s) * 1000,
        len(taken_s) / TURN_S,
    )


def _ratios(turns: list[dict[str, TracedTurn]], name: str) -> dict[str, object]:
    return {
        "cpu_over_off": spread([one[name].cpu_us / one["off"].cpu_us for one in turns]),
        "p50_over_off": spread([one[name].p50_ms / one["off"].p50_ms for one in turns]),
    }


def _alone(endpoint: str) -> dict[str, float]:
    """CPU microseconds of one request for its span and its traceparent, here and by itself, in
    turns; the sender's thread among them.
    """
    told: dict[str, list[float]] = {name: [] for name in SHARES}
    for _ in range(ALONE_TURNS):
        for name, share in SHARES.items():
            env = _env(share, endpoint)
            os.environ.update(env)
            tracing.start("bench", name)
            begun_s = time.process_time()
            for _ in range(ALONE_REQUESTS):
                span = tracing.begin("HTTP", "", SpanKind.SERVER)
                continued(span.traceparent)
                span.end()
            tracing.stop()
            told[name].append((time.process_time() - begun_s) / ALONE_REQUESTS * 1e6)
            for variable in env:
                del os.environ[variable]
    return {name: round(median(one), 2) for name, one in told.items()}


def _rounds(first: Stack, number: int, endpoint: str) -> list[dict[str, TracedTurn]]:
    """Those of one set: all shares in each round, in an order that changes."""
    with ExitStack() as ending:
        apis = {
            name: ending.enter_context(beside(first, f"{name}-{number}", _env(share, endpoint)))
            for name, share in SHARES.items()
        }
        for one in apis.values():
            headers = {"Authorization": f"Bearer {one.env['LOOKS_API_KEY']}"}
            uvloop.run(turn(one.env["LOOKS_API_URL"], headers, WARM_UP_S))
        chance, turns = random.Random(number), []
        for _ in range(PAIRS):
            order = list(apis)
            chance.shuffle(order)
            told = {}
            for name in order:
                drained(first)
                weigh([apis[name].pid("api")])
                told[name] = _measured(apis[name])
            turns.append(told)
        drained(first)
        return turns


def measure() -> dict[str, object]:
    """SETS of PAIRS rounds."""
    with _receiver() as endpoint, running(("outbox_relay",), NO_LIMIT) as first:
        turns = [one for number in range(SETS) for one in _rounds(first, number, endpoint)]
        alone = _alone(endpoint)
    return {
        "cpu_us_alone": alone,
        "rounds": len(turns),
        "cpu_us_a_request": {name: spread([one[name].cpu_us for one in turns]) for name in SHARES},
        "p50_ms": {name: spread([one[name].p50_ms for one in turns]) for name in SHARES},
        "per_s": {name: spread([one[name].per_s for one in turns]) for name in SHARES},
        **{f"at_{name}": _ratios(turns, name) for name in SHARES if name != "off"},
        "reach_at_1_percent": REACH,
        "load_average": round(os.getloadavg()[0], 1),
    }


@contextmanager
def beside(first: Stack, name: str, env: dict[str, str]) -> Iterator[Stack]:
    """Another API on the services of the first stack."""
    told = {one: value for one, value in first.env.items() if one.startswith(OF_SERVICES)}
    stack = Stack(first.folder.root / name, ("api",), told | NO_LIMIT | env)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(), indent=1) + "\n")
