"""Every measurement can be asked for: the command that runs them imports."""

import importlib
import pkgutil

import pytest

import bench

MODULES = sorted(one.name for one in pkgutil.iter_modules(bench.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_a_measurement_imports_by_itself(name: str) -> None:
    assert importlib.import_module(f"bench.{name}").__doc__
