"""What alerts and dashboards ask for is told by the processes that run."""

import json
import re
from datetime import UTC, datetime

import httpx

from cli.audit_metrics import registry
from devstack.stack import Stack
from operations.auditing.tally import Tally
from tests.contract.test_alerts import RULES, SUFFIXES
from tests.contract.test_dashboards import BOARDS


def told(stack: Stack) -> set[str]:
    """The names of all samples that there can be in the processes' own words, and in the audit's
    file.
    """
    ports = json.loads((stack.folder.data / "ports.json").read_text())
    texts = [
        httpx.get(f"http://127.0.0.1:{port}/metrics").text
        for name, port in ports.items()
        if name.startswith("health_")
    ]
    of_audits = registry(Tally(), datetime.now(UTC)).collect()
    found = {sample.name for family in of_audits for sample in family.samples}
    for name, kind in re.findall(r"^# TYPE (looks_\w+) (\w+)$", "\n".join(texts), re.MULTILINE):
        found |= {name.removesuffix("_total") + suffix for suffix in SUFFIXES[kind]}
    return found


def test_every_metric_of_a_rule_or_panel_is_in_a_live_answer(stack: Stack) -> None:
    asked = " ".join(rule["expr"] for rule in RULES) + json.dumps(BOARDS)
    named = set(re.findall(r"\blooks_\w+", asked))
    assert len(named) > 30
    assert named - told(stack) == set()
