"""A short campaign: the same code, load and faults as the long ones, on three brokers."""

import tempfile
from pathlib import Path

import pytest

from chaos.campaign import Campaign, run
from chaos.plan import INSTANCES

FEW = {**dict.fromkeys(INSTANCES, 1), "compositor": 2}
SHORT = Campaign(seed=20, faults=25, requests=200, over_s=60, sample=50, instances=FEW)
"""A process that is killed takes seconds of a core to come back: more faults on two cores would
leave nothing to strike.
"""


@pytest.mark.hostile(row=25)
@pytest.mark.hostile(row=26)
@pytest.mark.timeout(900)
async def test_a_short_campaign_breaks_no_promise(capsys: pytest.CaptureFixture[str]) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="looks-chaos-", ignore_cleanup_errors=True) as folder,
        capsys.disabled(),
    ):
        report = await run(SHORT, Path(folder), lambda _: None)
    assert report.clean, "\n".join(report.lines())
    assert sum(report.struck.values()) >= SHORT.faults / 3, report.missed
    assert report.verdict.outcomes.get("SUCCESS", 0) > 0, report.verdict.outcomes
