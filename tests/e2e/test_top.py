"""`looks top` beside a working system."""

import json

from devstack.stack import ALL, Stack
from tests.integration.test_command_line import looks


def test_every_process_that_the_stack_runs_is_shown(stack: Stack) -> None:
    ports = json.loads((stack.folder.data / "ports.json").read_text())
    places = [f"localhost:{port}" for name, port in ports.items() if name.startswith("health_")]
    words = ("top", *places, "--once", "--json", "--every-s", "0.5")
    shown = json.loads(looks(stack, *words).stdout)
    found = {one["process"]: one for one in shown["processes"] if one["ready"] is not None}
    assert set(ALL) == set(found)
    assert all(one["ready"] and one["memory_bytes"] > 0 for one in found.values())


def test_where_nobody_answers_it_says_so(stack: Stack) -> None:
    silent = looks(stack, "top", "127.0.0.1:1", "--once", "--every-s", "0.2")
    assert silent.returncode == 2
    assert " ".join(silent.stdout.split()).endswith("does not answer")
    assert "is not HOST:PORT" in looks(stack, "top", "nowhere").stderr
