"""The reference of metrics: what each means and what to do when it moves."""

from datetime import UTC, datetime

from prometheus_client import Metric
from prometheus_client.metrics import MetricWrapperBase

from cli.audit_metrics import registry
from deploy.site.reference.markdown import code, table, words
from operations.auditing.tally import Tally
from runtime import metrics


def declared() -> list[MetricWrapperBase]:
    """Every metric of the processes."""
    return [one for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)]


def page() -> str:
    """The page."""
    processes = (
        (
            code(name(told)),
            str(told.type),
            ", ".join(map(code, one._labelnames)),
            words(told.documentation),
        )
        for one in declared()
        for told in one.describe()
    )
    audit = (
        (code(one.name), str(one.type), words(one.documentation))
        for one in registry(Tally(), datetime.now(UTC)).collect()
    )
    return "\n".join(
        [
            "# Metrics",
            "",
            "Each process answers `/metrics` on `LOOKS_HEALTH_PORT`, in Prometheus' format. "
            "[Alerts](../alerts.md) says which of them should wake somebody.",
            "",
            "## Of every process",
            *table(("metric", "kind", "labels", "meaning, and what to do"), processes),
            "## Of the audit",
            "",
            "Written by `looks audit --metrics-file`, for a node exporter's textfile collector.",
            *table(("metric", "kind", "meaning"), audit),
            "",
        ]
    )


def name(metric: Metric) -> str:
    """As Prometheus shows it: counters end in `_total`."""
    return f"{metric.name}_total" if metric.type == "counter" else metric.name
