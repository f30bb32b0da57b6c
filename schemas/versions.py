"""Released versions of an event type's schema: which change may be released, under which number.

A type's name holds its major version (`look.completed.v1`); releases of it are 1.0.0, 1.1.0, ... A
release reads and is read by every release before it (FULL_TRANSITIVE); what can't is a new type
beside the old one.

- a change of words only is a patch; a change of fields is a minor version
- a field goes away only after a release that marks it `deprecated`
- a default never changes: old records that lack the field would be read with another meaning
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.compatibility import unreadable
from schemas.json_schema import Schema

Version = tuple[int, int, int]


FIRST: Version = (1, 0, 0)
_WORDS = {"title", "description", "examples", "deprecated", "$comment"}
_OPTIONAL_WITHOUT_DEFAULT = object()


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The current schema is the one of this release."""

    version: Version


@dataclass(frozen=True, slots=True)
class Allowed:
    """The current schema may be released under this version."""

    version: Version


@dataclass(frozen=True, slots=True)
class ReleaseRefused:
    """The current schema must not be released as this type, and why."""

    reasons: tuple[str, ...]


ReleaseCheck = Unchanged | Allowed | ReleaseRefused


def text(version: Version) -> str:
    """As in `1.2.0`."""
    return ".".join(str(part) for part in version)


def parse(version: str) -> Version:
    """Raises ValueError when it is not of the form 1.2.0."""
    major, minor, patch = (int(part) for part in version.split("."))
    return major, minor, patch


def check_release(released: Mapping[Version, Schema], current: Schema) -> ReleaseCheck:
    """Whether and as what the current schema may be released."""
    if not released:
        return Allowed(FIRST)
    latest = max(released)
    if released[latest] == current:
        return Unchanged(latest)
    reasons = [
        reason
        for version in sorted(released)
        for reason in _against(version, released[version], current)
    ]
    reasons += _gone(latest, released[latest], current)
    if reasons:
        return ReleaseRefused(tuple(dict.fromkeys(reasons)))
    major, minor, patch = latest
    only_words = _without_words(released[latest]) == _without_words(current)
    return Allowed((major, minor, patch + 1) if only_words else (major, minor + 1, 0))


def _against(version: Version, before: Schema, current: Schema) -> Iterator[str]:
    for obstacle in unreadable(before, current):
        yield f"a new reader can't read records of {text(version)}: {obstacle}"
    for obstacle in unreadable(current, before):
        yield f"a reader of {text(version)} can't read new records: {obstacle}"
    then, now = _fields(before), _fields(current)
    for path in sorted(then.keys() & now.keys()):
        was, is_now = (
            fields[path].get("default", _OPTIONAL_WITHOUT_DEFAULT) for fields in (then, now)
        )
        if was != is_now and path not in _required(before) | _required(current):
            yield f"the default of {path} differs from that of {text(version)}"


def _gone(latest: Version, before: Schema, current: Schema) -> Iterator[str]:
    then = _fields(before)
    for path in sorted(then.keys() - _fields(current).keys()):
        if not any(
            then[parent].get("deprecated")
            for parent in then
            if path == parent or path.startswith(f"{parent}.")
        ):
            yield f"{path} is gone: release it as deprecated first ({text(latest)} does not say so)"


def _fields(schema: Schema) -> dict[str, Schema]:
    """Every declared field by its path, through references, lists, maps and alternatives."""
    return {path: field for path, field, _ in _walk(schema, schema, "$", ())}


def _required(schema: Schema) -> set[str]:
    return {path for path, _, required in _walk(schema, schema, "$", ()) if required}


def _walk(
    node: Any, root: Schema, path: str, through: tuple[str, ...]
) -> Iterator[tuple[str, Schema, bool]]:
    if not isinstance(node, Mapping):
        return
    reference = node.get("$ref")
    if isinstance(reference, str):
        if reference not in through:
            yield from _walk(_definition(root, reference), root, path, (*through, reference))
        return
    for name, field in node.get("properties", {}).items():
        yield (
            f"{path}.{name}",
            field if isinstance(field, Mapping) else {},
            name in node.get("required", ()),
        )
        yield from _walk(field, root, f"{path}.{name}", through)
    for inner in (
        *node.get("anyOf", ()),
        *node.get("prefixItems", ()),
        node.get("items"),
        node.get("additionalProperties"),
    ):
        yield from _walk(inner, root, path, through)


def _definition(root: Schema, reference: str) -> Any:
    return root["$defs"][reference.rpartition("/")[2]]


def _without_words(node: Any, *, names: bool = False) -> Any:
    """The node without prose. `names`: its keys are fields or definitions, not keywords."""
    if isinstance(node, Mapping):
        return {
            key: _without_words(value, names=not names and key in {"properties", "$defs"})
            for key, value in node.items()
            if names or key not in _WORDS
        }
    return [_without_words(one) for one in node] if isinstance(node, list) else node
