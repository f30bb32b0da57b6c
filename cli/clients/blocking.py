"""The blocking client, word for word the asynchronous one without its waiting words."""

import re
from typing import Final

from cli.clients.python_models import formatted

WORDS: Final = (
    (r"for one in (page\.\w+):\n +yield one\n", r"yield from \1\n"),
    (r"\basync with\b", "with"),
    (r"\basync for\b", "for"),
    (r"\basync def\b", "def"),
    (r"\bawait ", ""),
    (r"\bAsyncLooks\b", "Looks"),
    (r"\bAsyncIterator\b", "Iterator"),
    (r"\bAsyncGenerator\[([\w.]+), None\]", r"Generator[\1, None, None]"),
    (r"\bAsyncGenerator\b", "Generator"),
    (r"\bAsyncClient\b", "Client"),
    (r"\bAsyncBaseTransport\b", "BaseTransport"),
    (r"__aenter__", "__enter__"),
    (r"__aexit__", "__exit__"),
    (r"\baclosing\b", "closing"),
    (r"\baclose\b", "close"),
    (r"\baread\b", "read"),
    (r"\baiter_lines\b", "iter_lines"),
    (r"\basyncio\.sleep\b", "time.sleep"),
    (r"^import asyncio\n", "import time\n"),
)


def blocking(text: str) -> str:
    """The blocking module's text of the asynchronous one's."""
    for word, other in WORDS:
        text = re.sub(word, other, text, flags=re.M)
    _, _, rest = text.partition('"""\n')
    return formatted(f'"""The client. Made from `async_client.py` by `make contracts`."""\n{rest}')
