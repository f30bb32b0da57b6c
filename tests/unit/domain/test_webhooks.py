"""When a delivery is tried again, when an endpoint is given up, what signs, whose turn it is."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.webhook_events import (
    MAX_PAYLOAD_BYTES,
    OF_THE_PICTURE,
    Endpoint,
    WebhookMessage,
    happening,
    trial,
    with_picture,
)
from domain.webhooks import (
    DELAYS_S,
    GIVE_UP_AFTER,
    GIVE_UP_FAILURES,
    JITTER,
    MAX_RETRY_AFTER_S,
    MAX_SECRETS,
    PER_TENANT,
    AttemptResult,
    DisabledReason,
    NextTry,
    ObservedAttempt,
    Secret,
    Waiting,
    after_attempt,
    choose,
    gives_up,
    make_secret,
    retry_after_s,
    signing,
)
from schemas.events import LookCompleted, LookFailed, StoredImage
from schemas.failures import FailureCode, FailureReason
from schemas.http import MAX_METADATA_BYTES, MAX_REFERENCE_CHARS
from schemas.ids import new_request_id
from schemas.webhooks import LookOutcome, WebhookPayload
from tests.making import NOW, REQUEST_ID, TENANT, a_request, decoded

OK = ObservedAttempt(NOW, 10, 200)


def delay_s(verdict: NextTry) -> float:
    assert verdict.next_at is not None
    return (verdict.next_at - NOW).total_seconds()


def test_there_are_8_tries_over_24_hours() -> None:
    assert len(DELAYS_S) + 1 == 8
    assert sum(DELAYS_S) == pytest.approx(24 * 3600, rel=0.01)
    tries = [
        after_attempt(ObservedAttempt(NOW, 1, 500), number, NOW, chance=0.5).result
        for number in range(1, 9)
    ]
    assert tries == [AttemptResult.RETRY] * 7 + [AttemptResult.FAILED]


@pytest.mark.parametrize("number", range(1, 8))
def test_a_delay_is_jittered_by_a_fifth_either_way(number: int) -> None:
    least, most = (
        delay_s(after_attempt(ObservedAttempt(NOW, 1, 500), number, NOW, chance=chance))
        for chance in (0.0, 1.0)
    )
    assert (least, most) == pytest.approx(
        (DELAYS_S[number - 1] * (1 - JITTER), DELAYS_S[number - 1] * (1 + JITTER))
    )


@pytest.mark.parametrize(
    ("attempt", "result"),
    [
        (OK, AttemptResult.DELIVERED),
        (replace(OK, status_code=204), AttemptResult.DELIVERED),
        (replace(OK, status_code=299), AttemptResult.DELIVERED),
        (replace(OK, status_code=199), AttemptResult.RETRY),
        (replace(OK, status_code=301), AttemptResult.RETRY),
        (replace(OK, status_code=302), AttemptResult.RETRY),
        (replace(OK, status_code=400), AttemptResult.RETRY),
        (replace(OK, status_code=404), AttemptResult.RETRY),
        (replace(OK, status_code=410), AttemptResult.FAILED),
        (replace(OK, status_code=500), AttemptResult.RETRY),
        (replace(OK, status_code=None, error="no answer"), AttemptResult.RETRY),
    ],
)
def test_only_2xx_is_success(attempt: ObservedAttempt, result: AttemptResult) -> None:
    assert after_attempt(attempt, 1, NOW, chance=0.5).result is result


@pytest.mark.parametrize(
    ("status", "heeded"), [(429, True), (503, True), (500, False), (200, False)]
)
def test_retry_after_lengthens_a_delay_where_it_counts_and_up_to_an_hour(
    status: int, heeded: bool
) -> None:
    for asked, waits in (("120", 120), ("999999999999", MAX_RETRY_AFTER_S), ("1", DELAYS_S[0])):
        verdict = after_attempt(
            ObservedAttempt(NOW, 1, status, retry_after=asked), 1, NOW, chance=0.5
        )
        if status != 200:
            assert delay_s(verdict) == pytest.approx(waits if heeded else DELAYS_S[0])


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0), ("", 0), ("soon", 0), ("-5", 0), ("1.5", 0), ("²", 0), ("30", 30), (" 30 ", 30),
        ("Fri, 02 Jan 2026 03:05:05 GMT", 60), ("Fri, 02 Jan 2026 03:00:00 GMT", 0),
        ("Fri, 99 Jan 2026 03:00:00 GMT", 0),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float) -> None:
    assert retry_after_s(header, NOW) == seconds


@given(st.text())
def test_no_retry_after_breaks_its_reader(header: str) -> None:
    assert retry_after_s(header, NOW) >= 0


def test_an_endpoint_is_given_up_after_5_days_of_nothing_but_failures() -> None:
    failed, since = ObservedAttempt(NOW, 1, 500), NOW - GIVE_UP_AFTER
    assert gives_up(failed, since, GIVE_UP_FAILURES, NOW) is DisabledReason.FAILING
    assert gives_up(failed, since + timedelta(seconds=1), 1000, NOW) is None
    assert gives_up(failed, since, GIVE_UP_FAILURES - 1, NOW) is None


def test_one_deliverys_tries_alone_never_give_an_endpoint_up() -> None:
    assert len(DELAYS_S) + 1 < GIVE_UP_FAILURES


def test_410_gives_an_endpoint_up_at_once() -> None:
    assert gives_up(ObservedAttempt(NOW, 1, 410), NOW, 1, NOW) is DisabledReason.GONE


def test_during_an_overlap_both_secrets_sign_the_newest_first_and_after_it_one() -> None:
    old = Secret("old", NOW - timedelta(days=1), NOW + timedelta(hours=1))
    new = Secret("new", NOW)
    assert signing([old, new], NOW) == ["new", "old"]
    assert signing([old, new], NOW + timedelta(hours=1)) == ["new"]
    many = [Secret(str(age), NOW - timedelta(seconds=age), NOW + timedelta(1)) for age in range(9)]
    assert signing(many, NOW) == ["0", "1", "2", "3", "4"][:MAX_SECRETS]


def test_a_secret_does_not_show_in_a_log() -> None:
    text = make_secret(b"x" * 32)
    assert text == "whsec_eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="
    assert text not in repr(Secret(text, NOW))


def waiting(tenant: str, count: int) -> list[Waiting]:
    return [
        Waiting(f"{tenant}-{number:03}", tenant, NOW + timedelta(seconds=number))
        for number in range(count)
    ]


def test_tenants_take_turns_and_the_oldest_of_each_comes_first() -> None:
    due = [*waiting("many", 100), Waiting("one-late", "one", NOW + timedelta(days=1))]
    assert choose(due, {}, 3) == ["many-000", "one-late", "many-001"]


def test_who_has_much_under_way_comes_after_who_has_nothing() -> None:
    assert choose([*waiting("many", 5), *waiting("new", 2)], {"many": 10}, 3) == [
        "new-000",
        "new-001",
        "many-000",
    ]


@given(
    st.lists(st.sampled_from("abc")),
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 40)),
    st.integers(0, 80),
)
def test_no_more_than_is_free_and_than_a_tenant_may(
    tenants: list[str], busy: dict[str, int], free: int
) -> None:
    due = [Waiting(f"{tenant}{number}", tenant, NOW) for number, tenant in enumerate(tenants)]
    chosen = choose(due, busy, free)
    assert len(chosen) == len(set(chosen)) <= free
    allowed = {tenant: max(0, PER_TENANT - busy.get(tenant, 0)) for tenant in "abc"}
    taken = {tenant: sum(name[0] == tenant for name in chosen) for tenant in "abc"}
    assert all(taken[tenant] <= allowed[tenant] for tenant in "abc")
    possible = sum(min(tenants.count(tenant), allowed[tenant]) for tenant in "abc")
    assert len(chosen) == min(free, possible)  # nothing stays free while somebody may go


IMAGE = StoredImage(
    bucket="b",
    key="results/demo/secret.webp",
    content_type="image/webp",
    width=1,
    height=1,
    bytes=1,
    sha256="0" * 64,
)
COMPLETED = LookCompleted(
    request_id=REQUEST_ID,
    tenant_id=TENANT,
    image=IMAGE,
    items=(),
    engine_version="1",
    duration_ms=1,
    completed_at=NOW,
)
FAILED = LookFailed(
    request_id=REQUEST_ID,
    tenant_id=TENANT,
    error=FailureReason(code=FailureCode.NO_GARMENT_FOUND, message="m" * 1000, item_index=49),
    failed_at=NOW,
)


def told(event: LookCompleted | LookFailed) -> WebhookMessage:
    one = happening(decoded(event, sequence=4), 10, NOW)
    assert one is not None
    return one


def test_an_endpoint_is_told_the_outcome_and_no_object_key() -> None:
    record = told(COMPLETED)
    payload = WebhookPayload.model_validate_json(record.payload)
    assert (payload.type, payload.timestamp, record.event_id) == (
        "look.completed",
        NOW,
        decoded(COMPLETED).meta.id,
    )
    assert payload.data.model_dump(mode="json") == {
        "request_id": REQUEST_ID, "status": "SUCCESS", "seq": 4, "credits_cost": 10,
        "credits_refunded": 0, "error": None,
        "job_url": f"/v1/jobs/{REQUEST_ID}", "reference": None, "metadata": None,
        "image_url": None, "image_url_expires_at": None,
    }  # fmt: skip
    assert b"results/" not in record.payload


def test_a_link_to_the_picture_is_beside_what_is_kept_and_no_part_of_it() -> None:
    record = told(COMPLETED)
    assert record.image == COMPLETED.image
    assert told(FAILED).image is None
    ends = datetime(2026, 1, 2, 3, 19, 5, tzinfo=UTC)
    link = "https://s3.example/results/ü?X-Amz-Signature=a"
    body = json.loads(with_picture(record.payload, link, ends))
    assert (body["data"].pop("image_url"), body["data"].pop("image_url_expires_at")) == (
        link,
        "2026-01-02T03:19:05Z",
    )
    assert body == json.loads(record.payload)
    assert not any(name.encode() in record.payload for name in OF_THE_PICTURE)
    without = WebhookPayload.model_validate_json(with_picture(record.payload, None, None))
    assert isinstance(without.data, LookOutcome)
    assert without.data.image_url is None


def test_a_failure_names_its_reason_and_the_refund() -> None:
    data = WebhookPayload.model_validate_json(told(FAILED).payload).data.model_dump(mode="json")
    assert (data["status"], data["credits_refunded"], data["error"]["code"]) == (
        "FAILURE",
        10,
        "no_garment_found",
    )


def test_the_largest_payload_is_small_enough() -> None:
    worst = FAILED.model_copy(
        update={
            "error": FailureReason(code=FailureCode.NO_GARMENT_FOUND, message="\x01" * 1000),
            "reference": '"' * MAX_REFERENCE_CHARS,
            "metadata": {"n": "\U0001f457" * (MAX_METADATA_BYTES // 4)},
        }
    )
    assert len(told(worst).payload) <= MAX_PAYLOAD_BYTES


def test_the_same_event_has_the_same_bytes_and_one_delivery_per_endpoint() -> None:
    assert told(COMPLETED) == told(COMPLETED)
    one, another = new_request_id(), new_request_id()
    assert (
        told(COMPLETED).delivery_id(one)
        == told(COMPLETED).delivery_id(one)
        != told(COMPLETED).delivery_id(another)
    )
    assert told(COMPLETED).delivery_id(one) != told(FAILED).delivery_id(one)


def test_events_that_are_nobodys_business_are_told_to_nobody() -> None:
    assert happening(decoded(a_request()), 10, NOW) is None


def test_an_endpoint_wants_its_kinds_and_nothing_from_before_it_was_there() -> None:
    endpoint = Endpoint("w", (TENANT, "live"), ("look.completed",), enabled=True, created_at=NOW)
    assert endpoint.wants(told(COMPLETED))
    assert not endpoint.wants(told(FAILED))
    assert not replace(endpoint, created_at=NOW + timedelta(microseconds=1)).wants(told(COMPLETED))


def test_a_test_is_no_look() -> None:
    payload = WebhookPayload.model_validate_json(trial(new_request_id(), NOW).payload)
    assert payload.type == "webhook.test"
