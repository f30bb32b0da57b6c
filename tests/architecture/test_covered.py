"""Coverage is summed by room, and a room with too little is named."""

import json
from pathlib import Path

import pytest

from bench.covered import by_room, main


def file(lines: int, covered: int, branches: int, taken: int) -> dict[str, dict[str, int]]:
    return {
        "summary": {
            "num_statements": lines,
            "covered_lines": covered,
            "num_branches": branches,
            "covered_branches": taken,
        }
    }


FILES = {
    "domain/money.py": file(10, 10, 2, 2),
    "domain/retry.py": file(6, 5, 2, 1),
    "cli/main.py": file(10, 2, 0, 0),
}


def test_lines_and_branches_are_summed_by_room() -> None:
    rooms = by_room(FILES)
    assert (rooms["domain"].run, rooms["domain"].there) == (18, 20)
    assert rooms["domain"].share == 0.9
    assert rooms["domain"].branch_share == 0.75
    assert rooms["cli"].branch_share == 1.0


def test_a_room_with_too_little_is_named_first_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "all.json"
    written.write_text(json.dumps({"files": FILES}))
    assert main([str(written)]) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("cli")
    assert first.endswith("less than 80%")
    assert second.startswith("domain")
    assert "less" not in second
    enough = {name: one for name, one in FILES.items() if name.startswith("domain")}
    written.write_text(json.dumps({"files": enough}))
    assert main([str(written)]) == 0
