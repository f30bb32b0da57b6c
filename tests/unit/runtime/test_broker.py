"""How our consumers connect, and what they hear of what FastStream would only log."""

import logging

from consumers import credit_ledger
from runtime.broker import Heard
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
