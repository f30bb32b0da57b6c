"""A receiver of OpenTelemetry's spans: OTLP over HTTP, on loopback."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from devstack.folder import free_ports

TRACES_PORT: Final = free_ports(1)[0]
"""Where the stack's processes send spans: somebody listens while a test that needs it runs."""
TRACED: Final = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{TRACES_PORT}",
    "OTEL_TRACES_SAMPLER": "parentbased_always_off",
    "OTEL_BSP_SCHEDULE_DELAY": "200",
}
"""Nothing is traced but what a client asks for by a `traceparent` that is sampled."""


@dataclass(frozen=True, slots=True)
class SeenSpan:
    """Ids as hex; `parent` is empty for the first of a trace."""

    service: str
    name: str
    span_id: str
    parent: str
    attributes: dict[str, str]
    failed: bool
    links: tuple[tuple[str, str], ...] = ()
    """Trace and span of each."""


@dataclass
class Spans:
    """What came, by trace."""

    traces: dict[str, list[SeenSpan]] = field(default_factory=lambda: defaultdict(list))
    came: threading.Condition = field(default_factory=threading.Condition)

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        with self.came:
            for resource in request.resource_spans:
                named = {one.key: one.value.string_value for one in resource.resource.attributes}
                for span in (span for scope in resource.scope_spans for span in scope.spans):
                    self.traces[span.trace_id.hex()].append(
                        SeenSpan(
                            named["service.name"],
                            span.name,
                            span.span_id.hex(),
                            span.parent_span_id.hex(),
                            {
                                one.key: one.value.string_value or str(one.value.int_value)
                                for one in span.attributes
                            },
                            span.status.code == 2,
                            tuple((one.trace_id.hex(), one.span_id.hex()) for one in span.links),
                        )
                    )
            self.came.notify_all()

    def until(
        self, trace_id: str, services: set[str], last: str, caller: str, within_s: float
    ) -> list[SeenSpan]:
        """The spans of a trace once all these services have sent some, the one of this name is
        there, and each one's parent but the caller's own span is; or what there is by then. Each
        process sends what it has when it likes: what was done last is not what comes last.
        """

        def whole() -> bool:
            spans = self.traces[trace_id]
            return (
                services <= {one.service for one in spans}
                and last in {one.name for one in spans}
                and {one.parent for one in spans} <= {caller, *(one.span_id for one in spans)}
            )

        with self.came:
            self.came.wait_for(whole, within_s)
            return [*self.traces[trace_id]]


@contextmanager
def receiving(port: int = 0) -> Iterator[tuple[Spans, str]]:
    """What comes, and the endpoint to send it to."""
    spans = Spans()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            spans.take(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield spans, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
