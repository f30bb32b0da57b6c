"""Whose fault it is when a look ends badly: the photo's, ours, or not to be told yet. Pure.

| what happened on given bytes | the first time | when the same photos do it again |
|---|---|---|
| an exception that nobody expected | the photo's: the same bytes would raise it again | |
| the worker died, ran out of memory, or of time at work | unclear: tried in another | the photo's |
| the worker's time was up, and it had waited (for the store, say) | ours | ours |

"Again" is the next attempt of the same request, or another request for the same photos met
within an hour. A worker's death can be the machine's doing, and its memory an earlier look's;
twice on the same photos and on no others is not. Where it is ours after all, photos of several
tenants fail, and the breaker sees that (`domain.breaker`).
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.outcomes import Later, Reject
from schemas.events import LookRequested
from schemas.failures import FailureCode, FailureReason

REMEMBERED = 10_000
REMEMBERED_FOR = timedelta(hours=1)


class Symptom(StrEnum):
    """How a worker was lost to a look."""

    DIED = "died"
    OUT_OF_MEMORY = "out-of-memory"
    OUT_OF_TIME = "out-of-time"


_WORDS = {
    Symptom.DIED: "made the process that worked on them crash",
    Symptom.OUT_OF_MEMORY: "need more memory than one look may have",
    Symptom.OUT_OF_TIME: "take longer than one look may take",
}


@dataclass(frozen=True, slots=True)
class RequestPhotos:
    """The photos of one request, as far as telling them from others goes."""

    tenant_id: str
    digest: str


def photos_of(request: LookRequested, item_index: int | None = None) -> RequestPhotos:
    """All of a request's photos, or the one that is named, each as its category asks."""
    items = request.items if item_index is None else request.items[item_index : item_index + 1]
    named = "\n".join(f"{item.trial_item_category} {item.trial_image}" for item in items)
    return RequestPhotos(
        request.tenant_id, hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()[:16]
    )


class Suspicions:
    """Photos that a worker was lost to, of late. Of one process: lost with it, at the cost of one
    more try each.
    """

    def __init__(self) -> None:
        """Suspect nobody."""
        self._until: OrderedDict[RequestPhotos, datetime] = OrderedDict()

    def __len__(self) -> int:
        """Count the suspects."""
        return len(self._until)

    def note(self, photos: RequestPhotos, now: datetime) -> None:
        """A worker was lost to them."""
        self._until[photos] = now + REMEMBERED_FOR
        self._until.move_to_end(photos)
        while len(self._until) > REMEMBERED or next(iter(self._until.values())) <= now:
            self._until.popitem(last=False)

    def clear(self, photos: RequestPhotos) -> None:
        """They came to an end as photos should: they are good, or fail by name."""
        self._until.pop(photos, None)

    def suspects(self, photos: RequestPhotos, now: datetime) -> bool:
        """Whether a worker was lost to them before."""
        until = self._until.get(photos)
        return until is not None and now < until


def fault_of(symptom: Symptom) -> str:
    """The fault that a client is told of when photos are blamed for lost workers."""
    return hashlib.sha256(f"worker {symptom}".encode()).hexdigest()[:8]


def after_failure(symptom: Symptom, reason: FailureReason, *, again: bool) -> Later | Reject:
    """What losing a worker comes to. `reason`: what it is as long as it can't be told whose fault
    it was.
    """
    if not again:
        return Later(reason, suspect=symptom.value)
    message = (
        f"The look's photos {_WORDS[symptom]}, twice. "
        f"Use other photos, or fewer or smaller ones; quote fault {fault_of(symptom)}."
    )
    return Reject(
        FailureReason(
            code=FailureCode.PHOTO_NOT_PROCESSED, message=message, item_index=reason.item_index
        )
    )
