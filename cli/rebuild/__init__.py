"""`looks db rebuild-projection` and `looks db rewind-projection`."""

from cli.rebuild.command import rebuild_projection
from cli.rebuild.rewind import rewind_projection

__all__ = ["rebuild_projection", "rewind_projection"]
