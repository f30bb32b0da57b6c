"""Types of values, in the words of a language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cli.clients.shapes import (
    Either,
    ListOf,
    MapOf,
    Maybe,
    OneOf,
    Ref,
    Scalar,
    Together,
    ValueShape,
)


@dataclass(frozen=True, slots=True)
class TypeWords:
    """A language's types. In those that hold others, `{}` stands for what is held."""

    scalars: Mapping[str, str]
    """By `Scalar.kind`."""
    one_of: Callable[[tuple[str, ...]], str]
    list_of: str
    map_of: str
    together: str
    maybe: str

    def written(self, shape: ValueShape) -> str:  # noqa: PLR0911 (one line for each shape)
        """The type of a value."""
        match shape:
            case Scalar(kind):
                return self.scalars[kind]
            case Ref(name):
                return name
            case OneOf(words):
                return self.one_of(words)
            case ListOf(inner):
                return self.list_of.format(self.written(inner))
            case MapOf(inner):
                return self.map_of.format(self.written(inner))
            case Together(parts):
                return self.together.format(", ".join(map(self.written, parts)))
            case Either(among):
                return " | ".join(map(self.written, among))
            case Maybe(inner):
                return self.maybe.format(self.written(inner))
