"""How our consumers connect."""

from consumers import credit_ledger
from runtime.settings import KafkaSettings


def test_every_address_of_a_cluster_is_an_address_of_its_own() -> None:
    application = credit_ledger.app(kafka=KafkaSettings(bootstrap="127.0.0.1:1,127.0.0.1:2"))
    assert application.kafka_broker.specification.url == ["127.0.0.1:1", "127.0.0.1:2"]
