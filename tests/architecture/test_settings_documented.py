"""Every setting stands in .env.example with its default, and nothing else does."""

import re
from pathlib import Path

from pydantic_settings import BaseSettings

from devstack.bootstrap import variable
from runtime import settings

EXAMPLE = Path(__file__).resolve().parents[2] / ".env.example"


def declared() -> set[str]:
    areas = [
        area
        for area in vars(settings).values()
        if isinstance(area, type) and issubclass(area, BaseSettings)
    ]
    return {
        variable(area, name)
        for area in areas
        if area not in (BaseSettings, settings.Area)
        for name in area.model_fields
    }


def test_the_example_lists_every_setting() -> None:
    listed = set(re.findall(r"^#?\s?(LOOKS_[A-Z0-9_]+)=", EXAMPLE.read_text(), re.MULTILINE))
    assert listed == declared()
