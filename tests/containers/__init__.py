"""Kafka, Postgres and S3 in containers, for `LOOKS_TEST_STACK=docker`: the images of the compose
file, but for Kafka, whose advertised port is known only once its container runs.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from testcontainers.community.kafka import KafkaContainer
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

from devstack.kafka import COMMON

ACCESS_KEY, SECRET_KEY = "looks-test", "looks-test-secret"
KAFKA_IMAGE = "confluentinc/cp-kafka:8.0.0"
POSTGRES_IMAGE = "postgres:18"
S3_IMAGE = "chrislusf/seaweedfs:4.00"
START_WITHIN_S = 150
IDENTITIES = {
    "identities": [
        {
            "name": "looks",
            "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
    ]
}
KAFKA_OF_ONE = {
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 8,
    **COMMON,
}
"""What the container lacks that a single broker needs for transactions, and what every broker of
ours has.
"""
S3_FILE, S3_PORT = "/etc/seaweedfs/s3.json", 8333


def _store() -> DockerContainer:
    store = DockerContainer(S3_IMAGE).with_exposed_ports(S3_PORT)
    store.with_copy_into_container(json.dumps(IDENTITIES).encode(), S3_FILE)
    store.with_command(f"server -dir=/data -filer -s3 -s3.config={S3_FILE} -master.telemetry=false")
    ready = HttpWaitStrategy(S3_PORT, "/status").with_startup_timeout(START_WITHIN_S)
    return store.waiting_for(ready)


@contextmanager
def services() -> Iterator[dict[str, str]]:
    """The addresses of fresh containers; they are removed at the end. Raises docker's error when
    there is no engine.
    """
    with ExitStack() as stack:
        kafka = KafkaContainer(KAFKA_IMAGE).with_kraft()
        for name, value in KAFKA_OF_ONE.items():
            kafka.with_env(f"KAFKA_{name.replace('.', '_')}".upper(), str(value))
        stack.callback(kafka.stop)
        kafka.start(timeout=START_WITHIN_S)
        postgres = stack.enter_context(PostgresContainer(POSTGRES_IMAGE, driver=None))
        s3 = stack.enter_context(_store())
        yield {
            "LOOKS_KAFKA_BOOTSTRAP": kafka.get_bootstrap_server(),
            "LOOKS_DATABASE_URL": postgres.get_connection_url(),
            "LOOKS_S3_ENDPOINT_URL": (
                f"http://{s3.get_container_host_ip()}:{s3.get_exposed_port(S3_PORT)}"
            ),
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }
