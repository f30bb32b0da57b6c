"""What can go wrong with a replay as a whole. A single bad record is no error: it is a `Damaged`
value.

ReplayError
├── BadSelection       what was asked for can't be understood, or does not fit what is there already
├── HistoryGap         records between lake and topic are in neither
├── ReplayFailed       Kafka refused, fell silent, or deleted records while they were read
└── MissingPackages    the packages for analysts are not installed
"""


class ReplayError(Exception):
    """A replay that can't go on; the message says why."""


class BadSelection(ReplayError):
    """What was asked for can't be understood, or does not fit what is there already."""


class HistoryGap(ReplayError):
    """Records that were asked for are neither in the topic nor in the lake."""


class ReplayFailed(ReplayError):
    """Kafka refused, fell silent, or deleted records while they were read. Trying again can
    help.
    """


class MissingPackages(ReplayError):
    """The packages for analysts are not installed."""

    def __init__(self, package: str) -> None:
        """Name the package and how to get it."""
        super().__init__(
            f"{package} is not installed: `looks-analysts` brings it, in a checkout `make install`"
        )
