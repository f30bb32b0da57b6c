"""`looks-analysts` as its users meet it: the built wheel in an environment that holds nothing else,
against real topics and a real lake.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from deploy.nesting import NAME, write
from devstack.folder import CHECKOUT
from runtime.settings import KafkaSettings
from tests.integration.lakes import Lake
from tests.integration.test_lake_questions import lake
from tests.integration.test_replay import Topics, fill, topics
from tests.unit.cli.test_cookbook import ANSWERS

__all__ = ["lake", "topics"]
"""Fixtures."""
UV = Path(sys.executable).with_name("uv")
INSTALL_WITHIN_S = 240
SESSION = """
import json, os, sys
import looks_analysts as looks

(topic,) = sys.argv[1:]
book = looks.of_lake(looks.LakeSettings(), looks.ObjectStoreSettings(), os.environ)
print(json.dumps({
    "read": sorted(one.said.event.duration_ms for one in looks.replay(topic)),
    "pandas": len(looks.to_pandas(topic)),
    "polars": looks.to_polars(topic).height,
    "lake": looks.to_arrow("look.completed", lake=looks.open_lake(), end="2026-02-01").num_rows,
    "answer": book.ask("failure_reasons"),
    "lacking": [name for name in looks.__all__ if not hasattr(looks, name)],
    "rooms": sorted({name.partition(".")[0] for name in sys.modules} & set(ROOMS)),
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("analysts")
    write(folder / "source")
    how = ("--quiet", "--wheel", "--no-build-isolation", "--offline", "--python", sys.executable)
    subprocess.run([UV, "build", *how, "--out-dir", folder, folder / "source"], check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """The programs of an environment with the wheel, and what it asks for, in the versions that are
    locked.
    """
    env = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    place = wheel.parent / "environment"
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, place], check=True, env=env)
    words = ("--quiet", "--python", place / "bin" / "python")
    held = ("--constraint", CHECKOUT / "locks" / "analysts.lock")
    subprocess.run(
        [UV, "pip", "install", *words, *held, wheel], check=True, env=env, timeout=INSTALL_WITHIN_S
    )
    return place / "bin"


def said(program: Path, *words: str | Path, env: dict[str, str], there: Path) -> str:
    kept = {name: text for name, text in env.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [program, *words], capture_output=True, text=True, env=kept, cwd=there, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_takes_no_name_but_its_own(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert len(tops) == 2
    assert tops == {NAME, next(top for top in tops if top.endswith(".dist-info"))}
    assert {f"{NAME}/docs/cookbook.sql", f"{NAME}/py.typed", f"{NAME}/lake/reading.py"} <= {*names}
    metadata = ZipFile(wheel).read(next(one for one in names if one.endswith("entry_points.txt")))
    assert metadata.decode().split() == [
        "[console_scripts]",
        "looks",
        "=",
        f"{NAME}.cli.analysts:main",
    ]


def test_its_command_reads_topics_and_draws_the_lake(
    installed: Path, lake: Lake, kafka: KafkaSettings, topics: Topics, tmp_path: Path
) -> None:
    def looks(*words: str) -> str:
        return said(installed / "looks", *words, env=lake.env, there=tmp_path)

    topic = topics()
    fill(kafka, topic, range(30))
    looks("replay", topic, "--format", "parquet", "--output", "out")
    assert any((tmp_path / "out").rglob("part-*.parquet"))
    assert looks("report", "--output", "a.png") == "a.png\n"
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert looks("lake", "views", "--engine", "trino").count("CREATE OR REPLACE VIEW") == 7


def test_a_session_in_python_reads_both_and_loads_no_room_of_ours_by_its_name(
    installed: Path, lake: Lake, kafka: KafkaSettings, topics: Topics, tmp_path: Path
) -> None:
    topic = topics()
    fill(kafka, topic, range(30))
    code = f"ROOMS = {sorted(path.name for path in CHECKOUT.iterdir() if path.is_dir())}\n{SESSION}"
    told = json.loads(said(installed / "python", "-c", code, topic, env=lake.env, there=tmp_path))
    assert told["read"] == [*range(30)]
    assert (told["pandas"], told["polars"]) == (30, 30)
    assert told["lake"] > 0
    assert [tuple(row) for row in told["answer"]] == ANSWERS["failure_reasons"]
    assert told["lacking"] == []
    assert told["rooms"] == []
