"""The compositor: takes requests, makes pictures, decides outcomes."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # workers import this package, and need no more
    from runtime.application import Application


def app() -> "Application":
    """The FastStream application: `faststream run --factory consumers.compositor:app`."""
    from consumers.compositor.application import application  # noqa: PLC0415 (its parts import this)

    return application()
