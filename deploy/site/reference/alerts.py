"""The alerts, each with what to do: the runbook's first page."""

from pathlib import Path
from typing import Final

import yaml

from deploy.site.reference.markdown import code, table, words

RULES: Final = Path(__file__).resolve().parents[2] / "alerts.yml"


def page() -> str:
    """The page."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    rows = (
        (
            code(rule["alert"]),
            rule["labels"]["severity"],
            words(rule["annotations"]["summary"]),
            words(rule["annotations"]["action"]),
            code(rule["annotations"]["screen"]) if "screen" in rule["annotations"] else "",
        )
        for rule in alerts
    )
    return "\n".join(
        [
            "# Alerts",
            "",
            "Prometheus' rules in `deploy/alerts.yml`, and what to do when one fires. "
            "[Metrics](reference/metrics.md) explains what they are computed from, [running Looks]"
            "(operations.md) the commands. `screen` is the view of "
            "[the operators' console](operators.md) where one begins.",
            *table(("alert", "severity", "what is wrong", "what to do", "screen"), rows),
        ]
    )
