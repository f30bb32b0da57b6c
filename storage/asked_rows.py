"""Submissions as the statement of acceptance takes them: columns."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from pydantic import TypeAdapter

from domain.engines import asked_for
from runtime.records import draft
from schemas.events import LookRequested
from schemas.http import TrialItemInput
from schemas.topics import LOOK_REQUESTED
from storage.submissions import Submission

SOURCE: Final = "/looks/api"
SAID_BY_THE_STATEMENT: Final = ("quality_floor", "requested_at", "deadline_at")
"""Members of the event that only the database knows: it adds them to the draft."""
_items_json = TypeAdapter(tuple[TrialItemInput, ...]).serializer.to_json


@dataclass(frozen=True, slots=True)
class AskedSubmission:
    """A submission, and its values of the statement's columns from `request_id` on, without the
    running total.
    """

    submission: Submission
    values: tuple[object, ...]


def asked(submission: Submission) -> AskedSubmission:
    """Make the values. What can't be written fails here, before it shares a batch."""
    items, config = _items_json(submission.items), submission.runtime_config
    written = None if config is None else orjson.dumps(config)
    drafted = draft(
        LookRequested,
        {
            "request_id": submission.request_id,
            "tenant_id": submission.tenant_id,
            "user_category": submission.user_category,
            "items": orjson.Fragment(items),
            "runtime_config": None if written is None else orjson.Fragment(written),
            "engine": asked_for(config, submission.tenants_engine),
            "credits_cost": submission.credits_cost,
            "environment": submission.environment,
            "reference": submission.reference,
            "metadata": submission.metadata,
        },
        (LOOK_REQUESTED.name,),
        SOURCE,
        submission.traceparent,
    )
    key = submission.idempotency
    values = (
        submission.request_id,
        submission.tenant_id,
        submission.environment,
        submission.user_category,
        items.decode(),
        written.decode() if config and written is not None else None,
        submission.credits_cost,
        submission.deadline_s,
        drafted.value,
        drafted.headers,
        *((key.route, key.key, key.fingerprint) if key is not None else (None, None, None)),
        None if key is None else submission.answer,
        submission.reference,
        None if submission.metadata is None else orjson.dumps(submission.metadata).decode(),
        submission.key_id,
    )
    return AskedSubmission(submission, values)


def columns(batch: Sequence[AskedSubmission], places: Sequence[int]) -> list[list[object]]:
    """The statement's columns for those at these places: place, running total, values."""
    totals: Counter[tuple[str, str]] = Counter()
    running = []
    for place in places:
        submission = batch[place].submission
        totals[submission.account] += submission.credits_cost
        running.append(totals[submission.account])
    values = zip(*(batch[place].values for place in places), strict=True)
    return [list(places), running, *(list(column) for column in values)]
