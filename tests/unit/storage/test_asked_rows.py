"""What a submission is written as."""

import orjson

from schemas.events import LookRequested
from storage.asked_rows import SAID_BY_THE_STATEMENT, asked, columns
from tests.integration.accepting import submission


def test_draft_and_statement_say_every_member_of_the_event_between_them() -> None:
    event = next(
        str(value) for value in asked(submission()).values if str(value).startswith('{"request_id"')
    )
    drafted = orjson.loads(event + "}")
    assert set(drafted) | set(SAID_BY_THE_STATEMENT) == set(LookRequested.model_fields)
    assert set(drafted) & set(SAID_BY_THE_STATEMENT) == set()


def test_running_totals_are_of_each_account_and_only_of_those_that_are_asked() -> None:
    batch = [
        asked(submission(tenant=tenant, cost=cost))
        for tenant, cost in (("a", 1), ("b", 10), ("a", 2), ("a", 4))
    ]
    places, totals, *_ = columns(batch, [0, 1, 3])
    assert (places, totals) == ([0, 1, 3], [1, 10, 5])
