"""The quick reading of JSON says what the careful one says, of every text."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api import strict_json
from api.errors import ApiError

NUMBERS = (
    st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.sampled_from([2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 1e300, 2.0**63])
)
TEXTS = st.text(max_size=5) | st.sampled_from([":", '":', "a", "b", "\x00", "{", "\\u0000"])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def outcome(read: Any, body: bytes) -> tuple[str, str]:
    """What came of it, with types: 1 is not 1.0."""
    try:
        return "value", repr(read(body))
    except ApiError as error:
        return "refused", error.message


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """JSON texts, some with a member given twice, deeper than allowed, or torn."""
    body = json.dumps(draw(VALUES), ensure_ascii=draw(st.booleans())).encode(
        "utf-8", "surrogatepass"
    )
    match draw(st.integers(0, 5)):
        case 0:
            return b'{"a": ' + body + b', "\\u0061": 1}'
        case 1:
            depth = draw(st.integers(28, 36))
            return b"[" * depth + body + b"]" * depth
        case 2:
            at = draw(st.integers(0, len(body)))
            return body[:at] + draw(st.binary(max_size=2)) + body[at:]
        case _:
            return body


@given(bodies())
@example(b"[" * 33 + b'""' + b"]" * 33)
@example(b"[" * 33 + b"]" * 33)
@example(b'{"a": 1, "a": 2}')
@example(b'{"a:": 1, "b": {"c": 2, "c": 3}}')
@example(b'{"n": 18446744073709551616}')
@example(b"18446744073709551616")
@example(b'"\\u0000"')
@example(b'"\\\\u0000"')
def test_both_readings_agree_on_every_text(body: bytes) -> None:
    assert outcome(strict_json.parse, body) == outcome(strict_json.read_carefully, body)


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**25])
def test_a_number_that_64_bits_do_not_hold_is_refused(number: int) -> None:
    assert outcome(strict_json.parse, b'{"n": %d}' % number) == (
        "refused",
        "body: a number is too large",
    )


def test_a_number_that_they_hold_is_exact() -> None:
    assert strict_json.parse(b"[18446744073709551615, -9223372036854775808]") == [
        2**64 - 1,
        -(2**63),
    ]
