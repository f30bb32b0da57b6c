"""The one maker of records."""

import re
from dataclasses import replace
from datetime import UTC, datetime

from domain.outcomes import Emit
from runtime.records import Work, outgoing
from schemas.envelope import Decoded, decode
from schemas.events import CancelLook
from schemas.ids import derived_id
from schemas.topics import LOOK_CANCEL
from tests.architecture.test_budgets import CHECKOUT, FILES
from tests.making import NOW, REQUEST_ID, decoded

EVENT = CancelLook(request_id=REQUEST_ID, tenant_id="demo", requested_at=NOW, deadline_at=NOW)
EMIT = Emit(EVENT, (LOOK_CANCEL.name,), 4, extra={"looks-attempt": "2"})
LATER = datetime(2026, 9, 2, tzinfo=UTC)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def read_back(emit: Emit, *, traceparent: str = "") -> Decoded:
    record = outgoing(emit, "/looks/here", LATER, traceparent=traceparent)
    result = decode(record.value, record.headers, type(emit.event))
    assert isinstance(result, Decoded)
    assert (record.topic, record.key) == ("look.cancel", REQUEST_ID.encode())
    return result


def test_a_record_says_what_its_reader_needs() -> None:
    got = read_back(EMIT)
    assert got.event == EVENT
    assert (got.meta.source, got.meta.time, got.meta.sequence) == ("/looks/here", LATER, 4)
    assert got.meta.id == derived_id(REQUEST_ID, "look.cancel")
    assert got.meta.extra == {"looks-attempt": "2"}


def test_a_trace_goes_on_from_its_cause_or_is_the_one_that_is_given_or_begins() -> None:
    assert read_back(EMIT, traceparent=TRACE).meta.traceparent == TRACE
    fresh = read_back(EMIT).meta.traceparent
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", fresh)
    whole = decoded(EVENT)
    cause = replace(whole, meta=replace(whole.meta, traceparent=TRACE))
    record = outgoing(EMIT, "/looks/here", LATER, cause)
    assert dict(record.headers)["traceparent"].decode() == TRACE


def test_what_a_record_leads_to_stands_in_the_span_of_its_work() -> None:
    retry = Emit(EVENT, ("again",), extra={"looks-attempt": "2"})
    work = Work("look.cancel", 0, 7, 0, decoded(EVENT))
    assert work.below(work.decoded.meta.traceparent) is work
    record = outgoing(retry, "/looks/here", LATER, work.below(TRACE).decoded)
    assert dict(record.headers)["traceparent"].decode() == TRACE


def test_nobody_else_of_the_processes_makes_one() -> None:
    made = re.compile(r"\bMeta\(|INSERT INTO outbox")
    makers = {
        str(path.relative_to(CHECKOUT)) for path in FILES if made.search(path.read_text())
    } - {
        "schemas/envelope.py",
        "bench/replay.py",
        "lake/rows.py",  # read back
    }
    assert makers == {"runtime/records.py", "storage/outbox.py", "storage/acceptance_rows.py"}
