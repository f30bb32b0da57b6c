"""What every event shares."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from schemas.ids import RequestId

GivenReference = Annotated[
    str, Field(description="the client's own name for the look, as it was sent")
]
GivenMetadata = Annotated[
    Mapping[str, str], Field(description="the client's own pairs of words, as they were sent")
]


class RequestEvent(BaseModel):
    """A fact about one request. Readers ignore fields that they do not know; events are never
    changed once made.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    request_id: RequestId
