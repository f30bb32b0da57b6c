"""Whether the tests notice a rule that is wrong: `make mutants`, or `python -m bench.mutants
[--seed N] [--each N] MODULE...`.

One small change at a time is made to a module (a comparison, a boolean, a number, an operator, a
return), and the unit tests that import it run on it, in a process forked for it. A change that they
pass with has survived: it is printed with its line. Exit code 1 with survivors.
"""

import argparse
import ast
import contextlib
import copy
import importlib.abc
import importlib.machinery
import importlib.util
import io
import multiprocessing
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final

import hypothesis  # noqa: F401 (imported before the forks: none of them pays for it)
import pytest

from devstack.folder import CHECKOUT

TESTS: Final = CHECKOUT / "tests" / "unit"
RULES: Final = (
    "domain.audit", "domain.blame", "domain.breaker", "domain.composing",
    "domain.deadline", "domain.history", "domain.money", "domain.projection", "domain.refunding",
    "domain.retry",
)  # fmt: skip
"""Where the promises of DESIGN 3 are decided."""
ROOMS: Final = ("compositing.guard", "compositing.header")
"""Those of the engine that decide what comes in and what a fault is called."""
LIMIT_S: Final = 150
FORK: Final = multiprocessing.get_context("fork")
QUIETLY: Final = (
    *("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--noconftest", "-m", "not long"),
    # of what is imported before the fork
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
SWAPPED: Final[dict[type[ast.AST], type[ast.AST]]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change."""

    line: int
    what: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every change of a module that is worth a run."""
    tree = ast.parse(source)
    apart = {id(one) for node in ast.walk(tree) for one in _decorators(node)}
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in apart:
            continue
        for what, change in _changes(node):
            changed = copy.deepcopy(tree)
            twin = next(one for at, one in enumerate(ast.walk(changed)) if at == number)
            change(twin)
            line = getattr(node, "lineno", 0)
            yield Mutant(line, what, ast.unparse(ast.fix_missing_locations(changed)))


def _decorators(node: ast.AST) -> Iterator[ast.AST]:
    """What they hold is how a class is made, and no rule."""
    for decorator in getattr(node, "decorator_list", ()):
        yield from ast.walk(decorator)


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[..., None]]]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in SWAPPED:
            yield f"{_swapped(op)} for {_name(op)}", _swap_comparison
        case ast.BoolOp(op=op) | ast.BinOp(op=op) if type(op) in SWAPPED:
            yield f"{_swapped(op)} for {_name(op)}", _swap_operator
        case ast.UnaryOp(op=ast.Not()):
            yield "not left out", _leave_out_not
        case ast.Constant(value=bool()):
            yield "the other truth", _turn
        case ast.Constant(value=int()):
            yield "one more", _one_more
        case ast.Return(value=ast.expr()) if not isinstance(node.value, ast.Constant):
            yield "None returned", _return_none


def _name(op: ast.AST) -> str:
    return type(op).__name__


def _swapped(op: ast.AST) -> str:
    return SWAPPED[type(op)].__name__


def _swap_comparison(node: ast.Compare) -> None:
    node.ops = [SWAPPED[type(node.ops[0])]()]  # type: ignore[list-item]  # of the table's own kind


def _swap_operator(node: ast.BoolOp | ast.BinOp) -> None:
    node.op = SWAPPED[type(node.op)]()  # type: ignore[assignment]  # of the table's own kind


def _leave_out_not(node: ast.UnaryOp) -> None:
    node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), node.operand)


def _turn(node: ast.Constant) -> None:
    node.value = not node.value


def _one_more(node: ast.Constant) -> None:
    assert isinstance(node.value, int)
    node.value += 1


def _return_none(node: ast.Return) -> None:
    node.value = ast.Constant(None)


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from other source than its file has."""

    def __init__(self, module: str, source: str) -> None:
        """From now on, in this process."""
        self._module = module
        self._source = source
        sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Only of the one module."""
        if fullname != self._module:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=str(path_of(fullname)))

    def exec_module(self, module: ModuleType) -> None:
        """Run the other source."""
        module.__file__ = str(path_of(self._module))
        exec(compile(self._source, module.__file__, "exec"), module.__dict__)


def path_of(module: str) -> Path:
    """Of its file."""
    return CHECKOUT / f"{module.replace('.', '/')}.py"


def unit_tests_of(module: str) -> list[str]:
    """The unit tests of a module's room that import it, those of its own name first."""
    own, _, name = module.rpartition(".")
    wanted = (f"{module} import", f"import {module}", f"from {own} import {name}")
    found = [
        path
        for path in sorted((TESTS / module.partition(".")[0]).rglob("test_*.py"))
        if any(word in path.read_text() for word in wanted)
    ]
    return [str(path) for path in sorted(found, key=lambda path: name not in path.name)]


def survives(module: str, source: str, tests: Sequence[str]) -> bool:
    """Whether the tests pass with this source in a module's place. A run without an end fails."""
    child = FORK.Process(target=_try, args=(module, source, tests))
    child.start()
    child.join(LIMIT_S)
    if child.is_alive():
        child.kill()
        child.join()
    return child.exitcode == 0


def _try(module: str, source: str, tests: Sequence[str]) -> None:
    """In a process of its own: exit code 0 where the tests pass."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            Changed(module, source)
            code = int(pytest.main([*QUIETLY, *tests]))
        except BaseException:
            code = 1
    sys.exit(code)


def main(words: Sequence[str]) -> int:
    """Try the modules and print what survived."""
    parser = argparse.ArgumentParser(prog="python -m bench.mutants")
    parser.add_argument("modules", nargs="*", default=[*RULES, *ROOMS])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=25, help="changes of a module, by lot")
    asked = parser.parse_args(words)
    tried = survived = 0
    for module in asked.modules:
        source, tests = path_of(module).read_text(), unit_tests_of(module)
        if not tests or not survives(module, source, tests):
            raise SystemExit(f"{module}: there are no tests that pass with it as it is")
        every = list(mutants(source))
        chosen = random.Random(asked.seed).sample(every, min(asked.each, len(every)))
        alive = [one for one in chosen if survives(module, one.source, tests)]
        tried, survived = tried + len(chosen), survived + len(alive)
        sys.stdout.write(f"{module}: {len(chosen)} of {len(every)} tried, {len(alive)} survived\n")
        for one in sorted(alive, key=lambda one: one.line):
            shown = source.splitlines()[one.line - 1].strip()
            sys.stdout.write(f"  {path_of(module)}:{one.line}: {one.what}: {shown}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{tried} tried, {survived} survived\n")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
