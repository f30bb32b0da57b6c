"""Files that are whole, each offset in exactly one of them, whatever kills the writer."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from replaying.damage import SideFile
from replaying.duck import DuckSink
from replaying.errors import BadSelection
from replaying.history import Progress
from replaying.parquet import MANIFEST, ParquetSink
from replaying.sinks import Lines
from runtime.files import whole
from tests.unit.replaying.making import DAY_MS, TOPIC, a_block, a_completion, completions, put

CHECKOUT = Path(__file__).resolve().parents[3]
WORDS: dict[str, str | None] = {"tenant": None}


def offsets(folder: Path) -> list[int]:
    rows = duckdb.execute(f"SELECT _offset FROM '{folder}/**/*.parquet' ORDER BY ALL").fetchall()
    return [row[0] for row in rows]


def test_files_lie_by_topic_and_day(tmp_path: Path) -> None:
    sink = ParquetSink(tmp_path, WORDS)
    put(sink, completions(0, 4, step_ms=DAY_MS // 3))
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
    first = ParquetSink(tmp_path, WORDS, rows_per_commit=5)
    put(first, completions(0, 10), completions(10, 3))
    first.close(complete=False)
    later = ParquetSink(tmp_path, WORDS)
    assert later.resumed == {TOPIC: Progress({0: 13})}
    put(later, completions(13, 2))
    later.close(complete=True)
    assert offsets(tmp_path) == list(range(15))


def test_what_no_manifest_line_names_is_removed_and_read_again(tmp_path: Path) -> None:
    sink = ParquetSink(tmp_path, WORDS)
    put(sink, completions(0, 3))
    sink.close(complete=True)
    manifest = tmp_path / MANIFEST
    whole = manifest.read_bytes()
    manifest.write_bytes(whole[:-4])  # torn by a kill, after the file was renamed
    later = ParquetSink(tmp_path, WORDS)
    assert later.resumed == {}
    put(later, completions(0, 3))
    later.close(complete=True)
    assert offsets(tmp_path) == [0, 1, 2]
    assert manifest.read_bytes() == whole


def test_another_selection_is_refused_in_the_same_folder(tmp_path: Path) -> None:
    ParquetSink(tmp_path, WORDS).close(complete=True)
    with pytest.raises(BadSelection, match="another selection"):
        ParquetSink(tmp_path, {"tenant": "demo"})


def test_a_folder_of_an_earlier_release_is_refused_and_stays(tmp_path: Path) -> None:
    put(ParquetSink(tmp_path, WORDS), completions(0, 3))
    manifest = tmp_path / MANIFEST
    told = json.dumps({"topic": TOPIC, "next": {"0": 3}, "files": []})
    manifest.write_text(manifest.read_text().splitlines()[0] + "\n" + told + "\n")
    with pytest.raises(BadSelection, match="earlier release"):
        ParquetSink(tmp_path, WORDS)
    assert offsets(tmp_path) == [0, 1, 2]


@pytest.mark.parametrize("complete", [True, False])
def test_a_file_of_lines_is_whole_or_not_there(tmp_path: Path, *, complete: bool) -> None:
    sink = Lines(whole(tmp_path / "looks.jsonl"), lambda record: str(record.offset))
    assert sink.take(completions(0, 2)).rows == 2
    sink.close(complete=complete)
    assert [path.read_text() for path in tmp_path.iterdir()] == (["0\n1\n"] if complete else [])


KILLED = """
import sys
from pathlib import Path
from replaying.history import Progress
from replaying.parquet import ParquetSink
from tests.unit.replaying.making import completions
sink = ParquetSink(Path(sys.argv[1]), {"tenant": None}, rows_per_commit=8)
at = sink.resumed["look.completed"].next[0] if sink.resumed else 0
print("at", at, flush=True)
while True:
    sink.take(completions(at, 3))
    at += 3
    if sink.full:
        sink.commit({"look.completed": Progress({0: at})})
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
    sink = ParquetSink(tmp_path, WORDS)
    end = sink.resumed[TOPIC].next[0]
    assert begun[0] == 0
    assert begun[1] >= 9
    assert offsets(tmp_path) == list(range(end))
    sink.close(complete=True)


def test_duckdb_holds_each_offset_once_however_often_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "looks.duckdb"
    for _ in range(2):
        sink = DuckSink(path)
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
    block.records[1] = replace(block.records[1], value=b"\xff")
    found = ParquetSink(tmp_path / "out", WORDS).take(block).damaged
    path = tmp_path / "damaged.jsonl"
    SideFile(path).add(found)
    with path.open("ab") as file:
        file.write(b'{"topic": "torn')
    SideFile(path).add(found)
    (line,) = path.read_text().splitlines()
    assert '"offset": 1' in line
    assert '"value_base64": "/w=="' in line
