"""A release's page is its section of the changelog; its tag is the number of all that is in it."""

import pytest

from deploy.release_page import ROOT, NotARelease, numbers, page, sections

FILES = "https://code.example/looks/"
CHANGELOG = """# Changelog

## Unreleased
- Not yet.

## 0.3.0 (2026-12-01)
- New ([how](docs/http.md#words)); see [elsewhere](https://example.com).

## 0.2.0
- Old.
"""


def test_the_page_is_the_tags_section_with_links_to_its_files() -> None:
    assert page("v0.3.0", FILES, CHANGELOG, {"pyproject.toml": "0.3.0"}) == (
        "- New ([how](https://code.example/looks/docs/http.md#words)); see [elsewhere](https://example.com).\n"
    )


@pytest.mark.parametrize(
    ("tag", "version", "why"),
    [
        ("v0.4.0", "0.4.0", "no section 0.4.0"),
        ("v0.3.0", "0.2.0", "pyproject.toml"),
        ("0.3.0", "0.3.0", "is not vX.Y.Z"),
        ("v0.3", "0.3.0", "is not vX.Y.Z"),
    ],
)
def test_a_tag_that_is_no_release_has_none(tag: str, version: str, why: str) -> None:
    with pytest.raises(NotARelease, match=why):
        page(tag, FILES, CHANGELOG, {"pyproject.toml": version})


def test_all_that_is_released_together_has_one_number_which_the_changelog_knows() -> None:
    (number,) = set(numbers().values())
    assert sections((ROOT / "CHANGELOG.md").read_text())[number]
