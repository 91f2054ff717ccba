"""The table of the index of all files."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.benchmarks.searching import TARGET, Answers, Searched, Spent

ENTRIES = 1_000_000
"""The size that the target is of."""


def show_searches(samples: Sequence[Searched], console: Console) -> None:
    """Print how soon each index answers, and what it takes to keep it."""
    if not samples:
        return
    table = Table(
        title="the index of all files: objects in memory, what S3 takes comes on top",
        title_justify="left",
        title_style="bold",
    )
    table.add_column("what")
    for column in ("entries", "times", "median, ms", "95 %, ms", "95 %, ms of a processor"):
        table.add_column(column, justify="right")
    table.add_column("against its target", overflow="fold")
    for sample in samples:
        if sample.problem:
            table.add_row("-", f"{sample.entries:,}", *["-"] * 4, f"FAILED: {sample.problem}")
            continue
        for answers in sample.answers:
            table.add_row(
                answers.kind,
                f"{sample.entries:,}",
                str(answers.count),
                *(
                    f"{seconds * 1000:,.1f}"
                    for seconds in (answers.middle, answers.most, answers.cpu)
                ),
                _against(sample, answers),
            )
    console.print(table)
    for sample in samples:
        if not sample.problem:
            console.print(
                f"{sample.entries:,} entries: built in {_told(sample.built)}, merged in "
                f"{_told(sample.merged)}, compared in {_told(sample.compared)}; "
                f"{sample.stored / 1e6:.1f} MB stored, {sample.opened / 1e6:.1f} MB opened, "
                f"peak {sample.peak / 1e6:.0f} MB; a change writes {sample.change_bytes:,} bytes "
                f"in {sample.change.seconds * 1000:.1f} ms, at most {sample.full_change_bytes:,}",
                highlight=False,
            )


def _told(spent: Spent) -> str:
    return f"{spent.seconds:.1f} s ({spent.cpu:.1f} s of a processor)"


def _against(sample: Searched, answers: Answers) -> str:
    if sample.entries < ENTRIES:
        return ""
    return f"{TARGET} s: {'met' if answers.most <= TARGET else 'NOT MET'}"
