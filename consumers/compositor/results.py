"""What making one look came to: values that travel between processes."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.blame import Symptom
from schemas.events import PlacedGarment, StoredImage
from schemas.failures import FailureReason

TRACE_CHARS = 8000


@dataclass(frozen=True, slots=True)
class Rendered:
    """The picture is in S3."""

    image: StoredImage
    items: tuple[PlacedGarment, ...]
    engine_version: str
    warnings: tuple[str, ...]
    seed: int | None = None
    stage_ms: Mapping[str, float] = field(default_factory=dict)
    bare: StoredImage | None = None


@dataclass(frozen=True, slots=True)
class NotRendered:
    """There is no picture, and whether trying again can help.

    `symptom`: a worker was lost to it, and whose fault that was can't be told from one time.
    `trace`: where in our code a
    fault was, for the log.
    """

    reason: FailureReason
    can_heal: bool = False
    symptom: Symptom | None = None
    trace: str = ""


def trace_of(error: BaseException) -> str:
    """The traceback, its end where it is long."""
    return "".join(traceback.format_exception(error))[-TRACE_CHARS:]
