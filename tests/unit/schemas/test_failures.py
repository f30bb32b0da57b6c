"""A code that came after the first release: its own code inside and over HTTP, one that every
reader knows in events.
"""

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from cli.releases import released
from schemas.events import CreditRefund, LookFailed
from schemas.failures import NEAREST, FailureCode, FailureReason, JobFailure, published
from schemas.versions import FIRST
from tests.making import NOW, REQUEST_ID, TENANT

ODD = FailureReason(code=FailureCode.PHOTO_NOT_PROCESSED, message="fault 1a2b3c4d", item_index=0)


@pytest.mark.parametrize("code", FailureCode)
def test_every_code_can_be_read_by_a_reader_of_the_first_release(code: FailureCode) -> None:
    error = FailureReason(code=code, message="m")
    failed = LookFailed(request_id=REQUEST_ID, tenant_id=TENANT, error=error, failed_at=NOW)
    refund = CreditRefund(
        request_id=REQUEST_ID, tenant_id=TENANT, amount=1, reason=code, refunded_at=NOW
    )
    Draft202012Validator(released("look.failed.v1")[FIRST]).validate(failed.model_dump(mode="json"))
    Draft202012Validator(released("credit.refund.v1")[FIRST]).validate(
        refund.model_dump(mode="json")
    )
    assert LookFailed.model_validate_json(failed.model_dump_json()) == failed


def test_a_late_code_travels_as_cause_beside_its_nearest() -> None:
    told = ODD.model_dump(mode="json")
    assert (told["code"], told["cause"]) == ("image_unreadable", "photo_not_processed")
    assert FailureReason.model_validate(told).code is FailureCode.PHOTO_NOT_PROCESSED
    assert {published(late) for late in NEAREST}.isdisjoint(NEAREST)


def test_a_cause_of_a_later_release_is_passed_over() -> None:
    later = FailureReason.model_validate(
        {"code": "image_unreadable", "message": "m", "cause": "of_next_year"}
    )
    assert later.code is FailureCode.IMAGE_UNREADABLE


@pytest.mark.parametrize("cause", [None, *FailureCode, "of_next_year"])
@pytest.mark.parametrize("code", [code for code in FailureCode if code not in NEAREST])
def test_a_document_by_the_schema_is_written_again_as_it_was(
    code: FailureCode, cause: str | None
) -> None:
    document = {"code": code.value, "message": "m", "item_index": None, "cause": cause}
    assert FailureReason.model_validate(document).model_dump(mode="json") == document


@pytest.mark.parametrize("odd", [[], {}, 1])
def test_a_code_of_any_other_type_is_refused_and_nothing_else_is_raised(odd: object) -> None:
    for document in (
        {"code": odd},
        {"code": odd, "cause": "photo_not_processed"},
        {"code": "image_unreadable", "cause": odd},
    ):
        with pytest.raises(ValidationError):
            FailureReason.model_validate({**document, "message": "m"})


def test_over_http_it_is_the_code() -> None:
    told = JobFailure(code=ODD.code, message=ODD.message, item_index=0).model_dump(mode="json")
    assert told == {"code": "photo_not_processed", "message": "fault 1a2b3c4d", "item_index": 0}
