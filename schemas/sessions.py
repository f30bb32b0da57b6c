"""The HTTP contract of the console's sign-ins."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from schemas.reads import Me

MAX_KEY_CHARS = 256


class SignIn(BaseModel):
    """A key, once: from then on the browser's cookie stands for it."""

    model_config = ConfigDict(extra="forbid")

    key: SecretStr = Field(
        min_length=1, max_length=MAX_KEY_CHARS, description="an API key that works"
    )


class CurrentSession(BaseModel):
    """Whether the browser is signed in."""

    me: Me | None = Field(description="whose key it is signed in with; null: it is not")


class ConsoleSession(BaseModel):
    """One sign-in."""

    id: str
    current: bool = Field(description="whether this request came by it")
    agent: str = Field(description="the browser, as it names itself")
    created_at: datetime
    last_seen_at: datetime = Field(description="to the minute")
    expires_at: datetime = Field(description="it ends before, when it is not used for a while")


class ConsoleSessionList(BaseModel):
    """The sign-ins of a key, the last used first."""

    items: list[ConsoleSession]
