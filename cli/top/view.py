"""The view of `looks top`: a line for all, a table of processes."""

from collections.abc import Mapping, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from operations.samples import Overall, ProcessRow

MIB = 1024 * 1024


def view(rows: Sequence[ProcessRow], told: Overall) -> Group:
    """What is shown."""
    table = Table(box=None, pad_edge=False, expand=False)
    for name in ("process", "at", "ready"):
        table.add_column(name, no_wrap=True)
    for name in ("CPU", "MiB", "done/s", "failed/s", "in hand", "lag"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for one in rows:
        table.add_row(
            "-" if one.process == one.address else one.process,
            one.address,
            _ready(one.ready),
            f"{one.cpu:.2f}",
            f"{one.memory_bytes / MIB:,.0f}",
            f"{one.done:,.1f}",
            Text(f"{one.failed:,.1f}", style="red" if one.failed else ""),
            f"{one.in_hand:,.0f}",
            f"{one.lag:,.0f}",
            Text(one.note, style="red"),
        )
    return Group(Text(_line(told)), Text(""), table)


def _line(told: Overall) -> str:
    parts = [
        f"{told.requests:,.1f} requests/s, {told.errors:,.1f} errors/s",
        f"finished: {_rates(told.finished)}",
        f"dead letters: {_rates(told.dead_letters)}",
        f"oldest in the outbox {told.outbox_s:,.1f} s",
        f"{told.deferred:,.0f} deferred",
    ]
    return "; ".join(parts)


def _rates(found: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {rate:,.2f}/s" for name, rate in sorted(found.items()) if rate) or "-"


def _ready(ready: bool | None) -> Text:
    if ready is None:
        return Text("-", style="red")
    return Text("yes", style="green") if ready else Text("no", style="red")
