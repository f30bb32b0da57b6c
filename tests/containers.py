"""Kafka, Postgres and S3 in containers, for `LOOKS_TEST_STACK=docker`."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from testcontainers.core.container import DockerContainer
from testcontainers.kafka import KafkaContainer
from testcontainers.postgres import PostgresContainer

ACCESS_KEY, SECRET_KEY = "looks-test", "looks-test-secret"
KAFKA_IMAGE = "confluentinc/cp-kafka:8.0.0"
POSTGRES_IMAGE = "postgres:18"
S3_IMAGE = "minio/minio:RELEASE.2025-09-07T16-13-09Z"


@contextmanager
def services() -> Iterator[dict[str, str]]:
    """The addresses of fresh containers; they are removed at the end. Raises docker's error when
    there is no engine.
    """
    with ExitStack() as stack:
        kafka = stack.enter_context(KafkaContainer(KAFKA_IMAGE).with_kraft())
        postgres = stack.enter_context(PostgresContainer(POSTGRES_IMAGE, driver=None))
        store = DockerContainer(S3_IMAGE).with_command("server /data").with_exposed_ports(9000)
        store = store.with_env("MINIO_ROOT_USER", ACCESS_KEY).with_env(
            "MINIO_ROOT_PASSWORD", SECRET_KEY
        )
        s3 = stack.enter_context(store)
        yield {
            "LOOKS_KAFKA_BOOTSTRAP": kafka.get_bootstrap_server(),
            "LOOKS_DATABASE_URL": postgres.get_connection_url(),
            "LOOKS_S3_ENDPOINT_URL": f"http://{s3.get_container_host_ip()}:{s3.get_exposed_port(9000)}",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }
