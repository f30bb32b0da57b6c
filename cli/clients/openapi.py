"""The OpenAPI document as the API serves it, without anything behind the API."""

from typing import Any, cast

from api.app import create_app
from api.ports import Ports
from runtime.settings import ApiSettings


class _Nothing:
    """Stands for every port: nothing is asked of it while the document is made."""

    api = ApiSettings()

    def __getattr__(self, name: str) -> "_Nothing":
        return self


def document() -> dict[str, Any]:
    """The whole document."""
    return create_app(cast(Ports, _Nothing())).openapi()
