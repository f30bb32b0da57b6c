"""The HTTP contract of reports of bad pictures."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_NOTE_CHARS = 500


class ReportReason(StrEnum):
    """What is wrong with a picture."""

    CUT_OUT = "cut_out"
    SHAPE = "shape"
    WRONG_GARMENT = "wrong_garment"
    COLOUR = "colour"
    OTHER = "other"


class ReportPicture(BaseModel):
    """A bad picture."""

    model_config = ConfigDict(extra="forbid")

    reason: ReportReason = Field(
        default=ReportReason.OTHER,
        description="`cut_out`: background in it, or parts missing; `shape`: the garment is bent "
        "or lies wrongly; `wrong_garment`: it is taken for something else; `colour`",
    )
    note: str = Field(
        default="",
        max_length=MAX_NOTE_CHARS,
        pattern=r"^[^\x00]*$",
        description="in your words; we read it",
    )


class PictureReport(BaseModel):
    """The first report of a picture, and what came of it."""

    request_id: str
    reason: ReportReason
    note: str
    credited: int = Field(description="credits given back, as `goodwill` in the ledger")
    withheld: Literal["too_late", "monthly_limit", "nothing_charged"] | None = Field(
        description="why none were: see docs/console.md for the rule"
    )
    created_at: datetime
