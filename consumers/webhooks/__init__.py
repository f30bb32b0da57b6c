"""Tells tenants' endpoints of finished and failed looks: one part makes deliveries of events, the
other sends them.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # workers import this package, and need no more
    from runtime.application import Application


def app() -> "Application":
    """The FastStream application: `faststream run --factory consumers.webhooks:app`."""
    from consumers.webhooks.application import application  # noqa: PLC0415 (its parts import this)

    return application()
