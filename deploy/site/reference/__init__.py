"""The reference, a page each, from what the code declares."""

from deploy.site.reference import alerts, commands, events, http, metrics, settings


def generated() -> dict[str, str]:
    """Page -> its text."""
    return {
        "reference/http.md": http.page(),
        "reference/events.md": events.page(),
        "reference/settings.md": settings.page(),
        "reference/metrics.md": metrics.page(),
        "reference/commands.md": commands.page(),
        "alerts.md": alerts.page(),
    }
