"""Spans: made where the environment asks for them, handed on unchanged where it does not."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    Decision,
    ParentBased,
    ParentBasedTraceIdRatio,
    Sampler,
    TraceIdRatioBased,
)

from runtime import tracing
from runtime.sampling import bound_of
from runtime.tracing import SpanKind
from tests.otlp import Spans, receiving

TRACE, PARENT = "1" * 32, "2" * 16
SAMPLED, NOT_SAMPLED = f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spans]:
    with receiving() as (found, endpoint):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
        tracing.start("probe", "one")
        yield found
        tracing.stop()


def test_without_an_endpoint_a_trace_is_handed_on_as_it_came() -> None:
    tracing.start("probe", "one")
    assert not tracing.on()
    with tracing.span("work", SAMPLED) as span:
        assert span.traceparent == SAMPLED
        assert tracing.current() == SAMPLED
    assert tracing.current() == ""


def test_off_costs_no_import() -> None:
    script = (
        "import sys; from runtime import tracing; tracing.start('a', 'b')\n"
        "with tracing.span('x', ''): pass\n"
        "sys.exit(any(name.startswith('opentelemetry.sdk') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, env={}).returncode == 0


def test_spans_stand_below_one_another_and_say_what_failed(spans: Spans) -> None:
    def fails() -> None:
        with tracing.span("inner") as inner:
            inner.set({"looks.number": 7})
            raise ValueError("odd")

    with tracing.span("outer", SAMPLED, SpanKind.SERVER) as outer:
        with pytest.raises(ValueError, match="odd"):
            fails()
        outer.set({"looks.outer": True})
    tracing.stop()
    first, second = sorted(spans.traces[TRACE], key=lambda one: one.name, reverse=True)
    assert (first.name, first.parent, first.failed) == ("outer", PARENT, False)
    assert (second.name, second.parent, second.failed) == ("inner", first.span_id, True)
    assert outer.traceparent == f"00-{TRACE}-{first.span_id}-01"
    assert second.attributes == {"looks.number": "7"}
    assert first.service == "looks-probe"


def test_what_is_not_sampled_is_handed_on_and_not_sent(spans: Spans) -> None:
    with tracing.span("work", NOT_SAMPLED) as span:
        assert span.traceparent == NOT_SAMPLED
    with tracing.spans("batch", [NOT_SAMPLED, ""], SpanKind.CONSUMER):
        pass
    tracing.stop()
    assert spans.traces == {}


def test_a_sampled_parent_whose_id_is_random_is_sampled_too(spans: Spans) -> None:
    parent = f"00-{TRACE}-{PARENT}-03"
    with tracing.span("one", parent), tracing.spans("two", [parent], SpanKind.CONSUMER):
        pass
    tracing.stop()
    assert [one.parent for one in spans.traces[TRACE]] == [PARENT, PARENT]
    assert not tracing.sampled(f"00-{TRACE}-{PARENT}-02")


def test_each_sampled_record_of_a_batch_has_its_span_with_a_link_to_the_first(spans: Spans) -> None:
    others = [f"00-{digit * 32}-{PARENT}-01" for digit in "34"]
    with tracing.spans("batch", [*others, NOT_SAMPLED], SpanKind.CONSUMER, {"system": "kafka"}):
        pass
    tracing.stop()
    assert {trace: [one.name for one in found] for trace, found in spans.traces.items()} == {
        "3" * 32: ["batch"],
        "4" * 32: ["batch"],
    }
    (first,), (second,) = spans.traces["3" * 32], spans.traces["4" * 32]
    assert (first.links, second.links) == ((), (("3" * 32, first.span_id),))
    assert first.attributes == {
        "system": "kafka",
        "messaging.batch.message_count": "3",
    }


def test_a_receiver_that_is_away_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    tracing.start("probe", "one")
    with tracing.span("work", SAMPLED) as span:
        assert span.traceparent != SAMPLED
    tracing.stop()
    assert not tracing.on()


@pytest.mark.parametrize(("share", "kept"), [("0.0", 0), ("1.0", 20)])
def test_of_the_traces_that_begin_here_the_sampler_keeps_a_share(
    monkeypatch: pytest.MonkeyPatch, share: str, kept: int
) -> None:
    with receiving() as (found, endpoint):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
        monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", share)
        tracing.start("probe", "one")
        told = []
        for _ in range(20):
            with tracing.span("outer") as outer, tracing.span("inner"):
                told.append(outer.traceparent)
        tracing.stop()
    assert len({one.split("-")[1] for one in told}) == 20
    assert all(tracing.sampled(one) == bool(kept) for one in told)
    assert set(found.traces) == {one.split("-")[1] for one in told if kept}
    assert all(len(spans) == 2 for spans in found.traces.values())


@pytest.mark.parametrize(
    "sampler",
    [
        ParentBasedTraceIdRatio(0.3),
        TraceIdRatioBased(0.3),
        ParentBased(TraceIdRatioBased(0.0)),
        TraceIdRatioBased(1.0),
    ],
    ids=lambda one: one.get_description(),
)
def test_a_sampler_of_a_share_wants_the_ids_below_its_bound(sampler: Sampler) -> None:
    bound = bound_of(sampler)
    assert bound is not None
    for low in (0, 1, bound - 1, bound, bound + 1, 2**63, 2**64 - 1):
        if 0 <= low < 2**64:
            said = sampler.should_sample(Context(), (7 << 64) + low, "look")
            assert (said.decision is Decision.RECORD_AND_SAMPLE) == (low < bound)


def test_a_sampler_of_another_kind_is_asked() -> None:
    assert bound_of(ParentBased(ALWAYS_ON)) is None
    assert bound_of(ALWAYS_OFF) is None


def test_half_of_the_traces_are_whole_and_of_the_others_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with receiving() as (found, endpoint):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
        monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
        tracing.start("probe", "one")
        told = []
        for _ in range(100):
            with tracing.span("outer") as outer:
                told.append(outer.traceparent)
        tracing.stop()
    sampled = {one.split("-")[1] for one in told if tracing.sampled(one)}
    assert sampled == set(found.traces)
    assert 0 < len(sampled) < 100
