"""A downstream team's test, with the test kit instead of Kafka."""

from looks_client.events import Decoded, decode_record
from looks_client.testkit import FakeTopic, Record, sample


def count_pictures(counts: dict[str, int], seen: set[str], records: list[Record]) -> None:
    """What is under test here: pictures by tenant, each event counted once."""
    for record in records:
        read = decode_record(record)
        if isinstance(read, Decoded) and read.meta.id not in seen:
            seen.add(read.meta.id)
            tenant = read.event.tenant_id
            counts[tenant] = counts.get(tenant, 0) + 1


def test_a_crash_before_the_commit_repeats_records_and_no_effect() -> None:
    topic = FakeTopic("look.completed")
    topic.publish(
        sample("look.completed", tenant_id="acme"), sample("look.completed", tenant_id="other")
    )
    with topic.transaction() as transaction:
        transaction.publish(sample("look.completed", tenant_id="acme"))
        transaction.abort()
    counts: dict[str, int] = {}
    seen: set[str] = set()
    subscriber = topic.subscribe("my-team.counts")
    count_pictures(counts, seen, subscriber.poll())
    subscriber.crash()
    count_pictures(counts, seen, subscriber.poll())
    subscriber.commit()
    assert counts == {"acme": 1, "other": 1}
