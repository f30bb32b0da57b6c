"""Keys are placed as every common client of Kafka places them."""

from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from runtime.placing import _hashed, partition_of


@given(st.binary(max_size=70))
def test_the_hash_is_kafka_s(key: bytes) -> None:
    assert _hashed(key) == murmur2(key) & 0x7FFFFFFF


@given(st.text(max_size=40), st.integers(1, 64))
def test_a_key_s_partition_is_kafka_s(key: str, numbers: int) -> None:
    assert partition_of(key, numbers) == (murmur2(key.encode()) & 0x7FFFFFFF) % numbers
