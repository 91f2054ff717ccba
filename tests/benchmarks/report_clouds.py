"""The tables of transfers between clouds, and of what operations cost in requests."""

import statistics
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.benchmarks.counting import TOOLS, Counted
from tests.benchmarks.streams import Ceiling, Stream

RATE, MEMORY = 150e6, 100e6  # bytes a second, and bytes, of our own transfers
LARGE = 500_000_000  # from this size on a command's start no longer decides its rate
OURS = "syncoxiders"


def show_streams(found: Sequence[Stream | Ceiling], console: Console) -> None:
    """Print what the emulators can do, and one table for all transfers."""
    for each in found:
        if isinstance(each, Ceiling):
            console.print(
                f"the emulated {each.cloud} alone: {each.down / 1e6:,.0f} MB/s down, "
                f"{each.up / 1e6:,.0f} MB/s up, to a client that does nothing"
            )
    streams = [each for each in found if isinstance(each, Stream)]
    if not streams:
        return
    table = Table(title="one large file", title_justify="left", title_style="bold")
    for column in ("MB", "way", "tool"):
        table.add_column(column)
    for column in ("runs", "time, s", "MB/s", "cpu, s", "peak, MB"):
        table.add_column(column, justify="right")
    table.add_column("against its targets", overflow="fold")
    for size, route in dict.fromkeys((each.size, each.route) for each in streams):
        chosen = [each for each in streams if (each.size, each.route) == (size, route)]
        failed = {each.tool: each.problem for each in chosen if each.problem}
        tools = dict.fromkeys(each.tool for each in chosen)
        rates = {tool: _rate(chosen, tool) for tool in tools if tool not in failed}
        for index, tool in enumerate(tools):
            runs = [each for each in chosen if each.tool == tool]
            peak = max(each.peak for each in runs)
            notes = [f"FAILED: {failed[tool]}"] if tool in failed else []
            if tool == OURS and tool in rates:
                notes += _notes(size, rates, peak)
            table.add_row(
                f"{size / 1e6:,.0f}" if index == 0 else "",
                " to ".join(route) if index == 0 else "",
                tool,
                str(len(runs)),
                f"{statistics.median(each.seconds for each in runs):.2f}",
                f"{rates[tool] / 1e6:,.0f}" if tool in rates else "-",
                f"{statistics.median(each.cpu for each in runs):.2f}",
                f"{peak / 1e6:,.0f}",
                "\n".join(notes),
                end_section=index == len(tools) - 1,
            )
    console.print(table)


def show_counts(counts: Sequence[Counted], console: Console) -> None:
    """Print one table for each cloud: a row for each operation, a column for each tool."""
    for cloud in dict.fromkeys(each.cloud for each in counts):
        table = Table(
            title=f"requests to the emulated {cloud}", title_justify="left", title_style="bold"
        )
        table.add_column("operation")
        for tool in TOOLS:
            table.add_column(tool, justify="right")
        chosen = [each for each in counts if each.cloud == cloud]
        for operation in dict.fromkeys(each.operation for each in chosen):
            cells = {
                each.tool: f"{each.total:,}" if not each.problem else f"FAILED: {each.problem}"
                for each in chosen
                if each.operation == operation
            }
            table.add_row(operation, *(cells.get(tool, "-") for tool in TOOLS))
        console.print(table)


def _rate(streams: Sequence[Stream], tool: str) -> float:
    return statistics.median(each.rate for each in streams if each.tool == tool)


def _notes(size: int, rates: dict[str, float], peak: int) -> list[str]:
    notes = [
        f"{rates[OURS] / rate:.2f} x {tool}'s rate"
        for tool, rate in rates.items()
        if tool.startswith("rclone")
    ]
    if size >= LARGE:
        notes.append(f"{RATE / 1e6:.0f} MB/s{_verdict(rates[OURS] >= RATE)}")
    return [*notes, f"{MEMORY / 1e6:.0f} MB{_verdict(peak <= MEMORY)}"]


def _verdict(met: bool) -> str:
    return ": met" if met else ": NOT MET"
