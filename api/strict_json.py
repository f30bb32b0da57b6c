"""JSON bodies, read strictly: what two parsers could read differently is refused before anything is
charged.

Read twice at most. orjson reads nearly all: what it gives is taken when nothing in it can be
ambiguous. All else is read again by the standard library, whose hooks see every pair and every
number as it was written, and which says what is wrong.
"""

import json
from typing import NoReturn

import orjson

from api.errors import invalid

MAX_DEPTH = 32
FIRST_INEXACT = 2.0**63
"""From here on orjson may have made a float of a whole number that 64 bits do not hold."""
_BODY = ("body",)


class _Ambiguous(ValueError):
    """The text is JSON that must not be accepted."""


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _Ambiguous("a key occurs twice in one object")
    return result


def _constant(name: str) -> NoReturn:
    raise _Ambiguous(f"{name} is not JSON")


def _number(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise _Ambiguous("a number is too large")
    return number


def _integer(text: str) -> int:
    # What 64 bits don't hold nobody could write again.
    if len(text) > len(str(-(2**63))) or not -(2**63) <= (number := int(text)) < 2**64:
        raise _Ambiguous("a number is too large")
    return number


class _Doubtful(ValueError):
    """The text needs the careful reader."""


def parse(body: bytes) -> object:
    """The value of a JSON text. Raises ApiError 422 for anything but plain, unambiguous JSON in
    UTF-8.
    """
    try:
        value = orjson.loads(body)
        # Each member has one colon outside of strings. As many colons as members that were kept:
        # none was given twice.
        if b"\\u0000" not in body and body.count(b":") == _members(value, 0):
            return value
    except ValueError:
        pass
    return read_carefully(body)


def _members(value: object, depth: int) -> int:
    """How many members the objects of a value have. Raises _Doubtful when it is too deep or holds a
    number that may not be what was written.
    """
    if depth >= MAX_DEPTH and value and type(value) in (dict, list):
        raise _Doubtful
    if type(value) is dict:
        return len(value) + sum(
            _members(inner, depth + 1) for inner in value.values() if type(inner) is not str
        )
    if type(value) is list:
        return sum(_members(inner, depth + 1) for inner in value if type(inner) is not str)
    if type(value) is float and not -FIRST_INEXACT < value < FIRST_INEXACT:
        raise _Doubtful
    return 0


def read_carefully(body: bytes) -> object:
    """What `parse` says, without its short cut."""
    try:
        text = body.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_constant=_constant,
            parse_float=_number,
            parse_int=_integer,
        )
    except UnicodeDecodeError:
        raise invalid(_BODY, "not UTF-8", "json_invalid") from None
    except _Ambiguous as error:
        raise invalid(_BODY, str(error), "json_invalid") from None
    except (ValueError, RecursionError):
        raise invalid(_BODY, "not valid JSON", "json_invalid") from None
    _check(value, 0)
    return value


def _check(value: object, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise invalid(_BODY, f"nested deeper than {MAX_DEPTH}", "json_invalid")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_text(key)
            _check(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth + 1)


def _check_text(text: str) -> None:
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise invalid(_BODY, "a string holds NUL or half of a surrogate pair", "json_invalid")
