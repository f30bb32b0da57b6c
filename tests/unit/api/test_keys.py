"""Keys as requests bring them: remembered shortly, refused cheaply, used off the request's path."""

import asyncio
import secrets

import asyncpg
import pytest

from api import keys
from api.errors import ApiError
from api.keys import USE_EVERY_S, KeyRing, KeyUse, note_once
from domain.api_keys import make_key
from runtime.settings import ApiSettings
from storage.accounts import Credential
from tests.unit.api.conftest import grant_key
from tests.unit.api.fakes import FakeAccounts


def ring(accounts: FakeAccounts, **api: object) -> KeyRing[Credential]:
    return KeyRing(ApiSettings(**api), accounts.credential)  # type: ignore[arg-type]  # each test passes fields of ApiSettings


async def status(known: KeyRing[Credential], key: str, host: str = "192.0.2.1") -> int:
    try:
        await known.credential(key, host)
    except ApiError as error:
        return error.status_code
    return 200


def unknown() -> str:
    return make_key("live", secrets.choice)


async def test_a_key_is_asked_for_once_in_its_time() -> None:
    accounts = FakeAccounts()
    key, known = grant_key(accounts, "abc"), ring(accounts, key_cache_ttl_s=60)
    assert [await status(known, key) for _ in range(5)] == [200] * 5
    assert accounts.looked_up == 1


async def test_those_who_find_a_key_forgotten_at_the_same_moment_ask_once() -> None:
    accounts = FakeAccounts()
    key, known = grant_key(accounts, "abc"), ring(accounts, key_cache_ttl_s=1e-9)
    for asked in (1, 2, 3):
        answers = await asyncio.gather(*(status(known, key) for _ in range(64)))
        assert (answers, accounts.looked_up) == ([200] * 64, asked)
    del accounts.credentials[key]
    assert await asyncio.gather(*(status(known, key) for _ in range(64))) == [401] * 64
    assert accounts.looked_up == 4


async def test_a_malformed_key_is_never_asked_for_nor_remembered() -> None:
    accounts = FakeAccounts()
    known = ring(accounts)
    for number in range(50):
        assert await status(known, f"sk_live_{number}") == 401
    assert accounts.looked_up == 0
    assert len(known._unknown) == 0


async def test_an_unknown_key_is_asked_for_once_in_its_time() -> None:
    accounts = FakeAccounts()
    known, key = ring(accounts, key_cache_ttl_s=60), unknown()
    assert [await status(known, key) for _ in range(5)] == [401] * 5
    assert accounts.looked_up == 1


@pytest.mark.hostile(row=15)
async def test_row_15_guesses_of_one_address_are_refused_before_the_database() -> None:
    accounts = FakeAccounts()
    known = ring(accounts, auth_failures_per_s=0.001, auth_failures_burst=20)
    seen = [await status(known, unknown()) for _ in range(300)]
    assert seen == [401] * 20 + [429] * 280
    assert accounts.looked_up == 20
    assert await status(known, "sk_live_malformed") == 429
    assert await status(known, unknown(), "192.0.2.99") == 401


@pytest.mark.hostile(row=15)
async def test_row_15_guesses_at_once_cost_no_more_reads_than_guesses_in_turn() -> None:
    accounts = FakeAccounts()
    known = ring(accounts, auth_failures_per_s=0.001, auth_failures_burst=20)
    await asyncio.gather(*(status(known, unknown()) for _ in range(300)))
    assert accounts.looked_up == 20


@pytest.mark.hostile(row=15)
async def test_row_15_the_refusal_says_when_to_come_back() -> None:
    known = ring(FakeAccounts(), auth_failures_per_s=0.5, auth_failures_burst=1)
    await status(known, unknown())
    with pytest.raises(ApiError) as refused:
        await known.credential(unknown(), "192.0.2.1")
    assert refused.value.headers == {"Retry-After": "2"}


async def test_a_key_that_worked_goes_on_working_beside_guesses_of_its_address() -> None:
    accounts = FakeAccounts()
    key, known = (
        grant_key(accounts, "abc"),
        ring(accounts, key_cache_ttl_s=1e-9, auth_failures_per_s=0.001),
    )
    assert await status(known, key) == 200
    for _ in range(200):
        await status(known, unknown())
    assert await status(known, unknown()) == 429
    assert await status(known, key) == 200


async def test_good_keys_take_nothing_from_their_address() -> None:
    accounts = FakeAccounts()
    known = ring(accounts, auth_failures_per_s=0.001, auth_failures_burst=2)
    assert [await status(known, grant_key(accounts, "abc")) for _ in range(10)] == [200] * 10


async def test_guesses_push_no_key_out_and_the_memory_has_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keys, "MAX_REMEMBERED", 10)
    accounts = FakeAccounts()
    key, known = (
        grant_key(accounts, "abc"),
        ring(accounts, key_cache_ttl_s=60, auth_failures_burst=1000),
    )
    assert await status(known, key) == 200
    for _ in range(50):
        await status(known, unknown())
    before = accounts.looked_up
    assert await status(known, key) == 200
    assert accounts.looked_up == before
    assert len(known._unknown) == 10


def test_the_one_answer_to_every_bad_key_is_made_anew() -> None:
    assert keys.unauthenticated() is not keys.unauthenticated()


def test_the_use_of_a_key_is_due_once_a_minute() -> None:
    use = KeyUse()
    for _ in range(1000):
        use.touch("a")
    assert use.due(0.0) == ["a"]
    use.touch("a")
    use.touch("b")
    assert use.due(1.0) == ["b"]
    assert use.due(USE_EVERY_S) == ["a"]
    assert use.due(USE_EVERY_S * 5) == []


@pytest.mark.parametrize(
    "refusal",
    [OSError("refused"), asyncpg.InsufficientPrivilegeError("permission denied for api_keys")],
)
async def test_what_could_not_be_noted_is_noted_later(refusal: Exception) -> None:
    accounts, use = FakeAccounts(), KeyUse()
    use.touch("a")

    class Away(FakeAccounts):
        async def mark_used(self, key_ids: object) -> None:
            raise refusal

    await note_once(use, Away())
    await note_once(use, accounts)
    await note_once(use, accounts)
    assert accounts.marked == [["a"]]
