"""structlog without what it colours the console with: `rich`, which is there where a developer's
tools are, costs each process a seventh of its imports, and our logs are JSON.
"""

import sys

ABSENT = "rich" not in sys.modules
if ABSENT:
    sys.modules["rich"] = None  # type: ignore[assignment]  # so Python says that it is not there
try:
    import structlog
finally:
    if ABSENT:
        del sys.modules["rich"]

__all__ = ["structlog"]
