"""Clients of Kafka and Postgres are made in few places, where they are told how to prove who they
are.
"""

import re

import pytest

from tests.architecture.test_budgets import CHECKOUT, FILES

KAFKA = re.compile(
    r"\b(AIOKafka(Producer|Consumer|AdminClient)|KafkaBroker|AdminClient|Consumer|Producer)\("
)
POSTGRES = re.compile(r"\basyncpg\.(connect|create_pool)\(")


def places(pattern: re.Pattern[str]) -> set[str]:
    return {str(path.relative_to(CHECKOUT)) for path in FILES if pattern.search(path.read_text())}


@pytest.mark.parametrize(
    ("pattern", "doors"),
    [
        (
            KAFKA,
            {
                *(
                    f"runtime/{name}.py"
                    for name in (
                        "kafka",
                        "broker",
                        "topics_admin",
                        "acls",
                        "asking",
                    )
                ),
                *(f"replaying/{name}.py" for name in ("kafka", "copying")),
            },
        ),
        (
            POSTGRES,
            {
                f"storage/{name}.py"
                for name in ("database", "migrations", "audit_facts", "roles", "seed")
            },
        ),
    ],
    ids=["kafka", "postgres"],
)
def test_clients_are_made_where_they_are_secured(pattern: re.Pattern[str], doors: set[str]) -> None:
    # The first users of a broker; clients of an open stack.
    benches = ("kills", "pipeline", "rebuild", "replay", "rolling", "row_by_row")
    beside = {"devstack/secured.py", *(f"bench/{name}.py" for name in benches)}
    assert places(pattern) - beside == doors


def test_who_makes_a_client_of_kafka_tells_it_how_to_connect() -> None:
    doors = [
        path
        for path in FILES
        if KAFKA.search(path.read_text()) and path.parent.name in {"runtime", "replaying"}
    ]
    told = re.compile(r"client_options\(|for_confluent\(|for_faststream\(|for_aiokafka\(")
    assert [str(path) for path in doors if not told.search(path.read_text())] == []
    bare = re.compile(r'"bootstrap.servers": settings|bootstrap_servers=')
    assert [
        str(path)
        for path in doors
        if path.name != "connection.py" and bare.search(path.read_text())
    ] == []


def test_the_pattern_finds_a_client_that_is_made_elsewhere() -> None:
    assert KAFKA.search("consumer = AIOKafkaConsumer('look.completed')")
    assert POSTGRES.search("await asyncpg.connect(url)")
