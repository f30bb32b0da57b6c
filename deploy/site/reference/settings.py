"""The reference of settings: each variable, by its area."""

import json
import re
from collections.abc import Iterator
from enum import Enum
from inspect import getdoc
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from deploy.site.reference.markdown import code, table, words
from devstack.bootstrap import variable
from runtime import settings
from runtime.areas import Area


def areas() -> list[type[BaseSettings]]:
    """Every area, as `runtime.settings` has them."""
    found = [
        one
        for one in vars(settings).values()
        if isinstance(one, type) and issubclass(one, BaseSettings)
    ]
    return [one for one in found if one not in (BaseSettings, Area)]


def page() -> str:
    """The page."""
    lines = [
        "# Settings",
        "",
        "Environment variables, read once where a process starts. Each may instead be a file of "
        "that name in the folder `LOOKS_SECRETS_DIR`; a file wins over a variable, and an empty "
        "variable counts as none. `.env.example` in a checkout has them all with their defaults, "
        "ready to copy.",
    ]
    for area in areas():
        about = " ".join((getdoc(area) or "").split())
        lines += ["", f"## {_heading(area)}", "", words(about)]
        lines += table(("variable", "default", "about"), _rows(area))
    return "\n".join([*lines, ""])


def _heading(area: type[BaseSettings]) -> str:
    """`ObjectStoreSettings` is "Object store"."""
    parts = re.findall(r"[A-Z][a-z]+", area.__name__.removesuffix("Settings"))
    return "API" if parts == ["Api"] else " ".join(parts).capitalize()


def _rows(area: type[BaseSettings]) -> Iterator[tuple[str, str, str]]:
    for name, field in area.model_fields.items():
        about = words(field.description or "")
        yield code(variable(area, name)), _default(field), about


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "(required)"
    default: Any = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if isinstance(default, Enum):
        default = default.value
    if default is None or default == "":
        return "(none)"
    return code(json.dumps(default) if isinstance(default, dict | bool) else str(default))
