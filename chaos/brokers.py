"""Three brokers on loopback, each with a listener of its own for each of our processes.

A listener advertises the port of a proxy link, so the connection between one process and the
brokers can be broken while all others work. Campaign, audit and brokers themselves use plain
listeners that nobody breaks.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from devstack.folder import StackFolder
from devstack.kafka import COMMON, broker
from devstack.part import Part

NODES = (1, 2, 3)
CLUSTER_ID = "Y2hhb3MtY2FtcGFpZ24tMQ"
REPLICATION: dict[str, object] = {
    "offsets.topic.replication.factor": 3,
    "offsets.topic.num.partitions": 8,
    "transaction.state.log.replication.factor": 3,
    "transaction.state.log.min.isr": 2,
    "transaction.state.log.num.partitions": 8,
    "min.insync.replicas": 2,
    "unclean.leader.election.enable": "false",
    "broker.session.timeout.ms": 3000,
    "broker.heartbeat.interval.ms": 500,
    "replica.lag.time.max.ms": 5000,
    "controlled.shutdown.enable": "true",
}


def port_names(clients: Sequence[str]) -> list[str]:
    """Every port that the brokers and their links need."""
    names = [f"kafka-{node}-{what}" for node in NODES for what in ("plain", "controller")]
    return names + [
        f"{side}:{client}>kafka-{node}"
        for client in clients
        for node in NODES
        for side in ("link", "listen")
    ]


def bootstrap(ports: Mapping[str, int], client: str | None = None) -> str:
    """The addresses that a process of ours is given; None: the plain ones."""
    names = [
        f"kafka-{node}-plain" if client is None else f"link:{client}>kafka-{node}" for node in NODES
    ]
    return ",".join(f"127.0.0.1:{ports[name]}" for name in names)


def brokers(
    folder: StackFolder, ports: Mapping[str, int], clients: Sequence[str], data: Mapping[int, Path]
) -> list[Part]:
    """The parts. `data`: where each node keeps its log."""
    return [
        broker(
            f"kafka-{node}",
            folder,
            _properties(node, ports, clients) | {"log.dirs": data[node]},
            ports[f"kafka-{node}-plain"],
            cluster_id=CLUSTER_ID,
        )
        for node in NODES
    ]


def _properties(node: int, ports: Mapping[str, int], clients: Sequence[str]) -> dict[str, object]:
    plain, controller = ports[f"kafka-{node}-plain"], ports[f"kafka-{node}-controller"]
    listens = {"PLAIN": plain, "CONTROLLER": controller}
    tells = {"PLAIN": plain}
    for client in clients:
        listens[client.upper()] = ports[f"listen:{client}>kafka-{node}"]
        tells[client.upper()] = ports[f"link:{client}>kafka-{node}"]
    return {
        "process.roles": "broker,controller",
        "node.id": node,
        "controller.quorum.voters": ",".join(
            f"{n}@127.0.0.1:{ports[f'kafka-{n}-controller']}" for n in NODES
        ),
        "listeners": ",".join(f"{name}://127.0.0.1:{port}" for name, port in listens.items()),
        "advertised.listeners": ",".join(
            f"{name}://127.0.0.1:{port}" for name, port in tells.items()
        ),
        "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in listens),
        "inter.broker.listener.name": "PLAIN",
        "controller.listener.names": "CONTROLLER",
        **REPLICATION,
        **COMMON,
    }
