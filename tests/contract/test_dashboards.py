"""Dashboards show only metrics and labels that exist, and no panel twice."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.test_alerts import labels_used, samples

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "dashboards"
BOARDS: dict[str, dict[str, Any]] = {
    path.name: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))
}
PANELS = [
    pytest.param(panel, id=f"{name}: {panel['title']}")
    for name, board in BOARDS.items()
    for panel in board["panels"]
]


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_asks_for_what_exists(panel: dict[str, Any]) -> None:
    known = samples()
    assert panel["targets"]
    for target in panel["targets"]:
        named = set(re.findall(r"\blooks_\w+", target["expr"]))
        assert named
        assert named <= set(known)
        assert labels_used(target["expr"]) <= set().union(*(known[name] for name in named))
        shown = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
        assert shown <= labels_used(target["expr"]), "a label that is aggregated away"


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_panels_do_not_cover_one_another(board: dict[str, Any]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not taken & cells
        assert at["x"] + at["w"] <= 24
        taken |= cells
    assert len({panel["title"] for panel in board["panels"]}) == len(board["panels"])
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_what_an_operator_asks_first_is_shown() -> None:
    shown = json.dumps(BOARDS["overview.json"])
    for name in (
        "looks_finish_seconds",
        "looks_dead_letters_total",
        "looks_http_requests_total",
        "looks_process_ready",
        "looks_consumer_lag_records",
        "looks_outbox_oldest_seconds",
        "looks_last_audit_violations",
    ):
        assert name in shown


def test_prometheus_can_read_what_each_panel_asks(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("there is no promtool (Debian: in the package prometheus)")
    asked = {
        target["expr"].replace("$__rate_interval", "5m").replace("$__range", "1h")
        for board in BOARDS.values()
        for panel in board["panels"]
        for target in panel["targets"]
    }
    assert [one for one in asked if "$" in one] == []
    rules = [{"record": f"asked:{at}", "expr": one} for at, one in enumerate(sorted(asked))]
    made = tmp_path / "asked.yml"
    made.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    words = [promtool, "check", "rules", str(made)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(asked)} rules found" in done.stdout
