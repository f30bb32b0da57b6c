"""What topics say, in one file or in several."""

from pathlib import Path

import pytest
from aiokafka import ConsumerRecord

from domain.outcomes import Emit
from runtime.records import outgoing
from runtime.topic_facts import TopicFacts
from schemas.events import LookProgress, RequestEvent, Stage
from schemas.ids import new_request_id
from tests.making import NOW, TENANT, a_request


def record(event: RequestEvent, sequence: int, *, partition: int, offset: int) -> ConsumerRecord:
    """As it is read."""
    out = outgoing(Emit(event, (type(event).__name__,), sequence), "/test", NOW)
    ms = int(NOW.timestamp() * 1000)
    return ConsumerRecord(
        out.topic, partition, offset, ms, 1, out.key, out.value, None, 1, 1, out.headers
    )


def looks(count: int) -> list[ConsumerRecord]:
    """A request and a progress event of each, of which one repeats the number of another."""
    found = []
    for number in range(count):
        request = a_request(new_request_id())
        progress = LookProgress(
            request_id=request.request_id,
            tenant_id=TENANT,
            stage=Stage.COMPOSING,
            attempt=1,
            at=NOW,
        )
        sequence = 1 if number == 3 else 2
        found.append(record(request, 1, partition=number % 2, offset=number))
        found.append(record(progress, sequence, partition=number % 2, offset=number))
    return found


@pytest.mark.parametrize("read_to", [0, 5, 100])
def test_two_files_say_what_one_says(tmp_path: Path, read_to: int) -> None:
    records, one, both = looks(9), TopicFacts(tmp_path, "one"), TopicFacts(tmp_path)
    parts = [TopicFacts(tmp_path, f"part{number}") for number in range(2)]
    for each in records:
        assert one.add(each)
        assert parts[each.partition].add(each)
    for part in parts:
        part.close()
    both.join(tmp_path, ["part0", "part1"])
    assert [*both.requests()] == [*one.requests()]
    assert len({request_id for request_id, _, _ in one.requests()}) == 9
    projected = {("look.requested", 0): read_to, ("look.requested", 1): read_to}
    for request_id, _, _ in one.requests():
        assert both.of(request_id, projected) == one.of(request_id, projected)
        assert both.numbers(request_id) == one.numbers(request_id)
    assert both.shared_numbers() == one.shared_numbers()
    assert len(one.shared_numbers()) == 1
    assert [*map(one.numbers, one.shared_numbers())] == [frozenset({1})]
    both.close()
    one.close()
