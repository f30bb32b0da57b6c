"""What is asked of the service, as values: method, path, and what the answer becomes. Pure."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, Generic, Literal, TypedDict, TypeVar
from urllib.parse import quote
from uuid import uuid4

from pydantic import BaseModel

from looks_client.models import (
    Credits,
    DeliveryList,
    EventList,
    JobList,
    JobStatus,
    LookRequest,
    RefusedRequestList,
    RenderList,
    TrialItemInput,
    Upload,
    UploadList,
    UserCategory,
    WebhookEventType,
    WebhookList,
)

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
Query = Mapping[str, object]
NO_QUERY: Final[Query] = {}

Garment = TrialItemInput | tuple[str | Upload, str]
"""A garment's photo and its category. The photo: what `upload` gave, an object key, an https URL or
a data URL.
"""
Photo = str | os.PathLike[str] | bytes | BinaryIO
"""A path, the bytes, or an open file."""


Page = JobList | RenderList | UploadList | Credits | RefusedRequestList | WebhookList | DeliveryList


class LookFields(TypedDict, total=False):
    """What a look may say beside its garments."""

    user_category: UserCategory | Literal["MALE", "FEMALE"] | None
    runtime_config: Mapping[str, Any] | None
    reference: str | None
    metadata: Mapping[str, str] | None


class JobFilters(TypedDict, total=False):
    """Which jobs are listed."""

    status: JobStatus | Literal["NOT_STARTED", "IN_PROGRESS", "SUCCESS", "FAILURE"]
    created_after: datetime
    created_before: datetime
    reference: str
    category: str
    metadata: Mapping[str, str]
    idempotency_key: str


class WebhookChanges(TypedDict, total=False):
    """What of an endpoint is changed."""

    url: str
    event_types: Sequence[WebhookEventType | Literal["look.completed", "look.failed"]]
    description: str
    include_image_url: bool
    enabled: bool


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request. `repeatable`: sending it twice does what sending it once does."""

    method: str
    path: str
    answer: Callable[[bytes], T]
    query: Mapping[str, Any] = field(default_factory=dict)
    body: bytes | None = None
    photo: bytes | None = None
    idempotency_key: str | None = None
    repeatable: bool = True
    longer_s: float = 0.0
    """How long the service may wait before it answers."""

    def headers(self) -> dict[str, str]:
        """Those of this request alone."""
        json = {} if self.body is None else {"Content-Type": "application/json"}
        key = self.idempotency_key
        return json if key is None else {**json, "Idempotency-Key": key}


def request_for(garments: Iterable[Garment], more: LookFields) -> LookRequest:
    """The body of a look. Raises pydantic's ValidationError, which names the field."""
    items = [one if isinstance(one, TrialItemInput) else _item(one[0], one[1]) for one in garments]
    return LookRequest.model_validate({"items": items, **more})


def _item(photo: str | Upload, category: str) -> TrialItemInput:
    key = photo.upload_key if isinstance(photo, Upload) else photo
    return TrialItemInput(trial_image=key, trial_item_category=category)


def photo_bytes(photo: Photo) -> bytes:
    """The whole photo, so that it can be sent again."""
    if isinstance(photo, bytes):
        return photo
    if isinstance(photo, str | os.PathLike):
        return Path(photo).read_bytes()
    return photo.read()


def new_key() -> str:
    """An idempotency key, made before the first attempt."""
    return str(uuid4())


def nothing(_: bytes) -> None:
    """Of an answer without content."""


def as_it_is(content: bytes) -> bytes:
    """Of a file."""
    return content


def get(path: str, model: type[M], query: Query = NO_QUERY, longer_s: float = 0.0) -> Call[M]:
    """Something read."""
    return Call("GET", path, model.model_validate_json, query=_given(query), longer_s=longer_s)


def send(
    method: str, path: str, model: type[M], body: BaseModel | None = None, *, repeatable: bool
) -> Call[M]:
    """Something done, with a JSON body or none."""
    content = None if body is None else _json(body)
    return Call(method, path, model.model_validate_json, body=content, repeatable=repeatable)


def keyed(path: str, model: type[M], content: bytes, key: str | None) -> Call[M]:
    """Something that happens once for each idempotency key."""
    key = key or new_key()
    return Call("POST", path, model.model_validate_json, body=content, idempotency_key=key)


def look_body(look: LookRequest) -> bytes:
    """A look as JSON, without what was not said."""
    return _json(look)


def batch_body(looks: Sequence[LookRequest]) -> bytes:
    """A batch as JSON."""
    return b'{"looks":[%s]}' % b",".join(map(_json, looks))


def upload(photo: Photo, key: str | None) -> Call[Upload]:
    """A photo, as multipart."""
    return Call(
        "POST",
        "/v1/uploads",
        Upload.model_validate_json,
        photo=photo_bytes(photo),
        idempotency_key=key or new_key(),
    )


def path(template: str, *ids: str | int) -> str:
    """A path with these ids in it, whatever they hold."""
    return template.format(*(quote(str(one), safe="") for one in ids))


def events_after(request_id: str, seq: int, wait_s: int) -> Call[EventList]:
    """A long poll for events."""
    where = path("/v1/jobs/{}/events", request_id)
    return get(where, EventList, {"since": seq, "wait": wait_s}, longer_s=wait_s)


def _json(body: BaseModel) -> bytes:
    return body.model_dump_json(exclude_unset=True).encode()


def _given(query: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _text(value) for name, value in query.items() if value is not None}


def _text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return [f"{name}:{text}" for name, text in value.items()]
    return value.isoformat() if isinstance(value, date) else value
