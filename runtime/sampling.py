"""Whether a trace that begins here is sampled, asked before anything is made for it: at 1 % most
are not. Imported only where tracing is on.
"""

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision


class PlannedIds(RandomIdGenerator):
    """Random ids; that of the next trace may be chosen before its first span is made."""

    def __init__(self) -> None:
        """None is chosen."""
        self._planned = 0

    def plan(self, trace_id: int) -> None:
        """The next trace has this id."""
        self._planned = trace_id

    def generate_trace_id(self) -> int:
        """As the SDK asks for one."""
        planned, self._planned = self._planned, 0
        return planned or super().generate_trace_id()


class Beginnings:
    """Traces that begin in this process."""

    def __init__(self, provider: TracerProvider, ids: PlannedIds) -> None:
        """The provider makes its ids with these."""
        self._provider = provider
        self._ids = ids
        self._nothing = Context()

    def unwanted(self, name: str) -> str:
        """The traceparent of a trace that the sampler does not want; empty: it wants the one whose
        span is made next.
        """
        trace_id = self._ids.generate_trace_id()
        said = self._provider.sampler.should_sample(self._nothing, trace_id, name)
        if said.decision is Decision.DROP:
            return f"00-{trace_id:032x}-{self._ids.generate_span_id():016x}-00"
        self._ids.plan(trace_id)
        return ""
