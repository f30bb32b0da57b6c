"""What erasing a tenant covers."""

import re
from datetime import UTC, datetime

import pytest

from consumers.credit_ledger import refund_outcome
from consumers.status_projection import projection_outcome
from domain.erasure import (
    InWork,
    hindrances,
    is_pseudonym,
    own_places,
    pseudonym,
    shared,
    words_pattern,
)
from domain.outcomes import Skip, Unhandled
from runtime.records import Work
from schemas.envelope import Decoded, Meta
from schemas.events import CreditRefund
from schemas.ids import new_request_id
from schemas.namespace import Namespace
from schemas.samples import sample_of
from schemas.topics import TOPICS
from storage.refunds import Charge


def test_what_is_in_work_hinders_and_keys_do_unless_they_are_revoked() -> None:
    assert hindrances(InWork(0, 0, 0, 0), revoke=False) == []
    assert hindrances(InWork(0, 0, 0, 2), revoke=True) == []
    lines = hindrances(InWork(1, 2, 3, 4), revoke=False)
    assert [line.split(": ")[1].split(";")[0] for line in lines] == ["4", "1", "2", "3"]


def test_its_places_are_its_own_whole_segments() -> None:
    places = own_places(Namespace("staging"), "acme", ["users/acme/"])
    assert places == (
        "staging/results/acme/",
        "staging/cutouts/acme/",
        "staging/fetched/acme/",
        "users/acme/",
        "test/users/acme/",
    )


@pytest.mark.parametrize(
    ("theirs", "found"),
    [
        ("users/acme/", True),
        ("users/acme/deep/", True),
        ("users/", True),
        ("users/acme2/", False),
    ],
)
def test_a_prefix_above_or_below_another_tenants_is_shared(theirs: str, found: bool) -> None:
    assert bool(shared(["users/acme/"], {"other": [theirs]})) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("results/acme/x.png", True),
        ('{"tenant_id": "acme"}', True),
        ("acme", True),
        ("acme-2", False),
        ("acmes", False),
        ("the Name. of", True),
        ("the Name_ of", False),
    ],
)
def test_a_tenants_id_is_found_as_a_word_and_texts_are_found_anywhere(
    text: str, found: bool
) -> None:
    assert bool(re.search(words_pattern("acme", ["Name."]), text)) == found


def test_records_of_an_erased_tenants_requests_are_skipped_not_quarantined() -> None:
    name = pseudonym(new_request_id())
    assert is_pseudonym(name)
    assert not is_pseudonym("erased")
    event = sample_of("credit.refund.v1")
    assert isinstance(event, CreditRefund)
    erased = Charge(name, "live", event.amount, succeeded=False)
    other = Charge("acme", "live", event.amount, succeeded=False)
    assert isinstance(refund_outcome(event, erased), Skip)
    assert isinstance(refund_outcome(event, other), Unhandled)
    for type_ in ("look.requested.v1", "look.completed.v1"):
        work = made(type_)
        assert isinstance(projection_outcome(work, {work.request_id: name}), Skip)
        assert isinstance(projection_outcome(work, {work.request_id: "acme"}), Unhandled)


def made(type_: str) -> Work:
    event = sample_of(type_)
    meta = Meta(new_request_id(), type_, "/test", datetime.now(UTC), 1)
    return Work(type_.removesuffix(".v1"), 0, 0, 0, Decoded(event, meta))


def test_no_topic_is_compacted_so_none_needs_tombstones() -> None:
    assert {topic.config()["cleanup.policy"] for topic in TOPICS} == {"delete"}
