"""The wheel is whole: installed where no checkout is, it has its commands and its data."""

import os
import shutil
import site
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.folder import CHECKOUT

IGNORED = shutil.ignore_patterns(
    ".*",
    "__pycache__",
    "*.egg-info",
    "build",
    "node_modules",
    "tests",
    "bench",
    "chaos",
    "*-output",
)
UV = Path(sys.executable).with_name("uv")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the wheel's contents and nothing else."""
    there = tmp_path_factory.mktemp("wheel")
    shutil.copytree(CHECKOUT, there / "source", ignore=IGNORED)
    build = ("build", "--quiet", "--wheel", "--no-build-isolation", "--offline")
    python = ("--python", sys.executable)
    subprocess.run([UV, *build, *python, "--out-dir", there / "dist", there / "source"], check=True)
    (wheel,) = (there / "dist").glob("*.whl")
    into = ("--no-deps", "--offline", "--target", there / "site")
    subprocess.run([UV, "pip", "install", "--quiet", *python, *into, wheel], check=True)
    return there / "site"


def said(installed: Path, *words: str) -> str:
    """What a Python says that knows the wheel and its dependencies, and not this checkout."""
    packages = [str(installed), *site.getsitepackages()]
    done = subprocess.run(
        # -S: the packages' .pth files, which lead to the checkout, are not read
        [sys.executable, "-S", *words],
        capture_output=True,
        text=True,
        cwd=installed.parent,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(packages)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_looks_is_a_command(installed: Path) -> None:
    assert "replay" in said(installed, str(installed / "bin" / "looks"), "--help")


def test_the_root_of_looks_is_a_module_that_runs(installed: Path) -> None:
    assert "migrate" in said(installed, "-m", "cli.main", "db", "--help")


def test_migrations_are_in_it(installed: Path) -> None:
    code = "from storage.tables import MIGRATIONS as f; print(f, *(p.name for p in f.iterdir()))"
    folder, *names = said(installed, "-c", code).split()
    assert Path(folder).is_relative_to(installed)
    assert sorted(names) == sorted(path.name for path in (CHECKOUT / "migrations").iterdir())


def test_a_mannequin_can_be_loaded(installed: Path) -> None:
    code = "from compositing.mannequin import load; print(load({!r}, 256).picture.shape[1])"
    for kind in ("MALE", "FEMALE"):
        assert said(installed, "-c", code.format(kind)).strip() == "256"


def test_the_cookbook_s_questions_are_in_it(installed: Path) -> None:
    code = "from cli.reporting import cookbook as c; print(c.PAGE); print(len(c.questions()))"
    page, count = said(installed, "-c", code).split()
    assert Path(page).is_relative_to(installed)
    assert int(count) >= 10


def test_the_asyncapi_document_that_the_api_serves_is_in_it(installed: Path) -> None:
    code = "from api.contracts import ASYNCAPI as f; print(f); print(len(f.read_text()))"
    page, count = said(installed, "-c", code).split()
    assert Path(page).is_relative_to(installed)
    assert int(count) == len((CHECKOUT / "docs" / "contracts" / "asyncapi.json").read_text())


def test_released_schemas_and_the_console_are_in_it(installed: Path) -> None:
    for folder in (
        "schemas/released",
        "api/console/static",
        "api/ops/static",
        "compositing/mannequins",
    ):
        held = {path.relative_to(installed) for path in (installed / folder).rglob("*.*")}
        ours = {path.relative_to(CHECKOUT) for path in (CHECKOUT / folder).rglob("*.*")}
        assert held == {path for path in ours if "__pycache__" not in path.parts}, folder


def test_no_test_bench_or_campaign_is_in_it(installed: Path) -> None:
    rooms = {path.name for path in installed.iterdir()}
    assert rooms & {"tests", "bench", "chaos", "assets", "deploy"} == set()
