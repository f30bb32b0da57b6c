"""Keys, and tokens of sessions, as requests bring them: what is malformed costs nothing, what is
known is remembered shortly, guessing is slowed.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Generic, Protocol, TypeVar

from api.errors import ApiError
from api.limits import TokenBuckets, failure_claim
from domain.api_keys import environment_of
from domain.sessions import PREFIX as SESSION_PREFIX
from runtime import logs
from runtime.metrics import AUTH_FAILURES
from runtime.settings import ApiSettings
from schemas.errors import ErrorCode
from storage.accounts import AccountStore
from storage.database import TRANSIENT

log = logs.get(__name__)

MAX_REMEMBERED = 10_000
"""Keys, and as many unknown ones apart from them, so that guesses push no key out."""
USE_EVERY_S = 60.0
"""At most so often the use of one key is written down."""
NOTE_EVERY_S = 5.0
"""How often what is due is written."""

T = TypeVar("T")


class Holder(Protocol):
    """Who a key may speak for."""

    @property
    def key_id(self) -> str:
        """By which its use is noted."""


H = TypeVar("H", bound=Holder)
LookUp = Callable[[str], Awaitable[H | None]]


def unauthenticated() -> ApiError:
    """The one answer to every key that is none. Made anew each time: an exception that is raised
    again keeps what it met.
    """
    return ApiError(
        ErrorCode.UNAUTHENTICATED,
        "A valid API key is needed: `Authorization: Bearer sk_...` (an operator's: `op_...`).",
        headers={"WWW-Authenticate": "Bearer"},
    )


def is_key(text: str) -> bool:
    """Whether it is a well-formed key."""
    return environment_of(text) is not None


class KeyUse:
    """Which keys were used, for a writer off the request's path."""

    def __init__(self) -> None:
        """None yet."""
        self._used: set[str] = set()
        self._written_s: OrderedDict[str, float] = OrderedDict()

    def touch(self, key_id: str) -> None:
        """A key was used."""
        self._used.add(key_id)

    def due(self, now_s: float) -> list[str]:
        """The keys whose use is to be written now: used since, and not written within
        `USE_EVERY_S`.
        """
        while self._written_s and now_s - next(iter(self._written_s.values())) >= USE_EVERY_S:
            self._written_s.popitem(last=False)
        due = sorted(self._used - self._written_s.keys())
        self._used.difference_update(due)
        self._written_s.update(dict.fromkeys(due, now_s))
        return due

    def failed(self, key_ids: Sequence[str]) -> None:
        """These could not be written: they are due again."""
        self._used.update(key_ids)
        for key_id in key_ids:
            self._written_s.pop(key_id, None)


async def note_once(use: KeyUse, accounts: AccountStore) -> None:
    """Write down which keys were used, in one statement; what can't be written now is written
    later. Whatever the database says, answering goes on.
    """
    due = use.due(time.monotonic())
    if not due:
        return
    try:
        await accounts.mark_used(due)
    except TRANSIENT as error:
        use.failed(due)
        log.warning("the use of keys could not be noted", keys=len(due), error=type(error).__name__)


async def note_use(use: KeyUse, accounts: AccountStore) -> None:
    """Do so until cancelled."""
    while True:
        await asyncio.sleep(NOTE_EVERY_S)
        await note_once(use, accounts)


class KeyRing(Generic[H]):
    """Credentials for as long as a revoked key may go on working."""

    def __init__(
        self,
        settings: ApiSettings,
        look_up: LookUp[H],
        *,
        use: KeyUse | None = None,
        may_be: Callable[[str], bool] = is_key,
    ) -> None:
        """`look_up` asks the database; `may_be`: whether to ask it at all; `use`: where the use of
        keys is noted, if not by itself.
        """
        self.use = use or KeyUse()
        self._may_be = may_be
        self._settings = settings
        self._look_up = look_up
        self._failures = TokenBuckets()
        self._known: OrderedDict[str, tuple[float, H]] = OrderedDict()
        self._unknown: OrderedDict[str, float] = OrderedDict()
        self._asking: dict[str, tuple[float, asyncio.Future[H | None]]] = {}

    async def credential(self, key: str, host: str | None) -> H:
        """Who a key speaks for. Raises ApiError 401, or 429 when this address sent too many keys
        that are none.

        A malformed key is refused by its checksum; a key that did not work within the ttl is not
        asked for again.
        """
        now_s = time.monotonic()
        remembered = self._known.get(key)
        at_s, known = (float("-inf"), None) if remembered is None else remembered
        if known is None or now_s - at_s >= self._settings.key_cache_ttl_s:
            if not self._may_be(key):
                raise self._refused("malformed", host, now_s)
            known = await self._ask(key, host, now_s, worked_before=known is not None)
        self.use.touch(known.key_id)
        return known

    def forget(self) -> None:
        """Ask for each anew: some have ended."""
        self._known.clear()

    async def _ask(self, key: str, host: str | None, now_s: float, *, worked_before: bool) -> H:
        if now_s - self._unknown.get(key, float("-inf")) < self._settings.key_cache_ttl_s:
            raise self._refused("unknown", host, now_s)
        claim = failure_claim(self._settings, host)
        if not worked_before and not self._failures.take_now([claim], now_s).allowed:
            raise self._refused("limited", host, now_s)
        asked_s, found = await self._looked_up(key, now_s)
        if found is not None:
            if not worked_before:
                self._failures.give_back(claim, time.monotonic())
            _remember(self._known, key, (asked_s, found))
            return found
        self._known.pop(key, None)
        _remember(self._unknown, key, now_s)
        AUTH_FAILURES.labels("unknown").inc()
        raise unauthenticated()

    async def _looked_up(self, key: str, now_s: float) -> tuple[float, H | None]:
        """Ask the database once for all who ask for the same key meanwhile: a key in heavy use is
        forgotten by all its requests at the same moment. Returns when it was asked, and the answer.
        """
        if key not in self._asking:
            self._asking[key] = now_s, asyncio.ensure_future(self._look_up(key))
            self._asking[key][1].add_done_callback(lambda _: self._asking.pop(key, None))
        asked_s, asking = self._asking[key]
        return asked_s, await asyncio.shield(asking)

    def _refused(self, reason: str, host: str | None, now_s: float) -> ApiError:
        """The answer to an invalid key, and one token less for its address."""
        allowance = self._failures.take_now([failure_claim(self._settings, host)], now_s)
        AUTH_FAILURES.labels(reason if allowance.allowed else "limited").inc()
        if allowance.allowed:
            return unauthenticated()
        return ApiError(
            ErrorCode.RATE_LIMITED,
            "Too many requests without a valid key from this address.",
            headers={"Retry-After": str(allowance.reset_s)},
        )


class StillWorking:
    """Which of some keys and sessions still work, by their ids."""

    def __init__(
        self,
        keys: Callable[[Collection[str]], Awaitable[set[str]]],
        sessions: Callable[[Collection[str]], Awaitable[set[str]]],
    ) -> None:
        """Each asks the database about its own kind."""
        self._keys = keys
        self._sessions = sessions

    async def __call__(self, ids: Collection[str]) -> set[str]:
        """Those that do."""
        sessions = {one for one in ids if one.startswith(SESSION_PREFIX)}
        keys = set(ids) - sessions
        found = await self._keys(keys) if keys else set()
        return found | await self._sessions(sessions) if sessions else found


def _remember(memory: OrderedDict[str, T], key: str, what: T) -> None:
    memory[key] = what
    memory.move_to_end(key)
    if len(memory) > MAX_REMEMBERED:
        memory.popitem(last=False)
