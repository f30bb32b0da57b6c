"""The audit's textfile says what was found, promise by promise, and replaces the one before."""

from datetime import timedelta
from pathlib import Path

from cli.audit_metrics import write
from operations.auditing.tally import Tally
from tests.making import NOW


def test_the_file_says_every_promise_and_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "looks.prom"
    write(file, Tally(requests=7, quarantined=5, redriven=2, discarded=1, by_promise={4: 3}), NOW)
    said = file.read_text()
    for line in (
        'looks_audit_violations{promise="4"} 3.0',
        'looks_audit_violations{promise="9"} 0.0',
        'looks_audit_quarantined{state="open"} 2.0',
        "looks_audit_requests 7.0",
    ):
        assert line in said
    assert float(said.rsplit("looks_audit_finished_timestamp_seconds ", 1)[1]) == NOW.timestamp()
    write(file, Tally(), NOW + timedelta(hours=1))
    assert 'looks_audit_violations{promise="4"} 0.0' in file.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["looks.prom"]
