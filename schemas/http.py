"""The HTTP contract of `POST /v1/look`, exactly as its clients know it."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from schemas.ids import RequestId

MAX_ITEMS = 50
MAX_OBJECT_KEY_CHARS = 1024
MAX_TRIAL_IMAGE_CHARS = 32 * 1024 * 1024
"""Of a data URL; what a body may hold is less."""
MAX_CATEGORY_CHARS = 64
MAX_REFERENCE_CHARS = 100
MAX_METADATA_PAIRS = 20
MAX_METADATA_NAME_CHARS = 40
MAX_METADATA_VALUE_CHARS = 500
MAX_METADATA_BYTES = 4096
"""Of all pairs together, as JSON in UTF-8: webhooks carry them, and stay small."""
NO_CONTROLS: Final = r"^[^\x00-\x1f\x7f]*$"

Reference = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_REFERENCE_CHARS, pattern=NO_CONTROLS),
]
"""The client's own name for a look: an order, an article."""
MetadataName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_METADATA_NAME_CHARS, pattern=NO_CONTROLS),
]
MetadataValue = Annotated[
    str, StringConstraints(max_length=MAX_METADATA_VALUE_CHARS, pattern=NO_CONTROLS)
]


RUNTIME_CONFIG: Final[dict[str, Any]] = {
    "title": "RuntimeConfig",
    "type": "object",
    "properties": {
        "width": {
            "type": "integer",
            "minimum": 256,
            "maximum": 2048,
            "default": 768,
            "description": "of the picture, in pixels; its height is 1.5 times that",
        },
        "format": {"type": "string", "enum": ["webp", "png", "jpeg"], "default": "webp"},
        "quality": {
            "type": "integer",
            "minimum": 1,
            "maximum": 100,
            "default": 90,
            "description": "of a webp or jpeg; a png is exact",
        },
        "background": {
            "type": "string",
            "pattern": "^(studio|transparent|#[0-9a-fA-F]{6})$",
            "default": "studio",
            "description": "`studio`, `transparent` (not for a jpeg) or a colour as #rrggbb",
        },
        "tuck": {
            "type": "boolean",
            "default": False,
            "description": "tops are tucked into what is worn below",
        },
        "layers": {
            "type": "boolean",
            "default": False,
            "description": "each garment is kept as a picture of its own too (`layers` of "
            "`GET /v1/renders/{request_id}`), so that it can be shown without the others; not by "
            "remote engines",
        },
        "engine": {
            "type": "string",
            "enum": ["classical", "remote"],
            "description": "who makes the picture; left out: the tenant's engine",
        },
    },
    "additionalProperties": True,
}
"""What `runtime_config` may hold: documented here, checked by `compositing.options`."""


class UserCategory(StrEnum):
    """Which mannequin wears the look."""

    MALE = "MALE"
    FEMALE = "FEMALE"


class JobStatus(StrEnum):
    """Where a job stands. SUCCESS and FAILURE are final; a cancelled job is a FAILURE with the code
    `cancelled`.
    """

    NOT_STARTED = "NOT_STARTED"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


class TrialItemInput(BaseModel):
    """One garment: its photo and a garment category key."""

    model_config = ConfigDict(frozen=True)

    trial_image: Annotated[
        str, StringConstraints(min_length=1, max_length=MAX_TRIAL_IMAGE_CHARS)
    ] = Field(
        description="the garment photo: an S3 object key, the `upload_key` of POST /v1/uploads, an "
        f"https URL that we fetch, or a `data:image/...;base64,` URL. Keys and https URLs have "
        f"{MAX_OBJECT_KEY_CHARS} characters at most",
        examples=["users/abc/trial/shirt-1.jpg"],
    )
    trial_item_category: Annotated[
        str, StringConstraints(min_length=1, max_length=MAX_CATEGORY_CHARS)
    ] = Field(
        description="garment category key, see GET /v1/garment-categories; or `auto`: guessed from "
        "the photo's shape",
        examples=["shirt"],
    )


class _Closed:
    """Of a model in a request: its JSON Schema lets no other fields in.

    The same model in an event stays open, for its readers. The model itself refuses nothing: keys
    of before unknown fields were refused are only warned.
    """

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        reference = handler(schema)
        handler.resolve_ref_schema(reference)["additionalProperties"] = False
        return reference


class LookRequest(BaseModel):
    """The garments to compose on one mannequin."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": False})

    user_category: UserCategory | None = Field(
        default=None, description="MALE, FEMALE or null for the default mannequin"
    )
    items: list[Annotated[TrialItemInput, _Closed()]] = Field(min_length=1, max_length=MAX_ITEMS)
    runtime_config: Annotated[Mapping[str, JsonValue], WithJsonSchema(RUNTIME_CONFIG)] | None = (
        Field(
            default=None,
            description="rendering options; unknown ones are refused, and for keys from before "
            "that rule ignored and named in the warnings",
        )
    )
    reference: Reference | None = Field(
        default=None,
        description="your own name for the look: jobs, events and webhooks carry it, and "
        "`GET /v1/jobs?reference=` finds it. It need not be unique",
        examples=["order-1042"],
    )
    metadata: (
        Annotated[dict[MetadataName, MetadataValue], Field(max_length=MAX_METADATA_PAIRS)] | None
    ) = Field(
        default=None,
        description=f"your own pairs of words, carried along and given back; {MAX_METADATA_BYTES} "
        "bytes of JSON in all",
        examples=[{"sku": "TS-1042-M", "campaign": "spring"}],
    )


class WorkflowAcceptedResponse(BaseModel):
    """The request is on disk with its charge; the picture follows."""

    request_id: RequestId = Field(description="ULID that correlates with the row in request_logs")
    job_id: str | None = Field(
        default=None, description="an alias of `request_id`, kept: always the same"
    )
    status: JobStatus = JobStatus.NOT_STARTED
    credits_cost: int = Field(
        description="Credits deducted from the calling client. Refunded automatically on any "
        "failure path."
    )
    warnings: list[str] | None = Field(
        default=None,
        description="what of the request was ignored; left out where nothing was",
    )


FieldPath = tuple[str | int, ...]
_LOOK: Final = frozenset(LookRequest.model_fields)
_ITEM: Final = frozenset(TrialItemInput.model_fields)


def unknown_fields(body: Mapping[str, Any]) -> list[tuple[FieldPath, str | None]]:
    """Where a valid LookRequest has fields that it does not know, each with the name that may have
    been meant. `runtime_config` is open, and none of it is looked at.
    """
    found = [*_unknown((), body, _LOOK)]
    items: Sequence[Mapping[str, Any]] = body["items"]
    for index, item in enumerate(items):
        found += _unknown(("items", index), item, _ITEM)
    return found


def _unknown(
    place: FieldPath, given: Mapping[str, Any], known: frozenset[str]
) -> Iterator[tuple[FieldPath, str | None]]:
    if given.keys() <= known:
        return
    for name in given:
        if name not in known:
            near = get_close_matches(name[:MAX_CATEGORY_CHARS], known, 1)
            yield (*place, name), near[0] if near else None
