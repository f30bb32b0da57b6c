"""`python -m chaos.sums`: what all campaigns that are on record came to, into docs/reliability.md.

A campaign leaves its report in `chaos/results`; the sum of all of them stands between two marks of
the page.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
BEGIN, END = "<!-- campaigns: begin -->", "<!-- campaigns: end -->"

StoredReport = Mapping[str, Any]
"""A `chaos.campaign.Report` as it was saved."""


def told(reports: Sequence[StoredReport]) -> str:
    """Two tables: a row for each campaign and their sum, and how often each kind struck."""
    if not reports:
        return "None is on record yet."
    rows = [_row(report) for report in reports]
    faults, requests = sum(row[1] for row in rows), sum(row[2] for row in rows)
    broken = sum(row[4] for row in rows)
    struck: Counter[str] = Counter()
    for report in reports:
        struck.update(report["struck"])
    lines = [
        "| seed | faults that struck | requests | outcomes | violations |",
        "|---|---|---|---|---|",
        *(f"| {seed} | {hit} | {many} | {ends} | {bad} |" for seed, hit, many, ends, bad in rows),
        f"| all {len(rows)} | {faults} | {requests} | | {broken} |",
        "",
        "| " + " | ".join(kind for kind, _ in struck.most_common()) + " |",
        "|---" * len(struck) + "|",
        "| " + " | ".join(str(many) for _, many in struck.most_common()) + " |",
    ]
    return "\n".join(lines)


def _row(report: StoredReport) -> tuple[int, int, int, str, int]:
    verdict = report["verdict"]
    return (
        report["campaign"]["seed"],
        sum(report["struck"].values()),
        report["accepted"],
        _ends(verdict["outcomes"].items()),
        len(verdict["violations"]) + (not report["settled"]),
    )


def _ends(outcomes: Iterable[tuple[str, int]]) -> str:
    """The most frequent ones."""
    most = sorted(outcomes, key=lambda one: -one[1])[:4]
    return ", ".join(f"{many} {name.removeprefix('FAILURE ')}" for name, many in most)


def with_sums(page: str, sums: str) -> str:
    """The page with these sums in their place. Raises ValueError when it has no place for them."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} has no place for the sums: {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{sums}\n{END}{after}"


def kept(folder: Path = RESULTS) -> list[StoredReport]:
    """The reports that are there, by seed."""
    reports = [json.loads(file.read_text()) for file in folder.glob("seed-*.json")]
    return sorted(reports, key=lambda report: int(report["campaign"]["seed"]))


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(with_sums(PAGE.read_text(), told(kept())))


if __name__ == "__main__":
    main()
