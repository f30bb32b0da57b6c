"""What may go wrong with the lake for a reason that passes: whoever meets it begins anew."""

import pyarrow as pa
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    RESTError,
    TableAlreadyExistsError,
)
from requests import RequestException


class LakeSuperseded(Exception):
    """Somebody else has written to the table what was to be written now, or took it back."""


AWAY = (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    OSError,
    RESTError,
    RequestException,
    LakeSuperseded,
    TableAlreadyExistsError,
    pa.ArrowException,
)
"""A catalog or a store that is away, a race that was lost, a table that was dropped."""
