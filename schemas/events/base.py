"""What every event shares."""

from pydantic import BaseModel, ConfigDict

from schemas.ids import RequestId


class RequestEvent(BaseModel):
    """A fact about one request. Readers ignore fields that they do not know; events are never
    changed once made.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    request_id: RequestId
