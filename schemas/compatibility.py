"""Whether what is written under one JSON Schema can be read under another.

The rule: a writer writes the fields that its schema declares and no others, unless
`additionalProperties` says so; a reader ignores the fields that it does not know, unless
`additionalProperties` is false. That is how our events are made (producers are ours, models ignore
extras), and it is what lets an optional field be added and both sides still read each other.

`unreadable` is sound and not complete: no obstacle means that every record is readable; an obstacle
may be over-careful,
for keywords and combinations that our models do not use. Such a change is refused with the keyword
named.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Final

SchemaNode = Mapping[str, Any] | bool

_PROSE: Final = {
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
}
_PROSE_OF_THE_ROOT: Final = {"$schema", "$id", "$comment", "$defs", "definitions"}
_UNDERSTOOD: Final = {
    "type", "enum", "const", "anyOf", "properties", "required", "additionalProperties", "items",
    "prefixItems",
    "minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
}  # fmt: skip
_EQUAL_OR_ABSENT: Final = {
    "pattern",
    "format",
    "multipleOf",
    "uniqueItems",
    "contentEncoding",
    "contentMediaType",
}
"""A reader that has one of these reads only what was written under the very same."""

_LENGTHS: Final = {"string": "Length", "array": "Items", "object": "Properties"}
ALL_TYPES: Final = ("null", "boolean", "integer", "number", "string", "array", "object")


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A place where a record may be unreadable, and why. `path` is like `$.items[].box[3]`; `{}` is
    any key of a map.
    """

    path: str
    reason: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.path}: {self.reason}"


def unreadable(writer: Mapping[str, Any], reader: Mapping[str, Any]) -> list[Obstacle]:
    """Why a record that is valid under `writer` may not be readable under `reader`; empty when all
    are readable.
    """
    return list(_Comparison(writer, reader).obstacles(writer, reader, "$"))


class _Comparison:
    """One comparison: it knows both documents, to follow references into them."""

    def __init__(self, writer: Mapping[str, Any], reader: Mapping[str, Any]) -> None:
        self._roots = (writer, reader)
        self._under_way: set[tuple[str, str]] = set()

    def obstacles(self, writer: SchemaNode, reader: SchemaNode, path: str) -> Iterator[Obstacle]:
        """Follow references; a pair that is being compared already is not compared again inside
        itself.
        """
        yield from _not_understood(writer, path, "writer")
        yield from _not_understood(reader, path, "reader")
        pair = (_reference(writer), _reference(reader))
        if all(pair):
            if pair in self._under_way:
                return
            self._under_way.add(pair)
        written, read = _resolved(writer, self._roots[0]), _resolved(reader, self._roots[1])
        if any(pair):
            yield from _not_understood(written, path, "writer")
            yield from _not_understood(read, path, "reader")
        yield from self._nodes(written, read, path)
        self._under_way.discard(pair)

    def _nodes(self, writer: SchemaNode, reader: SchemaNode, path: str) -> Iterator[Obstacle]:
        if writer is False or reader is True:
            return
        if reader is False:
            yield Obstacle(path, "nothing may stand here for its reader")
            return
        written: Mapping[str, Any] = {} if writer is True else writer
        if "anyOf" in written:
            for alternative in written["anyOf"]:
                yield from self.obstacles(alternative, reader, path)
        elif "anyOf" in reader:
            yield from self._alternatives(written, reader["anyOf"], path)
        else:
            yield from self._plain(written, reader, path)

    def _alternatives(
        self, writer: Mapping[str, Any], alternatives: list[SchemaNode], path: str
    ) -> Iterator[Obstacle]:
        """One alternative must read all that a plain writer writes; else what keeps the likeliest
        from it.
        """
        found = [list(self.obstacles(writer, alternative, path)) for alternative in alternatives]
        if all(found):
            kinds = [_types(_resolved(alternative, self._roots[1])) for alternative in alternatives]
            alike = [
                one
                for one, kind in zip(found, kinds, strict=True)
                if set(kind) & set(_types(writer))
            ]
            yield from (
                alike[0]
                if len(alike) == 1
                else [Obstacle(path, "no alternative of its reader takes all of it")]
            )

    def _plain(
        self, writer: Mapping[str, Any], reader: Mapping[str, Any], path: str
    ) -> Iterator[Obstacle]:
        values, readable = _values(writer), _values(reader)
        if readable is not None:
            unknown = (
                None if values is None else [value for value in values if value not in readable]
            )
            if unknown is None or unknown:
                yield Obstacle(
                    path, f"values unknown to its reader: {'any' if unknown is None else unknown}"
                )
            return
        missing = [kind for kind in _types(writer) if not _takes(_types(reader), kind)]
        if missing:
            yield Obstacle(
                path, f"may be {', '.join(missing)}; its reader takes {', '.join(_types(reader))}"
            )
            return
        for kind in _types(writer):
            yield from _limits(writer, reader, kind, path)
        if "object" in _types(writer):
            yield from self._objects(writer, reader, path)
        if "array" in _types(writer):
            yield from self._arrays(writer, reader, path)

    def _objects(
        self, writer: Mapping[str, Any], reader: Mapping[str, Any], path: str
    ) -> Iterator[Obstacle]:
        written, read = writer.get("properties", {}), reader.get("properties", {})
        for name in reader.get("required", ()):
            if name not in writer.get("required", ()):
                yield Obstacle(
                    f"{path}.{name}", "its reader requires it, its writer may leave it out"
                )
        any_written = writer.get("additionalProperties", False)
        any_read = reader.get("additionalProperties", True)
        for name in sorted({*written, *read}):
            yield from self.obstacles(
                written.get(name, any_written), read.get(name, any_read), f"{path}.{name}"
            )
        yield from self.obstacles(any_written, any_read, f"{path}{{}}")

    def _arrays(
        self, writer: Mapping[str, Any], reader: Mapping[str, Any], path: str
    ) -> Iterator[Obstacle]:
        written, read = writer.get("prefixItems", []), reader.get("prefixItems", [])
        places = max(len(written), len(read))
        for place in range(places):
            if place < writer.get("maxItems", inf):
                yield from self.obstacles(
                    _item(writer, place), _item(reader, place), f"{path}[{place}]"
                )
        if places < writer.get("maxItems", inf):
            yield from self.obstacles(
                writer.get("items", True), reader.get("items", True), f"{path}[]"
            )


def _reference(node: SchemaNode) -> str:
    return "" if isinstance(node, bool) else str(node.get("$ref", ""))


def _resolved(node: SchemaNode, root: Mapping[str, Any]) -> SchemaNode:
    """What a node's `$ref` points to, as long as it is one. Raises KeyError for a reference out of
    the document.
    """
    while reference := _reference(node):
        target: Any = root
        for part in reference.removeprefix("#").strip("/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")] if part else target
        node = target
    return node


def _item(node: Mapping[str, Any], place: int) -> SchemaNode:
    prefix = node.get("prefixItems", [])
    found: SchemaNode = prefix[place] if place < len(prefix) else node.get("items", True)
    return found


def _not_understood(node: SchemaNode, path: str, whose: str) -> Iterator[Obstacle]:
    """Keywords that this comparison would have to pass over, of the node itself and of what it
    refers to.
    """
    if isinstance(node, bool):
        return
    asserting = set(node) - _PROSE - _PROSE_OF_THE_ROOT
    for keyword in sorted(asserting - _UNDERSTOOD - _EQUAL_OR_ABSENT - {"$ref"}):
        yield Obstacle(path, f"its {whose} has {keyword}, which is not understood here")
    for alone, among in (
        ("$ref", set()),
        ("anyOf", set()),
        ("enum", {"type"}),
        ("const", {"type"}),
    ):
        if alone in asserting and (beside := asserting - {alone} - among):
            yield Obstacle(
                path,
                f"its {whose} has {', '.join(sorted(beside))} beside {alone}: not understood here",
            )


def _types(node: SchemaNode) -> tuple[str, ...]:
    kind = None if isinstance(node, bool) else node.get("type")
    if kind is None:
        return ALL_TYPES
    return (kind,) if isinstance(kind, str) else tuple(kind)


def _takes(types: tuple[str, ...], kind: str) -> bool:
    return kind in types or (kind == "integer" and "number" in types)


def _values(node: Mapping[str, Any]) -> list[Any] | None:
    if "const" in node:
        return [node["const"]]
    values: list[Any] | None = node.get("enum")
    return values


def _limits(
    writer: Mapping[str, Any], reader: Mapping[str, Any], kind: str, path: str
) -> Iterator[Obstacle]:
    for keyword in sorted(_EQUAL_OR_ABSENT & set(reader)):
        if reader[keyword] != writer.get(keyword) and _applies(keyword, kind):
            yield Obstacle(
                path,
                f"its reader wants {keyword} {reader[keyword]!r}, its writer has "
                f"{writer.get(keyword)!r}",
            )
    if kind in {"integer", "number"}:
        for side, sign in (("inimum", -1), ("aximum", 1)):
            if _bound(reader, side, sign) < _bound(writer, side, sign):
                yield Obstacle(
                    path, f"may be {'less' if sign < 0 else 'more'} than its reader takes"
                )
    if (what := _LENGTHS.get(kind)) is not None:
        if reader.get(f"min{what}", 0) > writer.get(f"min{what}", 0):
            yield Obstacle(path, f"may be shorter than its reader takes (min{what})")
        if reader.get(f"max{what}", inf) < writer.get(f"max{what}", inf):
            yield Obstacle(path, f"may be longer than its reader takes (max{what})")


def _applies(keyword: str, kind: str) -> bool:
    of = {"multipleOf": ("integer", "number"), "uniqueItems": ("array",)}.get(keyword, ("string",))
    return kind in of


def _bound(node: Mapping[str, Any], side: str, sign: int) -> tuple[float, int]:
    """How far a number may go in one direction: further is greater, and up to and with a bound is
    further than up to it.
    """
    included = sign * node[f"m{side}"] if f"m{side}" in node else inf
    excluded = sign * node[f"exclusiveM{side}"] if f"exclusiveM{side}" in node else inf
    return min((included, 1), (excluded, 0))
