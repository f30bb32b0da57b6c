"""`python -m chaos.stranger forget GROUP SECONDS | records TOPIC | elect | hang TOPIC | fence ID`:
what a stranger does to Kafka, in a process of its own.

The client library here, librdkafka, ends its whole process where a broker dies at an odd moment (an
assertion in its admin client); a campaign goes on without it. LOOKS_KAFKA_BOOTSTRAP says where.
`hang` prints a line once its transaction is open, and aborts it when its standard input ends. Exit
0: done. Anything else: Kafka did not do it.
"""

import os
import sys
import time
from collections.abc import Callable
from typing import Final

from confluent_kafka import ElectionType, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

WAIT_S: Final = 15.0
EMPTY_POLL_S: Final = 0.5
TRANSACTION_MS: Final = 20_000
"""Kafka aborts a stranger's transaction by itself after this."""
OPEN: Final = "open"
NOT_DONE: Final = 1


def forget(admin: AdminClient, group: str, within_s: str) -> bool:
    """Delete a group with its offsets, once it is empty."""
    give_up_s = time.monotonic() + float(within_s)
    while time.monotonic() < give_up_s:
        try:
            admin.delete_consumer_groups([group])[group].result()
        except KafkaException:
            time.sleep(EMPTY_POLL_S)
        else:
            return True
    return False


def records(admin: AdminClient, topic: str) -> bool:
    """Delete all that a topic has now."""
    places = [TopicPartition(topic, number, -1) for number in _numbers(admin, topic)]
    for answer in admin.delete_records(places).values():
        answer.result()
    return True


def elect(admin: AdminClient) -> bool:
    """Every partition back to its preferred leader; False when all of them were there."""
    told = admin.elect_leaders(ElectionType.PREFERRED, None).result()
    return any(error is None for error in told.values())


def hang(admin: AdminClient, topic: str) -> bool:
    """Leave a transaction open on each partition of a topic."""
    producer = _producer(f"stranger-{topic}")
    producer.begin_transaction()
    for number in _numbers(admin, topic):
        producer.produce(topic, b"stray", key=b"stray", partition=number)
    producer.flush(WAIT_S)
    sys.stdout.write(f"{OPEN}\n")
    sys.stdout.flush()
    sys.stdin.read()
    producer.abort_transaction(WAIT_S)
    return True


def fence(_: AdminClient, transactional_id: str) -> bool:
    """Take a transactional id, as its next owner would."""
    _producer(transactional_id)
    return True


def _numbers(admin: AdminClient, topic: str) -> list[int]:
    return [*admin.list_topics(topic, timeout=WAIT_S).topics[topic].partitions]


def _producer(transactional_id: str) -> Producer:
    made = Producer(
        {
            "bootstrap.servers": _bootstrap(),
            "transactional.id": transactional_id,
            "transaction.timeout.ms": TRANSACTION_MS,
        }
    )
    made.init_transactions(WAIT_S)
    return made


def _bootstrap() -> str:
    return os.environ["LOOKS_KAFKA_BOOTSTRAP"]


DEEDS: Final[dict[str, Callable[..., bool]]] = {
    "forget": forget,
    "records": records,
    "elect": elect,
    "hang": hang,
    "fence": fence,
}


def main(deed: str, *words: str) -> int:
    """The exit code."""
    try:
        done = DEEDS[deed](AdminClient({"bootstrap.servers": _bootstrap()}), *words)
    except KafkaException as error:
        sys.stderr.write(f"{error}\n")
        return NOT_DONE
    return 0 if done else NOT_DONE


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
