"""`looks topics apply` on a cluster: what keeps records safe stays, however often it is run."""

import time
from collections.abc import Iterator, Mapping, Sequence

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType
from typer.testing import CliRunner

from cli.main import app
from devstack.folder import StackFolder, free_ports
from devstack.kafka import COMMON, broker
from devstack.part import Part
from schemas.topics import LOOK_COMPLETED, TOPICS
from tests.conftest import stack_folder
from tests.integration.parts import supervised
from tests.integration.test_topic_commands import alter, own

NODES = (1, 2, 3)
HEARD_WITHIN_S = 2.0
"""A change that should not have been made would have come to every broker by then."""
FOREIGN = {"segment.ms": "86400000", "local.retention.ms": "3600000"}


def node(number: int, ports: Sequence[int], folder: StackFolder) -> Part:
    """One of three; its defaults are Kafka's own, so nothing but a topic says min ISR 2."""
    plain = dict(zip(NODES, ports[:3], strict=True))
    controllers = dict(zip(NODES, ports[3:], strict=True))
    own_plain = f"PLAINTEXT://127.0.0.1:{plain[number]}"
    return broker(
        f"kafka-{number}",
        folder,
        {
            "process.roles": "broker,controller",
            "node.id": number,
            "controller.quorum.voters": ",".join(
                f"{one}@127.0.0.1:{port}" for one, port in controllers.items()
            ),
            "controller.listener.names": "CONTROLLER",
            "listeners": f"{own_plain},CONTROLLER://127.0.0.1:{controllers[number]}",
            "advertised.listeners": own_plain,
            "log.dirs": folder.data / f"kafka-{number}",
            **COMMON,
        },
        plain[number],
        cluster_id="bG9va3MtdGhyZWUtbm9kZQ",
    )


@pytest.fixture(scope="module")
def addresses() -> Iterator[list[str]]:
    """Of three brokers."""
    with stack_folder() as root:
        folder = StackFolder(root)
        folder.create()
        ports = free_ports(6)
        with supervised(folder, [node(number, ports, folder) for number in NODES]):
            yield [f"127.0.0.1:{port}" for port in ports[:3]]


def test_three_applies_leave_min_isr_2_and_what_an_operator_set(addresses: list[str]) -> None:
    env = {
        "LOOKS_KAFKA_BOOTSTRAP": ",".join(addresses),
        "LOOKS_KAFKA_REPLICATION_FACTOR": "3",
        "LOOKS_KAFKA_PARTITIONS": "2",
    }

    def applied(**more: str) -> str:
        done = CliRunner().invoke(app, ["topics", "apply"], env=env | more)
        assert done.exit_code == 0, done.stderr
        return done.stdout

    assert applied().count("created ") == len(TOPICS)
    brokers = [AdminClient({"bootstrap.servers": one, "log_level": 0}) for one in addresses]
    alter(brokers[0], LOOK_COMPLETED.name, FOREIGN, AlterConfigOpType.SET)
    expected = {**LOOK_COMPLETED.config(), **FOREIGN, "min.insync.replicas": "2"}
    heard(brokers, expected)
    # The last one is told of one copy, which is the default: what is there has three
    for more in ({}, {}, {"LOOKS_KAFKA_REPLICATION_FACTOR": "1"}):
        assert applied(**more) == "up to date\n"
        time.sleep(HEARD_WITHIN_S)
        for broker_client in brokers:
            assert own(broker_client, LOOK_COMPLETED.name) == expected
            for topic in TOPICS:
                assert own(broker_client, topic.name)["min.insync.replicas"] == "2"


def heard(brokers: Sequence[AdminClient], expected: Mapping[str, str]) -> None:
    """Wait until each broker was told by its controller. Raises TimeoutError."""
    give_up_s = time.monotonic() + 30
    while any(own(one, LOOK_COMPLETED.name) != expected for one in brokers):
        if time.monotonic() > give_up_s:
            raise TimeoutError
        time.sleep(0.1)
