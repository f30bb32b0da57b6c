"""Apache Kafka in KRaft mode on a JDK from a wheel, its jars from Maven through a pure-Python
resolver.
"""

import json
import socket
import ssl
import subprocess
import tempfile
import time
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from devstack import java
from devstack.folder import StackFolder, cache_folder, choose_ports
from devstack.part import Part, PartFailed, make
from devstack.secured import Secured

VERSION = "4.1.0"
ENDPOINT = f"org.apache.kafka:kafka_2.13:{VERSION}+org.slf4j:slf4j-simple:1.7.36"
HEAP = "384m"
JVM = (f"-Xms{HEAP}", f"-Xmx{HEAP}", "-XX:+UseSerialGC")
ARCHIVE = f"kafka-{VERSION}"
STARTS_WITHIN_S = 120.0
"""A busy machine takes a minute to start a JVM."""


def jars(cache: Path) -> list[str]:
    """The broker's class path, downloaded once. Raises PartFailed when it can't be had."""
    listing = cache / f"kafka-{VERSION}.json"
    if listing.exists():
        paths: list[str] = json.loads(listing.read_text())
        if all(Path(path).exists() for path in paths):
            return paths
    from jgo import MAVEN_CENTRAL_URL, EnvironmentBuilder, MavenContext  # noqa: PLC0415 (slow to import, rarely needed)

    try:
        context = MavenContext(
            repo_cache=cache / "m2", remote_repos={"central": MAVEN_CENTRAL_URL}, timeout=30
        )
        found = (
            EnvironmentBuilder(context, cache_dir=cache / "jgo").from_endpoint(ENDPOINT).all_jars
        )
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


def _properties(
    folder: StackFolder, ports: dict[str, int], secured: Secured | None
) -> dict[str, object]:
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{ports['kafka_controller']}",
        "controller.listener.names": "CONTROLLER",
        **(_open(ports) if secured is None else _closed(ports, secured)),
        "log.dirs": folder.data / "kafka",
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 8,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 8,
        **COMMON,
    }


def _open(ports: dict[str, int]) -> dict[str, str]:
    return {
        "listeners": f"PLAINTEXT://127.0.0.1:{ports['kafka']},"
        f"CONTROLLER://127.0.0.1:{ports['kafka_controller']}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{ports['kafka']}",
    }


def _closed(ports: dict[str, int], secured: Secured) -> dict[str, str]:
    """Clients over TLS with user and password; brokers and controllers over TLS with certificates
    on both sides.
    """
    clients, internal = (
        f"CLIENTS://127.0.0.1:{ports['kafka']}",
        f"INTERNAL://127.0.0.1:{ports['kafka_internal']}",
    )
    return {
        "listeners": f"{clients},{internal},CONTROLLER://127.0.0.1:{ports['kafka_controller']}",
        "advertised.listeners": f"{clients},{internal}",
        "listener.security.protocol.map": "CLIENTS:SASL_SSL,INTERNAL:SSL,CONTROLLER:SSL",
        "inter.broker.listener.name": "INTERNAL",
        "listener.name.internal.ssl.client.auth": "required",
        "listener.name.controller.ssl.client.auth": "required",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.clients.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(secured.broker.both),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(secured.ca),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": secured.super_users,
    }


def kafka(folder: StackFolder, ports: dict[str, int], secured: Secured | None = None) -> Part:
    """One combined broker and controller."""
    return broker(
        "kafka",
        folder,
        _properties(folder, ports, secured),
        ports["kafka"],
        cluster_id=str(uuid.uuid4()),
    )


def broker(
    name: str, folder: StackFolder, properties: Mapping[str, object], port: int, *, cluster_id: str
) -> Part:
    """A combined broker and controller of any cluster. Its data, in `log.dirs`, is formatted once.

    `port`: of the clients' listener; over TLS when the properties name an authority, plain
    otherwise.
    """
    config = folder.data / f"{name}.properties"
    authority = properties.get("ssl.truststore.location")
    cache = cache_folder(folder)
    class_path = ":".join(jars(cache))
    runs = (java.java(), *JVM, *java.options(), *java.from_archive(ARCHIVE, cache))

    def prepare() -> None:
        config.write_text("\n".join(f"{key}={value}" for key, value in properties.items()))
        if (Path(str(properties["log.dirs"])) / "meta.properties").exists():
            return
        argv = [
            *runs,
            "-cp",
            class_path,
            "kafka.tools.StorageTool",
            "format",
            "-t",
            cluster_id,
            "-c",
            str(config),
        ]
        make("Kafka's storage", argv)

    return Part(
        name=name,
        argv=(
            *runs,
            "-XX:+ExitOnOutOfMemoryError",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-cp",
            class_path,
            "kafka.Kafka",
            str(config),
        ),
        prepare=prepare,
        ready_within_s=STARTS_WITHIN_S,
        ready=lambda: _answers(port, authority),
    )


def write_archive(cache: Path) -> None:
    """Have brokers start quickly from now on: one is started and stopped, in a folder that is
    forgotten, and Java writes down what it loaded, where it can. Once for a machine. Raises
    PartFailed.
    """
    archive = java.archive(ARCHIVE, cache)
    if archive.exists():
        return
    with tempfile.TemporaryDirectory(prefix="looks-kafka-") as root:
        folder = StackFolder(Path(root))
        folder.create()
        part = kafka(folder, choose_ports(folder, ())[0])
        part.prepare()
        fresh = archive.with_suffix(f".{uuid.uuid4()}")
        program, *words = part.argv
        argv = [program, *java.to_archive(fresh), *words]
        with (
            (folder.log / "kafka.log").open("w") as log,
            subprocess.Popen(argv, stdout=log, stderr=log) as running,
        ):
            give_up_s = time.monotonic() + part.ready_within_s
            while not part.ready() and time.monotonic() < give_up_s:
                time.sleep(0.1)
            running.terminate()
            try:
                running.wait(STARTS_WITHIN_S)
            finally:
                running.kill()
    if fresh.exists():
        fresh.replace(archive)


def _answers(port: int, authority: object) -> bool:
    """Whether the broker answers an ApiVersions request (key 18, version 0), over TLS when there is
    an authority.
    """
    header = b"\x00\x12\x00\x00\x00\x00\x00\x01\xff\xff"
    try:
        with ExitStack() as stack:
            connection = stack.enter_context(
                socket.create_connection(("127.0.0.1", port), timeout=1)
            )
            if authority is not None:
                context = ssl.create_default_context(cafile=str(authority))
                connection = stack.enter_context(
                    context.wrap_socket(connection, server_hostname="127.0.0.1")
                )
            connection.sendall(len(header).to_bytes(4, "big") + header)
            return len(connection.recv(8)) == 8
    except OSError:
        return False
