"""Where the time of single looks went, by stage: Kafka dates a record when it appends it."""

from collections import defaultdict
from collections.abc import Mapping
from statistics import median

from bench.peers.rows import accepted_ms
from devstack.bootstrap import settings_of
from runtime.kafka import ConsumerRecord
from runtime.reading import read_all
from runtime.settings import KafkaSettings
from schemas.topics import LOOK_COMPLETED, LOOK_PROGRESS, LOOK_REQUESTED

STAGES = (
    ("accepted to published", "accepted", LOOK_REQUESTED.name),
    ("published to begun", LOOK_REQUESTED.name, LOOK_PROGRESS.name),
    ("begun to decided", LOOK_PROGRESS.name, LOOK_COMPLETED.name),
    ("decided to recorded", LOOK_COMPLETED.name, "recorded"),
)
"""Name, and the moments between which it lies. The last holds the commit of the decision's
transaction and the projection.
"""


async def stages(env: Mapping[str, str], seen: Mapping[str, float]) -> dict[str, float]:
    """Medians in ms of looks whose status was seen so many ms after they were accepted."""
    at_ms: dict[str, dict[str, float]] = defaultdict(dict)
    for request_id, ms in (await accepted_ms(env, [*seen])).items():
        at_ms[request_id] = {"accepted": ms, "recorded": ms + seen[request_id]}

    def take(record: ConsumerRecord) -> None:
        one = at_ms.get((record.key or b"").decode())
        if one is not None:
            one[record.topic] = float(record.timestamp)

    kafka = settings_of(KafkaSettings, env)
    await read_all(kafka, (LOOK_REQUESTED, LOOK_PROGRESS, LOOK_COMPLETED), take)
    return {
        name: round(median([one[until] - one[since] for one in at_ms.values()]), 1)
        for name, since, until in STAGES
    }
