"""Alert rules speak only of metrics and labels that exist, and each says how bad it is and what to
do.
"""

import re
import shutil
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from api.ops.console import ops_files
from cli.audit_metrics import registry
from domain.redriving import Fault
from operations.auditing.tally import Tally
from runtime import metrics
from schemas.failures import FailureCode

FILE = Path(__file__).resolve().parents[2] / "deploy" / "alerts.yml"
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(FILE.read_text())["groups"] for rule in group["rules"]
]


def samples() -> dict[str, set[str]]:
    """Every sample name with its labels: of the processes' metrics and of the audit's textfile."""
    known: dict[str, set[str]] = {}
    collectors: Iterable[Any] = [
        one for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)
    ]
    for collector in collectors:
        for family in collector.describe():
            for suffix in SUFFIXES[family.type]:
                known[family.name + suffix] = set(collector._labelnames) | (
                    {"le"} if suffix == "_bucket" else set()
                )
    for family in registry(Tally(), datetime.now(UTC)).collect():
        for sample in family.samples:
            known.setdefault(sample.name, set()).update(sample.labels)
    return known


def labels_used(expr: str) -> set[str]:
    """Names in {...} and in by (...)."""
    inside = re.findall(r"[{,]\s*(\w+)\s*(?:=~|!~|!=|=)", expr)
    grouped = [
        name.strip() for names in re.findall(r"\bby \(([^)]*)\)", expr) for name in names.split(",")
    ]
    return {*inside, *grouped}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_names_metrics_that_exist_and_says_what_to_do(rule: dict[str, Any]) -> None:
    known = samples()
    named = set(re.findall(r"\blooks_\w+", rule["expr"]))
    assert named
    assert named <= set(known)
    assert labels_used(rule["expr"]) <= set().union(*(known[name] for name in named))
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"]["summary"]
    assert len(rule["annotations"]["action"]) > 40
    shown = re.findall(r"\$labels\.(\w+)", str(rule["annotations"]))
    assert set(shown) <= labels_used(rule["expr"]), "a label that the expression aggregates away"
    assert rule["expr"].count("(") == rule["expr"].count(")")


SCREENS = {
    rule["alert"]: urlsplit(rule["annotations"]["screen"]).fragment.removeprefix("/")
    for rule in RULES
    if "screen" in rule["annotations"]
}
FILTERS = {
    "days": {"1", "7", "30"},
    "fault": {fault.value for fault in Fault},
    "reason": {code.value for code in FailureCode},
}


def test_an_alert_leads_to_a_view_of_the_operators_console_with_filters_that_it_has() -> None:
    views = set(re.findall(r'(\w+): \(\) => import\("', ops_files()["main.js"].content.decode()))
    for alert, screen in SCREENS.items():
        view, _, query = screen.partition("?")
        assert view in views, alert
        for name, value in parse_qsl(query):
            assert view in {"letters", "quarantine"}, alert
            assert value in FILTERS[name], alert
    of_letters = {rule["alert"] for rule in RULES if "dead_letters_total" in rule["expr"]}
    assert of_letters <= set(SCREENS)
    told = [rule["annotations"]["action"] for rule in RULES if rule["alert"] not in SCREENS]
    assert [action for action in told if "looks dlq" in action or "looks audit" in action] == []


def test_reasons_named_in_rules_exist() -> None:
    (reasons,) = {
        match[1] for rule in RULES if (match := re.search(r'reason=~"([^"]+)"', rule["expr"]))
    }
    assert set(reasons.split("|")) <= {code.value for code in FailureCode}


def test_what_operators_must_hear_of_has_a_rule() -> None:
    spoken_of = " ".join(rule["expr"] for rule in RULES)
    for name in (
        "looks_consumer_lag_records",
        "looks_dead_letters_total",
        "looks_outbox_oldest_seconds",
        "looks_outbox_unreadable_total",
        "looks_database_not_writable",
        "looks_offset_jumps_total",
        "looks_events_lost_total",
        "looks_breaker_trips_total",
        "looks_expired_total",
        'outcome=~"quarantined|unhandled"',
        "looks_session_restarts_total",
        "looks_lanes_reopened_total",
        "looks_lanes_not_open",
        "looks_open_transaction_seconds",
        "looks_event_collisions_total",
        "looks_deferred",
        "looks_group_lag_seconds",
        "looks_webhook_oldest_due_seconds",
        "looks_audit_violations",
        "looks_partitions_differ",
        'reason="photo_not_processed"',
        "looks_http_requests_total",
        "looks_http_request_seconds_bucket",
        "looks_process_ready",
        "looks_finish_seconds_count",
    ):
        assert name in spoken_of
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


def test_prometheus_takes_the_rules() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("there is no promtool: the rules are not checked by Prometheus")
    words = [promtool, "check", "rules", str(FILE)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
