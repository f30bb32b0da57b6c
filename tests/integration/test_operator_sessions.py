"""Operators' sign-ins on a real Postgres: of keys, and of people whom a provider names."""

from datetime import timedelta

import asyncpg
import pytest

from domain.operators import OperatorRole
from domain.redriving import Verb
from domain.sessions import MAX_PER_KEY
from domain.sign_in import Person
from schemas.ids import new_request_id
from storage.operator_actions import OperatorActions
from storage.operators import OperatorStore

ISSUER = "https://login.test/realm"


def store_of(pool: asyncpg.Pool, issuer: str | None = ISSUER) -> OperatorStore:
    return OperatorStore(pool, "pepper", idle_s=3600, kept_s=86_400, issuer=issuer)


async def test_a_person_is_signed_in_as_a_key_is_while_its_provider_is_the_one_that_is_asked(
    pool: asyncpg.Pool,
) -> None:
    store, subject = store_of(pool), f"p {new_request_id()}"
    person = Person(ISSUER, subject, "ada@example.com")
    session_id, token = await store.begin_person(person, OperatorRole.OPERATOR, "a browser")
    key_id, _ = await store.add("Bob", OperatorRole.VIEWER, "a test")
    of_key, key_token = await store.begin(key_id, "")
    who = await store.signed_in(token)
    assert who is not None
    assert (who.key_id, who.name, who.role) == (person.person_id, person.shown, "operator")
    assert (who.session_id, who.recorded) == (session_id, f"ada@example.com ({ISSUER} {subject})")
    stored = await pool.fetchval(
        "SELECT s::text FROM operator_sessions s WHERE session_id = $1", session_id
    )
    assert token not in stored
    for issuer in (None, "https://login.test/other"):
        other = store_of(pool, issuer)
        assert await other.signed_in(token) is None
        bob = await other.signed_in(key_token)
        assert bob is not None
        assert (bob.key_id, bob.recorded, bob.is_person) == (key_id, "Bob", False)
    assert not await store.end(key_id, session_id)
    assert await store.end(person.person_id, session_id)
    assert await store.signed_in(token) is None
    await store.revoke(key_id, "a test")
    assert await store.signed_in(key_token) is None
    assert not await store.end(key_id, of_key)


async def test_a_persons_sign_ins_end_by_time_and_are_bounded(pool: asyncpg.Pool) -> None:
    store, subject = store_of(pool), new_request_id()
    person = Person(ISSUER, subject, "ada")
    for column, past in (("expires_at", timedelta()), ("seen_at", timedelta(hours=1))):
        session_id, token = await store.begin_person(person, OperatorRole.ADMIN, "")
        await pool.execute(
            f"UPDATE operator_sessions SET {column} = now() - $2::interval WHERE session_id = $1",
            session_id,
            past,
        )
        assert (column, await store.signed_in(token)) == (column, None)
    tokens = [
        (await store.begin_person(person, OperatorRole.ADMIN, ""))[1]
        for _ in range(MAX_PER_KEY + 1)
    ]
    works = [await store.signed_in(token) is not None for token in tokens]
    assert works == [False, *[True] * MAX_PER_KEY]
    count = "SELECT count(*) FROM operator_sessions WHERE (issuer, subject) = ($1, $2)"
    assert await pool.fetchval(count, ISSUER, subject) == MAX_PER_KEY


async def test_all_sessions_of_one_person_end_and_nobody_elses_as_an_action(
    pool: asyncpg.Pool,
) -> None:
    store, subject = store_of(pool), new_request_id()
    person = Person(ISSUER, subject, "ada")
    tokens = [(await store.begin_person(person, OperatorRole.ADMIN, "Firefox"))[1] for _ in "12"]
    key_id, _ = await store.add("Bob", OperatorRole.VIEWER, "a test")
    _, of_key = await store.begin(key_id, "Chromium")
    told = {
        (one.operator_id, one.is_person, one.name, one.role, one.agent)
        for one in await store.sessions()
        if one.operator_id in (key_id, person.person_id)
    }
    assert told == {
        (person.person_id, True, "ada", "admin", "Firefox"),
        (key_id, False, "Bob", "viewer", "Chromium"),
    }
    ended = (person.person_id, "root", None, "a lost laptop")
    assert await store.end_all(*ended) == 2
    assert [await store.signed_in(token) for token in tokens] == [None, None]
    assert await store.end_all(*ended) == 0  # nothing was done: no second action
    (action,) = [
        one
        for one in await OperatorActions(pool).newest(20, Verb.END_SESSIONS)
        if one.intent.target == person.person_id
    ]
    assert (action.intent.operator, action.intent.reason) == ("root", "a lost laptop")
    assert (action.mark.state, action.mark.outcome) == ("ended", "2 of ada")
    assert await store.signed_in(of_key) is not None
    assert await store.end_all(key_id, "root", "admin", "") == 1
    assert await store.signed_in(of_key) is None
    assert [one.works for one in await store.keys() if one.key_id == key_id] == [True]


async def test_a_sign_in_is_a_keys_or_a_persons_whole(pool: asyncpg.Pool) -> None:
    store = store_of(pool)
    key_id, _ = await store.add("Bob", OperatorRole.VIEWER, "a test")
    of_key, _ = await store.begin(key_id, "")
    person = Person(ISSUER, new_request_id(), "ada")
    of_person, _ = await store.begin_person(person, OperatorRole.VIEWER, "")
    for change, session_id in (
        ("role = 'admin'", of_key),
        ("key_id = NULL", of_key),
        ("subject = NULL", of_person),
        ("role = 'root'", of_person),
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await pool.execute(
                f"UPDATE operator_sessions SET {change} WHERE session_id = $1", session_id
            )
