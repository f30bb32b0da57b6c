"""One campaign: start a cluster, load it, strike it by plan, let it settle, judge."""

import asyncio
import json
import os
import platform
import struct
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from chaos.cluster import Cluster
from chaos.load import GARMENTS, LYING, NOT_A_PICTURE, PREFIX, Load
from chaos.outages import Outages
from chaos.plan import INSTANCES, TENANTS, FaultKind, orders, strikes
from chaos.poison import Recorder
from chaos.strikes import Strikes
from chaos.verdict import CampaignVerdict, Unfinished, audited_verdict, settle
from devstack.demo import object_store
from devstack.wardrobe import draw
from runtime.kafka import new_producer
from runtime.settings import KafkaSettings

SETTLE_WITHIN_S = 240.0
"""Deadline, transaction timeout and margins, and the time to restart whatever was killed last."""
SMALL_PX = (192, 256)
CREDITS = 100_000_000

WriteLine = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Campaign:
    """How large. The seed decides the rest."""

    seed: int
    faults: int
    requests: int
    over_s: float
    at_once: int = 150
    sample: int = 0
    instances: Mapping[str, int] = field(default_factory=lambda: INSTANCES)
    kinds: frozenset[FaultKind] | None = None  # none but these
    cheap: bool = False  # few pictures are drawn


@dataclass(frozen=True, slots=True)
class Report:
    """What a campaign came to."""

    campaign: Campaign
    took_s: float
    struck: Mapping[str, int]
    idle: Mapping[str, int]
    missed: Mapping[str, int]
    accepted: int
    answers: Mapping[str, int]
    settled: bool
    verdict: CampaignVerdict

    @property
    def clean(self) -> bool:
        """Whether every promise was kept."""
        return self.settled and not self.verdict.violations

    def lines(self) -> list[str]:
        """For a person."""
        verdict = "clean" if self.clean else f"{len(self.verdict.violations)} violations"
        if not self.settled:
            verdict += f", and not settled within {SETTLE_WITHIN_S:g} s"
        return [
            f"seed {self.campaign.seed}: {sum(self.struck.values())} faults, {self.accepted} "
            f"requests accepted, {verdict}",
            f"struck: {_counts(self.struck)}",
            f"struck while nothing was in flight, not counted: {_counts(self.idle)}",
            f"could not strike: {_counts(self.missed)}",
            f"answers: {_counts(self.answers)}",
            f"outcomes: {_counts(self.verdict.outcomes)}",
            f"audit: {self.verdict.audit}",
            *self.verdict.violations[:50],
        ]

    def save(self, folder: Path) -> Path:
        """As JSON, named by the seed."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"seed-{self.campaign.seed}.json"
        machine = {"cpus": os.cpu_count(), "python": platform.python_version()}
        file.write_text(
            json.dumps(
                {**asdict(self), "clean": self.clean, "machine": machine}, indent=1, default=sorted
            )
            + "\n"
        )
        return file


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


def lying() -> bytes:
    """A PNG that says it has 60,000 x 60,000 pixels, and is a few bytes."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(b"\0" * 64))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


async def run(campaign: Campaign, root: Path, say: WriteLine) -> Report:
    """Raises PartFailed when the cluster does not start; whatever happens later is in the
    report.
    """
    begun_s = time.monotonic()
    cluster = Cluster(root, campaign.instances, cheap=campaign.cheap)
    try:
        say("starting three brokers, Postgres, S3 and every process")
        await cluster.start()
        await _prepare(cluster)
        keys = await cluster.tenants(TENANTS, PREFIX, CREDITS)
        say(
            f"{campaign.requests} requests and {campaign.faults} faults within {campaign.over_s:g} "
            "s"
        )
        load = Load(cluster.apis, keys, at_once=campaign.at_once)
        struck = await _under_fire(campaign, cluster, load, say)
        say("letting it settle")
        settled = await settle(cluster.env["LOOKS_DATABASE_URL"], SETTLE_WITHIN_S)
        say("judging")
        verdict = await audited_verdict(
            cluster.env, load.promises, sample=campaign.sample, struck=cluster.workers_struck()
        )
        return Report(
            campaign,
            round(time.monotonic() - begun_s, 1),
            dict(struck.struck),
            dict(struck.idle),
            dict(struck.missed),
            len(load.promises.accepted),
            dict(load.promises.answers),
            settled,
            verdict,
        )
    finally:
        say("stopping")
        await cluster.stop()


async def _under_fire(campaign: Campaign, cluster: Cluster, load: Load, say: WriteLine) -> Strikes:
    settings = KafkaSettings(bootstrap=cluster.env["LOOKS_KAFKA_BOOTSTRAP"], replication_factor=3)
    producer = new_producer(settings, "chaos")
    await producer.start()
    try:
        outages = Outages(settings.bootstrap, cluster.env["LOOKS_DATABASE_URL"])
        unfinished = Unfinished(cluster.env["LOOKS_DATABASE_URL"])
        recorder = Recorder(settings, producer)
        striking = Strikes(cluster, recorder, outages, lambda: unfinished.count)
        without = frozenset(FaultKind) - (campaign.kinds or frozenset(FaultKind))
        without |= frozenset() if cluster.disks else frozenset({FaultKind.DISK})
        plan = strikes(
            campaign.seed,
            campaign.faults,
            campaign.over_s,
            instances=campaign.instances,
            without=without,
        )
        aside = [
            asyncio.create_task(_tell(striking, load, say)),
            asyncio.create_task(unfinished.watch()),
        ]
        try:
            await asyncio.gather(
                load.run(orders(campaign.seed, campaign.requests), campaign.over_s),
                striking.run(plan),
            )
        finally:
            for task in aside:
                task.cancel()
        cluster.wake_all()
        await outages.writable()
        return striking
    finally:
        await producer.stop()


async def _tell(striking: Strikes, load: Load, say: WriteLine) -> None:
    while True:
        await asyncio.sleep(15)
        say(f"{sum(striking.struck.values())} faults, {len(load.promises.accepted)} accepted")


async def _prepare(cluster: Cluster) -> None:
    """Garments in the bucket."""

    def upload() -> None:
        client = object_store(cluster.env)
        for name in GARMENTS:
            picture = draw(name, size_px=SMALL_PX)
            client.put_object(
                Bucket=cluster.env["LOOKS_S3_BUCKET"], Key=f"{PREFIX}/{name}.jpg", Body=picture
            )
        client.put_object(
            Bucket=cluster.env["LOOKS_S3_BUCKET"], Key=NOT_A_PICTURE, Body=b"a text file"
        )
        client.put_object(Bucket=cluster.env["LOOKS_S3_BUCKET"], Key=LYING, Body=lying())

    await asyncio.to_thread(upload)
