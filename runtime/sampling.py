"""Whether a trace that begins here is sampled, asked before anything is made for it: at 1 % most
are not. Imported only where tracing is on.
"""

import os

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision, Sampler, TraceIdRatioBased


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


def bound_of(sampler: Sampler) -> int | None:
    """The low half of a trace's id below which a sampler of a share wants it; None: it goes by
    something else. A sampler of those without a parent is looked into.
    """
    root = getattr(sampler, "_root", sampler)
    return root.bound if isinstance(root, TraceIdRatioBased) else None


class Beginnings:
    """Traces that begin in this process."""

    def __init__(self, provider: TracerProvider, ids: PlannedIds) -> None:
        """The provider makes its ids with these."""
        self._sampler = provider.sampler
        self._bound = bound_of(provider.sampler)
        self._ids = ids
        self._nothing = Context()

    def unwanted(self, name: str) -> str:
        """The traceparent of a trace that the sampler does not want; empty: it wants the one whose
        span is made next.
        """
        ids = os.urandom(24).hex()
        if self._drops(ids, name):
            return f"00-{ids[:32]}-{ids[32:]}-00"
        self._ids.plan(int(ids[:32], 16))
        return ""

    def _drops(self, ids: str, name: str) -> bool:
        if self._bound is not None:
            return int(ids[16:32], 16) >= self._bound
        said = self._sampler.should_sample(self._nothing, int(ids[:32], 16), name)
        return said.decision is Decision.DROP
