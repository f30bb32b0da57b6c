"""Transactions that are open on our topics, and whose they are: readers of committed records see
nothing after their first.

Kafka's DescribeProducers (KIP-664) and ListTransactions, which no client here speaks: read-only,
asked of each broker.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

from runtime.kafka import TopicPartition, client_options
from runtime.named_clients import as_declared, on_kafka
from runtime.settings import KafkaSettings

WITHIN_S = 20.0
NONE_OPEN = -1


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """One transaction on one partition. `transactional_id` is None where no coordinator knows it:
    then nothing else ends it.
    """

    topic: str
    partition: int
    first_offset: int
    producer_id: int
    producer_epoch: int
    idle_s: float  # since it wrote last
    transactional_id: str | None


class DescribeProducersResponse(Response):  # type: ignore[misc]  # aiokafka has no types
    """Who has written to which partition."""

    API_KEY = 61
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("name", CompactString("utf-8")),
                (
                    "partitions",
                    CompactArray(
                        ("partition_index", Int32),
                        ("error_code", Int16),
                        ("error_message", CompactString("utf-8")),
                        (
                            "active_producers",
                            CompactArray(
                                ("producer_id", Int64),
                                ("producer_epoch", Int32),
                                ("last_sequence", Int32),
                                ("last_timestamp", Int64),
                                ("coordinator_epoch", Int32),
                                ("current_txn_start_offset", Int64),
                                ("tags", TaggedFields),
                            ),
                        ),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class DescribeProducersRequestV0(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    """To a partition's leader."""

    FLEXIBLE_VERSION = True
    API_KEY = 61
    API_VERSION = 0
    RESPONSE_TYPE = DescribeProducersResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("partition_indexes", CompactArray(Int32)),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class DescribeProducers(Request[DescribeProducersRequestV0]):  # type: ignore[misc]  # aiokafka has no types
    """Who writes to these partitions?"""

    API_KEY = 61

    def __init__(self, topics: Mapping[str, list[int]]) -> None:
        """Partitions by topic, all led by the broker that is asked."""
        self._topics: list[tuple[str, list[int], dict[int, bytes]]] = [
            (topic, partitions, {}) for topic, partitions in topics.items()
        ]

    def build(
        self, request_struct_class: type[DescribeProducersRequestV0]
    ) -> DescribeProducersRequestV0:
        """As it is sent."""
        return request_struct_class(self._topics, {})


class ListTransactionsResponse(Response):  # type: ignore[misc]  # aiokafka has no types
    """The transactional ids that a coordinator knows."""

    API_KEY = 66
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("unknown_state_filters", CompactArray(CompactString("utf-8"))),
        (
            "transaction_states",
            CompactArray(
                ("transactional_id", CompactString("utf-8")),
                ("producer_id", Int64),
                ("transaction_state", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class ListTransactionsRequestV0(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    """To any broker, for the ids that it coordinates."""

    FLEXIBLE_VERSION = True
    API_KEY = 66
    API_VERSION = 0
    RESPONSE_TYPE = ListTransactionsResponse
    SCHEMA = Schema(
        ("state_filters", CompactArray(CompactString("utf-8"))),
        ("producer_id_filters", CompactArray(Int64)),
        ("tags", TaggedFields),
    )


class ListTransactions(Request[ListTransactionsRequestV0]):  # type: ignore[misc]  # aiokafka has no types
    """Which transactional ids have these producers?"""

    API_KEY = 66

    def __init__(self, producer_ids: Iterable[int]) -> None:
        """Nothing is asked yet."""
        self._producer_ids = sorted(producer_ids)

    def build(
        self, request_struct_class: type[ListTransactionsRequestV0]
    ) -> ListTransactionsRequestV0:
        """As it is sent."""
        return request_struct_class([], self._producer_ids, {})


async def open_transactions(
    settings: KafkaSettings, partitions: Iterable[TopicPartition]
) -> list[OpenTransaction]:
    """Those on these partitions, by topic, partition and offset. Raises KafkaError and
    TimeoutError: Kafka does not answer.
    """
    client, names = AIOKafkaClient(**client_options(settings)), settings.names
    async with asyncio.timeout(WITHIN_S):
        try:
            await client.bootstrap()
            asked = [on_kafka(names, one) for one in partitions]
            producers = await _producers(client, asked)
            found = [
                (tp, one) for tp, one in producers if one["current_txn_start_offset"] != NONE_OPEN
            ]
            ids = (
                await _transactional_ids(client, {one["producer_id"] for _, one in found})
                if found
                else {}
            )
        finally:
            await client.close()
    now_ms = time.time() * 1000
    return sorted(
        (
            _open(as_declared(names, tp), one, ids.get(one["producer_id"]), now_ms)
            for tp, one in found
        ),
        key=lambda one: (one.topic, one.partition, one.first_offset),
    )


def _open(
    tp: TopicPartition, producer: Mapping[str, Any], transactional_id: str | None, now_ms: float
) -> OpenTransaction:
    return OpenTransaction(
        topic=tp.topic,
        partition=tp.partition,
        first_offset=producer["current_txn_start_offset"],
        producer_id=producer["producer_id"],
        producer_epoch=producer["producer_epoch"],
        idle_s=max(0.0, (now_ms - producer["last_timestamp"]) / 1000),
        transactional_id=transactional_id,
    )


async def _producers(
    client: AIOKafkaClient, partitions: list[TopicPartition]
) -> list[tuple[TopicPartition, dict[str, Any]]]:
    await client.set_topics({tp.topic for tp in partitions})
    found: list[tuple[TopicPartition, dict[str, Any]]] = []
    led: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for tp in partitions:
        leader = client.cluster.leader_for_partition(tp)
        if leader is not None:  # else: there is no such partition
            led[leader][tp.topic].append(tp.partition)
    for node, topics in led.items():
        answer = (await client.send(node, DescribeProducers(topics))).to_object()
        for topic in answer["topics"]:
            for partition in topic["partitions"]:
                if partition["error_code"]:
                    raise for_code(partition["error_code"])(partition["error_message"])
                tp = TopicPartition(topic["name"], partition["partition_index"])
                found += [(tp, producer) for producer in partition["active_producers"]]
    return found


async def _transactional_ids(client: AIOKafkaClient, producer_ids: set[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for broker in client.cluster.brokers():
        answer = (await client.send(broker.nodeId, ListTransactions(producer_ids))).to_object()
        if answer["error_code"]:
            raise for_code(answer["error_code"])
        found |= {
            one["producer_id"]: one["transactional_id"] for one in answer["transaction_states"]
        }
    return found
