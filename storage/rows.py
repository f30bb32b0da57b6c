"""What a statement did."""


def affected(status: object) -> int:
    """How many rows, by the status that asyncpg's `execute` returns: "UPDATE 3", "INSERT 0 1"."""
    return int(str(status).rpartition(" ")[2])
