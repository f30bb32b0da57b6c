"""How a record's headers stand in the outbox."""

from domain.outcomes import Emit
from runtime.records import outgoing
from schemas.events import CancelLook
from storage.outbox import headers_of, headers_text
from tests.making import NOW, REQUEST_ID


def test_the_relay_sends_the_headers_that_the_record_had() -> None:
    event = CancelLook(request_id=REQUEST_ID, tenant_id="demo", requested_at=NOW, deadline_at=NOW)
    record = outgoing(Emit(event, ("look.cancel",)), "/looks/api", NOW)
    assert len(record.headers) > 5
    assert headers_of(headers_text(record.headers)) == record.headers
