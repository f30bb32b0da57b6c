"""What can go wrong with a replay as a whole. A single bad record is no error: it is a `Damaged`
value.

ReplayError            a replay that can't go on; the message says why
├── BadSelection       what was asked for can't be understood, or does not fit what is there already
├── HistoryGap         records that were asked for are neither in the topic nor in the lake
├── ReplayFailed       Kafka refused, fell silent, or deleted records while they were read: trying
│                      again can help
└── MissingPackages    the packages for analysts are not installed
"""


class ReplayError(Exception): ...


class BadSelection(ReplayError): ...


class HistoryGap(ReplayError): ...


class ReplayFailed(ReplayError): ...


class MissingPackages(ReplayError):
    def __init__(self, package: str) -> None:
        super().__init__(
            f"{package} is not installed: `looks-analysts` brings it, in a checkout `make install`"
        )
