"""Sign-ins of the console: what the token in a browser's cookie looks like, and whether a request
that brings one comes from our own page.

A cookie comes with every request of its browser, whoever wrote the page that sends it: so what
changes anything must say that it comes from our own origin.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from domain.api_keys import ALPHABET

PREFIX: Final = "ses_"
RANDOM_DIGITS: Final = 43
MAX_PER_KEY: Final = 20
"""Sessions of one key: the next sign-in ends the one that was used longest ago."""
MAX_AGENT_CHARS: Final = 200
READING: Final = frozenset(("GET", "HEAD"))

_RANDOM = re.compile(rf"[0-9A-Za-z]{{{RANDOM_DIGITS}}}")


def make_token(choose: Callable[[str], str], prefix: str = PREFIX) -> str:
    """A new token of 256 bits. `choose` picks one character of a string at random."""
    return prefix + "".join(choose(ALPHABET) for _ in range(RANDOM_DIGITS))


def is_token(text: str, prefix: str = PREFIX) -> bool:
    """Whether it may be one."""
    return text.startswith(prefix) and _RANDOM.fullmatch(text[len(prefix) :]) is not None


@dataclass(frozen=True, slots=True)
class RequestOrigin:
    """What a browser says of where a request comes from; None: it says nothing."""

    method: str
    host: str
    origin: str | None
    fetch_site: str | None  # Sec-Fetch-Site: only sent over https, and to this machine

    @property
    def is_foreign(self) -> bool:
        """Whether the browser says that another page sent it."""
        if self.fetch_site is not None:
            told = {"same-origin", "none"} if self.method in READING else {"same-origin"}
            return self.fetch_site not in told
        return self.origin is not None and not self._is_own

    @property
    def may_use_cookie(self) -> bool:
        """Whether a cookie counts: reading is refused to pages that say that they are others, and
        all else to whoever does not say that it is ours.
        """
        if self.is_foreign:
            return False
        return self.method in READING or self.fetch_site is not None or self._is_own

    @property
    def _is_own(self) -> bool:
        return bool(self.host) and urlsplit(self.origin or "").netloc == self.host.lower()
