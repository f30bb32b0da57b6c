"""Dead letters as operators list them."""

from typing import Any, cast

from domain.redriving import Letter, RecordPosition
from operations.letters.choice import Choice
from operations.letters.dead import Found, Letters
from runtime.kafka import ConsumerRecord
from schemas.events import LookDeadLettered
from schemas.failures import FailureCode, FailureReason
from schemas.samples import sample_of
from schemas.topics import LOOK_DEAD_LETTER

NO_RECORD = cast(ConsumerRecord, None)


def test_a_letter_is_found_by_the_code_that_it_is_listed_with() -> None:
    event = cast(LookDeadLettered, sample_of("look.dead-letter.v1"))
    for code in FailureCode:
        reason = FailureReason(code=code, message="why")
        letter = Letter(
            place=RecordPosition(LOOK_DEAD_LETTER.name, 0, 0),
            request_id=event.request_id,
            tenant_id=event.tenant_id,
            code=code,
            redrives=0,
            handled_past=False,
        )
        found = Found(letter, event.model_copy(update={"reason": reason}))
        fields = cast(dict[str, Any], Letters().fields(found, NO_RECORD, "open"))
        listed = fields["reason"]["code"]
        assert listed == code
        assert Letters().takes(Choice(reason=listed), found, NO_RECORD)
