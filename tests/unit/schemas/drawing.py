"""Values that a JSON Schema of ours allows, as Hypothesis draws them: what its writer may write."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.text("ab\u00e9", max_size=3)
    | st.lists(st.none(), max_size=1)
)


def values(schema: Any, root: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """A writer's values: the declared fields and no others, optional ones sometimes left out."""
    if schema is True or schema == {}:
        return ANYTHING
    if "$ref" in schema:
        # It may refer to itself
        return st.deferred(lambda: values(root["$defs"][schema["$ref"].rpartition("/")[2]], root))
    if "anyOf" in schema:
        return st.one_of([values(one, root) for one in schema["anyOf"]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema.get("type", ["null", "boolean", "integer", "string"])
    return st.one_of(
        [_of_type(kind, schema, root) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    )


def _of_type(
    kind: str, schema: Mapping[str, Any], root: Mapping[str, Any]
) -> st.SearchStrategy[Any]:
    match kind:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer" | "number":
            return _number(kind, schema)
        case "string":
            return _string(schema)
        case "array":
            return _array(schema, root)
        case _:
            return _object(schema, root)


def _number(kind: str, schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    low, high = (
        schema.get("minimum", schema.get("exclusiveMinimum", -50)),
        schema.get("maximum", 50),
    )
    whole = st.integers(int(low), int(high))
    drawn = (
        whole
        if kind == "integer"
        else whole | st.floats(low, high, allow_nan=False, allow_infinity=False)
    )
    return drawn.filter(lambda value: value > schema.get("exclusiveMinimum", value - 1))


def _string(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    if schema.get("format") == "date-time":
        return st.datetimes().map(lambda at: f"{at.isoformat()}Z")
    if "pattern" in schema:
        return st.from_regex(
            schema["pattern"], fullmatch=True, alphabet=st.characters(codec="ascii")
        )
    return st.text(
        "abc\u00e9 ", min_size=schema.get("minLength", 0), max_size=schema.get("maxLength", 6)
    )


def _array(schema: Mapping[str, Any], root: Mapping[str, Any]) -> st.SearchStrategy[list[Any]]:
    prefix = schema.get("prefixItems")
    if prefix is not None:
        return st.tuples(*[values(one, root) for one in prefix]).map(list)
    least = schema.get("minItems", 0)
    return st.lists(
        values(schema.get("items", True), root),
        min_size=least,
        max_size=schema.get("maxItems", least + 3),
    )


def _object(
    schema: Mapping[str, Any], root: Mapping[str, Any]
) -> st.SearchStrategy[dict[str, Any]]:
    fields = {name: values(field, root) for name, field in schema.get("properties", {}).items()}
    needed = {name: fields[name] for name in schema.get("required", ())}
    declared = st.fixed_dictionaries(
        needed, optional={name: fields[name] for name in fields if name not in needed}
    )
    others = schema.get("additionalProperties", False)
    if others is False:
        return declared
    more = st.dictionaries(
        st.text("abxyz", min_size=1, max_size=2), values(others, root), max_size=2
    )
    return st.tuples(more, declared).map(
        lambda both: {**{k: v for k, v in both[0].items() if k not in fields}, **both[1]}
    )
