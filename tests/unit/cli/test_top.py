"""`looks top`: rates between two answers, and what is seen at once."""

import pytest
from rich.console import Console

from cli.top.view import view
from operations.processes import ProcessWatch, asked_at, rows
from operations.samples import Sample, parsed, row, summary

COMPOSITOR = """
looks_process_ready{{process="compositor"}} 1
process_cpu_seconds_total {cpu}
process_resident_memory_bytes 104857600
looks_records_total{{consumer="compositor",topic="look.requested",outcome="done"}} {done}
looks_records_total{{consumer="compositor",topic="look.requested",outcome="rejected"}} {rejected}
looks_in_flight{{consumer="compositor"}} 7
looks_consumer_lag_records{{consumer="compositor",topic="look.requested",partition="0"}} 40
looks_consumer_lag_records{{consumer="compositor",topic="look.requested",partition="1"}} 2
looks_open_transaction_seconds{{consumer="compositor",topic="look.requested",partition="1"}} 90
looks_deferred{{consumer="compositor"}} 11
"""
API = """
looks_process_ready{{process="api"}} 0
looks_http_requests_total{{method="POST",route="/v1/look",status="202"}} {accepted}
looks_http_requests_total{{method="POST",route="/v1/look",status="503"}} {refused}
looks_finish_seconds_count{{outcome="SUCCESS"}} {accepted}
"""


def compositor(at_s: float, *, cpu: float = 0, done: float = 0, rejected: float = 0) -> Sample:
    return parsed(COMPOSITOR.format(cpu=cpu, done=done, rejected=rejected), at_s)


def api(at_s: float, *, accepted: float, refused: float) -> Sample:
    return parsed(API.format(accepted=accepted, refused=refused), at_s)


def test_a_row_has_rates_by_the_second_and_what_stands_now() -> None:
    seen = row("h:1", "h:1", compositor(10), compositor(14, cpu=6, done=20, rejected=2))
    assert (seen.process, seen.ready, seen.cpu, seen.done, seen.failed) == (
        "compositor",
        True,
        1.5,
        5,
        0.5,
    )
    assert (seen.in_hand, seen.lag, seen.memory_bytes) == (7, 42, 100 * 1024 * 1024)
    assert seen.note == "a transaction is left open"


def test_a_process_that_began_anew_counts_from_nothing_and_a_first_look_has_no_rates() -> None:
    assert row("h:1", "h:1", compositor(10, done=1000), compositor(12, done=4)).done == 2
    assert row("h:1", "h:1", None, compositor(12, done=4)).done == 0


def test_a_process_that_does_not_answer_keeps_its_name() -> None:
    gone = row("h:1", "h:1", compositor(10), None)
    assert (gone.process, gone.ready, gone.note) == ("compositor", None, "does not answer")


def test_a_process_that_never_answered_has_the_name_that_it_is_asked_by() -> None:
    (named,) = asked_at("webhooks=127.0.0.1:9000")
    (nameless,) = asked_at("127.0.0.1:9000")
    assert (named.name, named.address) == ("webhooks", "127.0.0.1:9000")
    assert (nameless.name, nameless.address) == ("127.0.0.1:9000", "127.0.0.1:9000")
    (gone,) = rows([named], [(None, None)])
    assert (gone.process, gone.address, gone.ready) == ("webhooks", "127.0.0.1:9000", None)


@pytest.mark.parametrize("place", ["webhooks", "webhooks=", "=9000", "webhooks=h", "h:port"])
def test_what_names_no_port_of_a_host_is_refused(place: str) -> None:
    with pytest.raises(ValueError, match="is not HOST:PORT"):
        asked_at(place)


async def test_a_host_that_leads_nowhere_is_a_process_that_does_not_answer() -> None:
    (seen,), _ = await ProcessWatch(["webhooks=no-such.invalid:9000"]).look()
    assert (seen.process, seen.address) == ("webhooks", "no-such.invalid:9000")
    assert seen.ready is None


def test_all_together_says_what_the_api_and_the_pipeline_do() -> None:
    before, now = api(0, accepted=100, refused=0), api(2, accepted=120, refused=6)
    told = summary([(before, now), (compositor(0), compositor(2)), (None, None)])
    assert (told.requests, told.errors, told.finished) == (13, 3, {"SUCCESS": 10})
    assert told.deferred == 11


def test_the_view_shows_each_process_and_what_is_wrong() -> None:
    before, now = api(0, accepted=100, refused=0), api(2, accepted=120, refused=6)
    seen = [
        row("h:9000", "10.0.0.1:9000", before, now),
        row("h:9000", "10.0.0.2:9000", compositor(0), None),
    ]
    console = Console(width=160, record=True)
    console.print(view(seen, summary([(before, now)])))
    lines = console.export_text().splitlines()
    assert lines[0].startswith("13.0 requests/s, 3.0 errors/s; finished: SUCCESS 10.00/s;")
    assert lines[3].split()[:3] == ["api", "10.0.0.1:9000", "no"]
    assert lines[4].split()[:3] == ["compositor", "10.0.0.2:9000", "-"]
    assert lines[4].rstrip().endswith("does not answer")
