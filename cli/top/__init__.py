"""`looks top`: what the processes say of themselves, live."""

from cli.top.command import top

__all__ = ["top"]
