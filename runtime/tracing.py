"""One trace a look: what each process did with it, as OpenTelemetry spans.

Off unless `OTEL_EXPORTER_OTLP_ENDPOINT` is set, and then nothing of OpenTelemetry is imported. The
other standard variables hold too (sampler, headers, resource attributes); the protocol is OTLP over
HTTP. A trace goes on from the client's `traceparent` through outbox, records' headers and webhooks.
A process that makes no span, off or not sampled, hands on what it was given (W3C Trace Context).
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

from runtime import logs
from schemas.envelope import is_traceparent

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span as OpenSpan
    from opentelemetry.trace import Tracer

    from runtime.sampling import Beginnings

log = logs.get(__name__)

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
PROTOCOL: Final = "http/protobuf"
FLUSH_WITHIN_MS: Final = 2_000
SAMPLED: Final = frozenset("13579bdf")
"""How flags end whose lowest bit is set; another bit says that the trace's id is random, as the
SDK's own are.
"""

Attributes = Mapping[str, str | int | float | bool]


class SpanKind(StrEnum):
    """The kinds of OpenTelemetry, by their names there."""

    INTERNAL = "INTERNAL"
    SERVER = "SERVER"
    CLIENT = "CLIENT"
    PRODUCER = "PRODUCER"
    CONSUMER = "CONSUMER"


_current: ContextVar[str] = ContextVar("traceparent", default="")


class _Tracing:
    """What this process traces with; one, as its logs and its metrics."""

    provider: "TracerProvider | None" = None
    tracer: "Tracer | None" = None
    beginnings: "Beginnings | None" = None


class Span:
    """One that is under way, or none: then `traceparent` is the parent's."""

    __slots__ = ("_open", "traceparent")

    def __init__(self, traceparent: str, opened: "OpenSpan | None" = None) -> None:
        self.traceparent = traceparent
        self._open = opened

    def set(self, attributes: Attributes) -> Self:
        """Say more of what is done."""
        if self._open is not None:
            self._open.set_attributes(attributes)
        return self

    @property
    def recording(self) -> bool:
        """Whether anybody will see it."""
        return self._open is not None

    def name(self, name: str) -> Self:
        """What is known of it only now."""
        if self._open is not None:
            self._open.update_name(name)
        return self

    def end(self, error: str = "") -> None:
        """It is over; `error`: what went wrong, in a few words."""
        if self._open is None:
            return
        if error:
            from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 (only where it is on)

            self._open.set_status(Status(StatusCode.ERROR, error))
        self._open.end()


def wanted() -> bool:
    """Whether the environment asks for traces."""
    return any(os.environ.get(name) for name in ENDPOINTS) and (
        os.environ.get("OTEL_SDK_DISABLED", "").lower() != "true"
    )


def start(process: str, instance: str) -> None:
    """Trace from now on, where the environment asks for it."""
    if not wanted():
        return
    asked = os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL") or PROTOCOL
    if asked != PROTOCOL:
        log.warning("traces are sent by another protocol than was asked for", asked=asked)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 (only where it is on)
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 (only where it is on)
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 (only where it is on)
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 (only where on)

    from runtime.sampling import Beginnings, PlannedIds  # noqa: PLC0415 (only where it is on)

    named = {"service.namespace": "looks", "service.instance.id": instance}
    if not os.environ.get("OTEL_SERVICE_NAME"):
        named["service.name"] = f"looks-{process}"
    ids = PlannedIds()
    provider = TracerProvider(
        resource=Resource.create(named), shutdown_on_exit=False, id_generator=ids
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _Tracing.beginnings = Beginnings(provider, ids)
    _Tracing.provider, _Tracing.tracer = provider, provider.get_tracer("looks")


def stop() -> None:
    """Send what is left, within FLUSH_WITHIN_MS. Blocks."""
    provider, _Tracing.provider, _Tracing.tracer = _Tracing.provider, None, None
    _Tracing.beginnings = None
    if provider is not None:
        provider.force_flush(FLUSH_WITHIN_MS)
        provider.shutdown()


def on() -> bool:
    """Whether this process makes spans."""
    return _Tracing.tracer is not None


def sampled(traceparent: str) -> bool:
    """Whether its spans are wanted."""
    return traceparent[-1:] in SAMPLED


def current() -> str:
    """The traceparent of what is being done here; empty outside of any `span`."""
    return _current.get()


def begin(
    name: str,
    parent: str,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Attributes | None = None,
    *,
    link: str = "",
) -> Span:
    """Begin a span below `parent`, a traceparent; below none, or below one that makes no sense, a
    new trace may begin, as the sampler says. `link`: of a span that it has to do with.
    """
    if _Tracing.beginnings is None:
        return Span(parent)
    if parent and is_traceparent(parent):
        if not sampled(parent):
            return Span(parent)
    elif unwanted := _Tracing.beginnings.unwanted(name):
        return Span(unwanted)
    return _begun(name, parent, kind, attributes or {}, link)


def _begun(name: str, parent: str, kind: SpanKind, attributes: Attributes, link: str) -> Span:
    from opentelemetry import trace  # noqa: PLC0415 (only where it is on)
    from opentelemetry.context import Context  # noqa: PLC0415 (only where it is on)
    from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415 (only where it is on)
        TraceContextTextMapPropagator,
    )

    def read(traceparent: str) -> Context:
        return TraceContextTextMapPropagator().extract({"traceparent": traceparent}, Context())

    links = [trace.Link(trace.get_current_span(read(link)).get_span_context())] if link else []
    tracer = _Tracing.tracer or trace.get_tracer("looks")
    opened = tracer.start_span(
        name, read(parent), trace.SpanKind[kind.value], dict(attributes), links
    )
    own = opened.get_span_context()
    text = f"00-{own.trace_id:032x}-{own.span_id:016x}-{own.trace_flags:02x}"
    if not opened.is_recording():
        return Span(parent if is_traceparent(parent) else text)
    return Span(text, opened)


@contextmanager
def span(
    name: str,
    parent: str | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Attributes | None = None,
    *,
    link: str = "",
) -> Iterator[Span]:
    """A span around a block; below `current` where no parent is given. What the block raises is its
    error.
    """
    made = begin(name, current() if parent is None else parent, kind, attributes, link=link)
    before = _current.set(made.traceparent)
    error = ""
    try:
        yield made
    except BaseException as raised:
        error = type(raised).__name__
        raise
    finally:
        _current.reset(before)
        made.end(error)


@contextmanager
def spans(
    name: str, parents: Sequence[str], kind: SpanKind, attributes: Attributes | None = None
) -> Iterator[None]:
    """A span below each of the parents around what is done for all of them at once; each links to
    the first, so that a batch is found from any of its traces.
    """
    if not on():
        yield
        return
    said = {**(attributes or {}), "messaging.batch.message_count": len(parents)}
    with ExitStack() as open_spans:
        first = ""
        for parent in parents:
            if sampled(parent):
                made = open_spans.enter_context(span(name, parent, kind, said, link=first))
                first = first or made.traceparent
        yield
