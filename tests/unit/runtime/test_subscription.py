"""How our consumers connect."""

from aiokafka import ConsumerRebalanceListener

from runtime.declaration import Declaration
from runtime.settings import KafkaSettings
from runtime.subscription import Subscription
from schemas.topics import CREDIT_REFUND


class Indifferent(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Does nothing about a rebalance."""

    async def on_partitions_revoked(self, revoked: object) -> None: ...

    async def on_partitions_assigned(self, assigned: object) -> None: ...


def test_every_address_of_a_cluster_is_an_address_of_its_own() -> None:
    declared = Declaration(name="test", topics=(CREDIT_REFUND,), about="a test")
    subscription = Subscription(
        KafkaSettings(bootstrap="127.0.0.1:1,127.0.0.1:2"), declared, Indifferent()
    )
    assert subscription._broker.specification.url == ["127.0.0.1:1", "127.0.0.1:2"]
