"""Why a look can't be made: expected, each with a reason code.

CompositingError
├── GarmentError    a photo is at fault; names its item
└── InvalidOption   an option is at fault; names it
"""


class CompositingError(Exception):
    """A look can't be made; the message is for the client."""


class GarmentError(CompositingError):
    """One photo can't be used.

    `code`: image_unreadable, image_too_large, no_garment_found, category_mismatch,
    category_unclear or photo_not_processed. With the last one
    comes `fault`, which tells operators where in our code the photo was too much, and the exception
    as `__cause__`.
    """

    def __init__(
        self, code: str, message: str, item_index: int | None = 0, *, fault: str | None = None
    ) -> None:
        """`item_index`: 0-based; None when it can't be told which of several photos is to blame."""
        super().__init__(message)
        self.code = code
        self.item_index = item_index
        self.fault = fault


class InvalidOption(CompositingError):
    """An option has a value that can't be used."""

    def __init__(self, name: str, message: str) -> None:
        """`name`: the option's."""
        super().__init__(f"{name}: {message}")
        self.name = name
