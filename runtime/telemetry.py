"""FastStream's Prometheus middleware, which sees every batch: `faststream_*` on /metrics."""

from faststream.kafka.prometheus.provider import BatchKafkaMetricsSettingsProvider
from faststream.message import StreamMessage
from faststream.prometheus import ConsumeAttrs, PrometheusMiddleware
from prometheus_client import REGISTRY

from runtime.kafka import ConsumerRecord


class _Batches(BatchKafkaMetricsSettingsProvider):
    """Counts the bytes of a batch where FastStream joins them first to count them."""

    def get_consume_attrs_from_message(
        self, msg: StreamMessage[tuple[ConsumerRecord, ...]]
    ) -> ConsumeAttrs:
        return {
            "destination_name": msg.raw_message[0].topic,
            "message_size": sum(map(len, msg.body)),
            "messages_count": len(msg.raw_message),
        }


def metered(name: str) -> PrometheusMiddleware:
    """The middleware of one application."""
    batches = _Batches()
    return PrometheusMiddleware(
        settings_provider_factory=lambda _: batches, registry=REGISTRY, app_name=name
    )
