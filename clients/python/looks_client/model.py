"""What every model is: tolerant of what it receives, strict in what it sends."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Something received. A field that this release does not know is kept in `model_extra`."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Sent(BaseModel):
    """Something sent. A field that the service would refuse is refused before."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OpenWords(StrEnum):
    """Words that a service of tomorrow may add to: one that is not known here is kept as it is."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        later = str.__new__(cls, value)
        later._name_ = value
        later._value_ = value
        return later
