"""How our consumers connect, and what they hear of what FastStream would only log."""

import logging
from functools import partial

from consumers import credit_ledger
from runtime.broker import PAUSE_MS, Heard, PatientConsumer, make_patient
from runtime.settings import KafkaSettings


def test_every_address_of_a_cluster_is_an_address_of_its_own() -> None:
    application = credit_ledger.app(kafka=KafkaSettings(bootstrap="127.0.0.1:1,127.0.0.1:2"))
    assert application.kafka_broker.specification.url == ["127.0.0.1:1", "127.0.0.1:2"]


def test_an_error_that_is_only_logged_is_heard() -> None:
    heard: list[BaseException] = []
    logger, error = Heard(heard.append), OSError("the poll failed")
    logger.log(logging.INFO, "Received", extra={})
    logger.log(logging.ERROR, "no error with it")
    logger.log(logging.INFO, "an error that is none", exc_info=error)
    assert heard == []
    logger.log(logging.ERROR, "Kafka error occurred", exc_info=error)
    assert heard == [error]


async def test_consumers_wait_in_their_poll_and_connect_as_the_broker_does() -> None:
    application = credit_ledger.app(kafka=KafkaSettings(bootstrap="127.0.0.1:1"))
    broker = application.kafka_broker
    await make_patient(broker)
    builder = broker.config.broker_config.builder
    assert isinstance(builder, partial)
    assert builder.func is PatientConsumer
    assert builder.keywords["bootstrap_servers"] == ["127.0.0.1:1"]
    assert application.subscriber.batch_timeout_ms == PAUSE_MS
