"""Files that are whole, each offset in exactly one of them, whatever kills the writer."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from replaying.damage import SideFile
from replaying.duck import DuckSink
from replaying.errors import BadSelection
from replaying.history import Resumed
from replaying.parquet import MANIFEST, ParquetSink
from replaying.records import Wish
from tests.unit.replaying.making import ANYBODY, DAY_MS, TOPIC, a_block, a_completion, completions

CHECKOUT = Path(__file__).resolve().parents[3]
WORDS: dict[str, str | None] = {"tenant": None}


def offsets(folder: Path) -> list[int]:
    rows = duckdb.execute(f"SELECT _offset FROM '{folder}/**/*.parquet' ORDER BY ALL").fetchall()
    return [row[0] for row in rows]


def test_files_lie_by_topic_and_day(tmp_path: Path) -> None:
    sink = ParquetSink(tmp_path, WORDS, ANYBODY)
    sink.take(completions(0, 4, step_ms=DAY_MS // 3))
    sink.close(complete=True)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.parquet")) == [
        "topic=look.completed/day=2026-01-02/part-000001-0000.parquet",
        "topic=look.completed/day=2026-01-03/part-000001-0001.parquet",
    ]
    found = duckdb.execute(
        f"SELECT DISTINCT topic, day::VARCHAR FROM '{tmp_path}/**/*.parquet' ORDER BY ALL"
    ).fetchall()
    assert found == [("look.completed", "2026-01-02"), ("look.completed", "2026-01-03")]


def test_a_later_run_goes_on_where_the_files_end(tmp_path: Path) -> None:
    first = ParquetSink(tmp_path, WORDS, ANYBODY, rows_per_file=5)
    first.take(completions(0, 10))
    first.take(completions(10, 3))
    first.close(complete=False)
    later = ParquetSink(tmp_path, WORDS, ANYBODY)
    assert later.resumed() == {TOPIC: Resumed({0: 13})}
    later.take(completions(13, 2))
    later.close(complete=True)
    assert offsets(tmp_path) == list(range(15))


def test_what_no_manifest_line_names_is_removed_and_read_again(tmp_path: Path) -> None:
    sink = ParquetSink(tmp_path, WORDS, ANYBODY)
    sink.take(completions(0, 3))
    sink.close(complete=True)
    manifest = tmp_path / MANIFEST
    whole = manifest.read_bytes()
    manifest.write_bytes(whole[:-4])  # torn by a kill, after the file was renamed
    later = ParquetSink(tmp_path, WORDS, ANYBODY)
    assert later.resumed() == {}
    later.take(completions(0, 3))
    later.close(complete=True)
    assert offsets(tmp_path) == [0, 1, 2]
    assert manifest.read_bytes() == whole


def test_another_selection_is_refused_in_the_same_folder(tmp_path: Path) -> None:
    ParquetSink(tmp_path, WORDS, ANYBODY).close(complete=True)
    with pytest.raises(BadSelection, match="another selection"):
        ParquetSink(tmp_path, {"tenant": "demo"}, Wish("demo"))


KILLED = """
import sys
from pathlib import Path
from replaying.parquet import ParquetSink
from tests.unit.replaying.making import ANYBODY, completions
sink = ParquetSink(Path(sys.argv[1]), {"tenant": None}, ANYBODY, rows_per_file=8)
at = sink.resumed()["look.completed"].next[0] if sink.resumed() else 0
print("at", at, flush=True)
while True:
    sink.take(completions(at, 3))
    at += 3
    print("took", at, flush=True)
"""


def test_each_offset_is_there_once_after_kills_at_any_moment(tmp_path: Path) -> None:
    begun = []
    for takes in (4, 5):
        writer = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        )
        assert writer.stdout is not None
        begun.append(int(writer.stdout.readline().split()[1]))
        for _ in range(takes):
            writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
    sink = ParquetSink(tmp_path, WORDS, ANYBODY)
    end = sink.resumed()[TOPIC].next[0]
    assert begun[0] == 0
    assert begun[1] >= 9
    assert offsets(tmp_path) == list(range(end))
    sink.close(complete=True)


def test_duckdb_holds_each_offset_once_however_often_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "looks.duckdb"
    for _ in range(2):
        sink = DuckSink(path, ANYBODY)
        assert sink.take(completions(0, 4)).rows == 4
        sink.take(a_block([a_completion(9)], first=2, partition=1))
        sink.close(complete=True)
    with duckdb.connect(str(path), read_only=True) as db:
        found = db.execute(
            "SELECT _partition, _offset, image.bytes FROM look_completed ORDER BY ALL"
        ).fetchall()
    assert found == [(0, 0, 7), (0, 1, 7), (0, 2, 7), (0, 3, 7), (1, 2, 7)]


def test_a_damaged_record_is_set_aside_once(tmp_path: Path) -> None:
    block = completions(0, 2)
    block.records[1] = block.records[1]._replace(value=b"\xff")
    found = ParquetSink(tmp_path / "out", WORDS, ANYBODY).take(block).damaged
    path = tmp_path / "damaged.jsonl"
    SideFile(path).add(found)
    with path.open("ab") as file:
        file.write(b'{"topic": "torn')
    SideFile(path).add(found)
    (line,) = path.read_text().splitlines()
    assert '"offset": 1' in line
    assert '"value_base64": "/w=="' in line
