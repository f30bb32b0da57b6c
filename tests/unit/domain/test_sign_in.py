"""Who comes of a provider's claims."""

from typing import Any

import pytest

from domain.sign_in import claim_at

CLAIMS: dict[str, Any] = {
    "roles": ["a"],
    "realm_access": {"roles": ["b"], "deeper": {"still": "c"}},
    "https://example.com/roles": ["d"],
    "whole.name": ["e"],
    "whole": {"name": ["not this one"]},
    "text": "roles",
    "nothing": None,
}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("roles", ["a"]),
        ("realm_access.roles", ["b"]),
        ("realm_access.deeper.still", "c"),
        ("https://example.com/roles", ["d"]),
        ("whole.name", ["e"]),
        ("realm_access.groups", None),
        ("realm_access.roles.0", None),
        ("text.roles", None),
        ("nothing.roles", None),
        ("missing.roles", None),
        ("realm_access.", None),
        (".roles", None),
    ],
)
def test_a_claim_is_found_by_its_whole_name_or_by_the_path_to_it(name: str, found: object) -> None:
    assert claim_at(CLAIMS, name) == found
