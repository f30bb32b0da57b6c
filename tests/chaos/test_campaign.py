"""A short campaign: the same code, load and faults as the long ones, on three brokers."""

import tempfile
from pathlib import Path

import pytest

from chaos.campaign import Campaign, run

SHORT = Campaign(seed=20, faults=60, requests=500, over_s=50, sample=50)


@pytest.mark.timeout(900)
async def test_a_short_campaign_breaks_no_promise(capsys: pytest.CaptureFixture[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="looks-chaos-", ignore_cleanup_errors=True) as folder, capsys.disabled():
        report = await run(SHORT, Path(folder), lambda _: None)
    assert report.clean, "\n".join(report.lines())
    assert sum(report.struck.values()) > SHORT.faults / 2, report.struck
    assert report.verdict.outcomes.get("SUCCESS", 0) > report.accepted / 4, report.verdict.outcomes
