"""Mutants are what they are taken for: one change each, and a change that tests notice dies."""

import ast

from bench.mutants import ROOMS, RULES, mutants, path_of, unit_tests_of

SOURCE = '''
@dataclass(frozen=True)
class Sum:
    limit: int = 3


def at_most(value: int, strict: bool) -> bool:
    """Whether it fits."""
    if not strict and value <= 3:
        return value + 1
    return False
'''


def test_each_mutant_changes_one_place_of_the_rule_and_none_of_how_a_class_is_made() -> None:
    found = list(mutants(SOURCE))
    assert sorted((one.line, one.what) for one in found) == [
        (4, "one more"),
        (9, "Lt for LtE"),
        (9, "Or for And"),
        (9, "not left out"),
        (9, "one more"),
        (10, "None returned"),
        (10, "Sub for Add"),
        (10, "one more"),
        (11, "the other truth"),
    ]
    plain = ast.unparse(ast.parse(SOURCE)).splitlines()
    for one in found:
        changed = ast.unparse(ast.parse(one.source)).splitlines()
        assert sum(old != new for old, new in zip(plain, changed, strict=True)) == 1


def test_every_room_that_is_tried_has_tests_of_its_own() -> None:
    for module in (*RULES, *ROOMS):
        assert path_of(module).is_file()
        assert unit_tests_of(module), module
