"""Each alert fires for what it is about, says so, and is silent just short of it: under promtool,
by made-up series.
"""

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.test_alerts import RULES

Series = dict[str, str]
"""What Prometheus has scraped, a sample a minute, in promtool's notation: `0+2x60` grows by 2."""

AUDITED = "looks_last_audit_timestamp_seconds"
AUDIT_FILE = "looks_audit_finished_timestamp_seconds"
PROCESSES = (
    "api",
    "outbox_relay",
    "deadline_sweeper",
    "compositor",
    "dead_letter",
    "credit_ledger",
    "status_projection",
    "webhooks",
)


def ready(*names: str, value: int = 1) -> Series:
    """These processes are seen."""
    return {f'looks_process_ready{{process="{name}"}}': f"{value}x120" for name in names}


def late_answers(share_of_100: int) -> Series:
    """So many in a hundred requests took between 1 and 2.5 s."""
    name = 'looks_http_request_seconds_bucket{method="POST", route="/v1/look", le='
    early = f"0+{100 - share_of_100}x60"
    return {f'{name}"1"}}': early, f'{name}"2.5"}}': "0+100x60", f'{name}"+Inf"}}': "0+100x60"}


@dataclass(frozen=True)
class Case:
    """One alert: it fires at `at` by `wrong`, and not by `fine`."""

    alert: str
    wrong: Series
    fine: Series
    summary: str
    at: str = "30m"
    every: str = "1m"
    labels: dict[str, str] = field(default_factory=dict)

    def rule(self) -> dict[str, Any]:
        """Its rule."""
        (rule,) = (one for one in RULES if one["alert"] == self.alert)
        return rule

    def tests(self) -> list[dict[str, Any]]:
        """As promtool takes them."""
        told = [
            {
                "exp_labels": {**self.rule()["labels"], **self.labels},
                "exp_annotations": {**self.rule()["annotations"], "summary": self.summary},
            }
        ]
        return [
            {
                "name": f"{self.alert}, {name}",
                "interval": "1m",
                "input_series": [{"series": one, "values": value} for one, value in made.items()],
                "alert_rule_test": [
                    {"eval_time": self.at, "alertname": self.alert, "exp_alerts": expected}
                ],
            }
            for name, made, expected in (("wrong", self.wrong, told), ("fine", self.fine, []))
        ]


LAG = 'looks_consumer_lag_records{consumer="webhooks", topic="look.failed", partition='
OPEN = 'looks_open_transaction_seconds{consumer="webhooks", topic="look.failed", partition="3"}'
HANDLED = 'looks_records_total{consumer="webhooks", topic="look.failed", outcome='
BURNT = (
    "Looks miss their deadline so often that a month's allowance (1 in 200) is used up in two days"
)
ANSWERS = 'looks_http_requests_total{method="POST", route="/v1/look", status='
COMPOSED = 'looks_records_total{consumer="compositor", topic="look.requested", outcome="done"}'
FINISHED = 'looks_finish_seconds_count{outcome="SUCCESS"}'
CASES = (
    Case(
        "LooksConsumerLag",
        {f'{LAG}"1"}}': "6000x60", f'{LAG}"2"}}': "6000x60"},
        {f'{LAG}"1"}}': "10000x60"},
        "webhooks is 12000 records behind",
        labels={"consumer": "webhooks"},
    ),
    Case(
        "LooksConsumerHeldBack",
        {'looks_in_flight{consumer="compositor"}': "5000x60"},
        {'looks_in_flight{consumer="compositor"}': "4999x60"},
        "The compositor has had as many looks in hand as it takes for ten minutes",
        labels={"consumer": "compositor"},
    ),
    Case(
        "LooksFailingByOurFault",
        {'looks_dead_letters_total{reason="timeout"}': "0+3x60"},
        {
            'looks_dead_letters_total{reason="timeout"}': "0+1x60",
            'looks_dead_letters_total{reason="no_garment"}': "0+300x60",
        },
        "0.05 looks a second fail by our fault and are refunded",
    ),
    Case(
        "LooksPhotosNotProcessed",
        {'looks_dead_letters_total{reason="photo_not_processed"}': "0+1x90"},
        {'looks_dead_letters_total{reason="photo_not_processed"}': "0 0 0 20x90"},
        "60 looks in an hour failed on photos that our code can't take",
        at="80m",
    ),
    Case(
        "LooksPartitionsDiffer",
        {'looks_partitions_differ{consumer="webhooks", topic="look.failed"}': "-2x60"},
        {'looks_partitions_differ{consumer="webhooks", topic="look.failed"}': "0x60"},
        "look.failed has -2 partitions beyond those declared",
        labels={"topic": "look.failed"},
    ),
    Case(
        "LooksFailing",
        {'looks_dead_letters_total{reason="no_garment"}': "0+40x60", COMPOSED: "0+100x60"},
        {'looks_dead_letters_total{reason="no_garment"}': "0+20x60", COMPOSED: "0+100x60"},
        "More than three in ten looks fail",
    ),
    Case(
        "LooksOutboxStuck",
        {"looks_outbox_oldest_seconds": "0+60x60"},
        {"looks_outbox_oldest_seconds": "10x60"},
        "An accepted request has waited 30m 0s to reach Kafka",
    ),
    Case(
        "LooksOutboxUnreadable",
        {"looks_outbox_unreadable_total": "0x20 1x60"},
        {"looks_outbox_unreadable_total": "1x60"},
        "The outbox holds events that their subscribers can't read",
    ),
    Case(
        "LooksDatabaseNotWritable",
        {"looks_database_not_writable": "1x60"},
        {"looks_database_not_writable": "0x60"},
        "A process can't write to Postgres",
    ),
    Case(
        "LooksRecordsGone",
        {'looks_offset_jumps_total{consumer="webhooks", topic="look.failed"}': "0x20 1x60"},
        {'looks_offset_jumps_total{consumer="webhooks", topic="look.failed"}': "1x60"},
        "Records of look.failed were gone before webhooks read them",
        labels={"consumer": "webhooks", "topic": "look.failed"},
    ),
    Case(
        "LooksEventsLost",
        {"looks_events_lost_total": "0+2x60"},
        {"looks_events_lost_total": "4x60"},
        "30 events of finished jobs will never be shown",
    ),
    Case(
        "LooksBreakerOpen",
        {'looks_breaker_trips_total{consumer="compositor"}': "0+1x60"},
        {'looks_breaker_trips_total{consumer="compositor"}': "3x60"},
        "compositor has stopped itself: most failures are its own fault",
        labels={"consumer": "compositor"},
    ),
    Case(
        "LooksExpired",
        {"looks_expired_total": "0+1x60"},
        {"looks_expired_total": "5x60"},
        "10 looks were not finished by their deadline",
    ),
    Case(
        "LooksQuarantine",
        {f'{HANDLED}"unhandled"}}': "0+1x60"},
        {f'{HANDLED}"done"}}': "0+1x60"},
        "webhooks could not handle 15 records of look.failed",
        labels={"consumer": "webhooks", "topic": "look.failed"},
    ),
    Case(
        "LooksSessionRestarts",
        {'looks_session_restarts_total{consumer="webhooks", cause="fenced"}': "0+1x90"},
        {'looks_session_restarts_total{consumer="webhooks", cause="fenced"}': "0 0 0 5x90"},
        "webhooks began anew 60 times in an hour: fenced",
        at="80m",
        labels={"consumer": "webhooks", "cause": "fenced"},
    ),
    Case(
        "LooksLanesReopened",
        {'looks_lanes_reopened_total{consumer="compositor"}': "0+1x90"},
        {'looks_lanes_reopened_total{consumer="compositor"}': "0 0 0 5x90"},
        "compositor lost patience with Kafka 60 times in an hour, one partition at a time",
        at="80m",
        labels={"consumer": "compositor"},
    ),
    Case(
        "LooksEventCollision",
        {"looks_event_collisions_total": "0+1x60"},
        {"looks_event_collisions_total": "1x60"},
        "15 events had the number of another event of their request",
    ),
    Case(
        "LooksLanesNotOpen",
        {'looks_lanes_not_open{consumer="compositor"}': "2x60"},
        {'looks_lanes_not_open{consumer="compositor"}': "0x27 2x60"},
        "compositor does not work on 2 of its partition numbers",
        labels={"consumer": "compositor"},
    ),
    Case(
        "LooksTransactionLeftOpen",
        {OPEN: "0+60x60"},
        {OPEN: "60x60"},
        "look.failed[3] has had a transaction open for 30m 0s: its readers see nothing newer",
        labels={"topic": "look.failed", "partition": "3"},
    ),
    Case(
        "LooksTenantsDeferred",
        {'looks_deferred{consumer="compositor"}': "50001x60"},
        {'looks_deferred{consumer="compositor"}': "50000x60"},
        "50001 records of tenants with more at work than their window wait in compositor",
        labels={"consumer": "compositor"},
    ),
    Case(
        "LooksSubscriberLate",
        {'looks_group_lag_seconds{group="billing", topic="look.completed"}': "5400x60"},
        {'looks_group_lag_seconds{group="billing", topic="look.completed"}': "3600x60"},
        "The group billing is 1h 30m 0s behind",
        labels={"group": "billing"},
    ),
    Case(
        "LooksWebhooksLate",
        {"looks_webhook_oldest_due_seconds": "90x60"},
        {"looks_webhook_oldest_due_seconds": "60x60"},
        "The oldest due webhook has waited 1m 30s for its try",
    ),
    Case(
        "LooksAuditViolation",
        {"looks_last_audit_violations": "2x60", 'looks_audit_violations{promise="5"}': "0x60"},
        {"looks_last_audit_violations": "0x60", 'looks_audit_violations{promise="5"}': "0x60"},
        "The last audit found 2 broken promises",
    ),
    Case(  # one that could not be kept, but has written its file
        "LooksAuditViolation",
        {"looks_last_audit_violations": "0x60", 'looks_audit_violations{promise="5"}': "2x60"},
        {'looks_audit_violations{promise="5"}': "0x60"},
        "The last audit found 2 broken promises",
    ),
    Case(
        "LooksQuarantineUnsettled",
        {'looks_audit_quarantined{state="open"}': "3x2000"},
        {'looks_audit_quarantined{state="discarded"}': "3x2000"},
        "3 quarantined records wait for an operator",
        at="25h",
        every="30m",
        labels={"state": "open"},
    ),
    Case(  # none yet
        "LooksAuditStale",
        {AUDITED: "0x300"},
        {AUDITED: "0+60x300"},
        "No audit has finished in two hours",
        at="3h",
    ),
    Case(
        "LooksAuditStale",
        {AUDITED: "0x300", AUDIT_FILE: "0x300"},
        {AUDITED: "0x300", AUDIT_FILE: "0+60x300"},
        "No audit has finished in two hours",
        at="3h",
    ),
    Case(
        "LooksAuditStale", {"up": "1x60"}, {AUDITED: "0x60"}, "No audit has finished in two hours"
    ),
    Case(
        "LooksApiErrors",
        {f'{ANSWERS}"500"}}': "0+2x60", f'{ANSWERS}"202"}}': "0+98x60"},
        {f'{ANSWERS}"500"}}': "0+1x60", f'{ANSWERS}"404"}}': "0+99x60"},
        "More than one in a hundred answers of the API is a 5xx",
    ),
    Case(
        "LooksApiSlow",
        late_answers(2),
        late_answers(1),
        "One in a hundred requests to /v1/look waits 1.75s for its answer",
        labels={"route": "/v1/look"},
    ),
    Case(
        "LooksProcessAbsent",
        ready(*PROCESSES[1:]),
        ready(*PROCESSES),
        "No instance of api is seen",
        labels={"process": "api"},
    ),
    Case(
        "LooksProcessNotReady",
        ready("webhooks", value=0),
        ready("webhooks", value=0)
        | {'looks_process_ready{process="webhooks", instance="2"}': "1x60"},
        "Every instance of webhooks has been not ready for five minutes",
        labels={"process": "webhooks"},
    ),
    Case(
        "LooksDeadlinesBurn",
        {'looks_dead_letters_total{reason="expired"}': "0+8x90", FINISHED: "0+100x90"},
        # An hour ago it was bad; it is over.
        {'looks_dead_letters_total{reason="expired"}': "0+20x60 1200x30", FINISHED: "0+100x90"},
        BURNT,
        at="80m",
    ),
)


def test_each_alert_has_a_case() -> None:
    assert {case.alert for case in CASES} == {rule["alert"] for rule in RULES}


def written(folder: Path, case: Case) -> str:
    """The file of one case, with its rule alone beside it: all rules at each minute take long."""
    rule, tests = folder / "rule.yml", folder / "tests.yml"
    folder.mkdir()
    rule.write_text(yaml.safe_dump({"groups": [{"name": "one", "rules": [case.rule()]}]}))
    made = {"rule_files": [rule.name], "evaluation_interval": case.every, "tests": case.tests()}
    tests.write_text(yaml.safe_dump(made))
    return str(tests)


def test_each_alert_fires_for_what_it_is_about_and_is_silent_short_of_it(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("there is no promtool (Debian: in the package prometheus): no rule is run")
    files = [written(tmp_path / str(at), case) for at, case in enumerate(CASES)]
    words = [promtool, "test", "rules", *files]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") == len(CASES)
