"""For tests of downstream teams: valid sample events, and a topic in memory that behaves as ours
do. Needs no Kafka client.
"""

from looks_client.testkit.fake_topic import FakeSubscriber, FakeTopic, Transaction
from looks_client.testkit.samples import Record, sample

__all__ = ["FakeSubscriber", "FakeTopic", "Record", "Transaction", "sample"]
