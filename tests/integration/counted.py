"""Files of a table that are opened to be read, noted by PyIceberg's own door for other ways to
read (`py-io-impl`).
"""

from typing import ClassVar

from pyiceberg.io.pyarrow import PyArrowFile, PyArrowFileIO


class CountedIO(PyArrowFileIO):
    """Reads as ever."""

    opened: ClassVar[list[str]] = []

    def new_input(self, location: str) -> PyArrowFile:
        """Note what is asked for."""
        self.opened.append(location)
        return super().new_input(location)
