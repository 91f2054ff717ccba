"""The table of what small changes cost in the deployed system, in all."""

import statistics
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.benchmarks.bill import COUNTS, TARGETS, Bill
from tests.benchmarks.prices import AS_OF, PRICES, dollars

_SHORT = {
    "write units": "writes",
    "read units": "reads",
    "queue requests": "queues",
    "invocations": "runs",
    "GB-seconds": "GB-s",
}


def show_bills(bills: Sequence[Bill], console: Console) -> None:
    """Print what there was of everything for a change, and dollars for a million; medians."""
    if not bills:
        return
    console.print(
        f"list prices for a million ({AS_OF}): "
        + ", ".join(f"{name} ${each.dollars:g}" for name, each in PRICES.items()),
        highlight=False,
    )
    table = Table(
        title="small changes in the deployed system: of each for one change, dollars for a million",
        title_justify="left",
        title_style="bold",
    )
    table.add_column("operation")
    table.add_column("how")
    counted = ("changes", *(_SHORT.get(name, name) for name in COUNTS), "calls")
    for column in (*counted, "tables, $", "queues, $", "functions, $", "pushes, $", "all, $"):
        table.add_column(column, justify="right")
    table.add_column("target", overflow="fold")
    for key in dict.fromkeys((each.operation, each.how) for each in bills):
        runs = [each for each in bills if (each.operation, each.how) == key]
        bill = sorted(runs, key=lambda each: each.dollars)[len(runs) // 2]
        whole = statistics.median(each.dollars for each in runs)
        table.add_row(
            *key,
            f"{bill.changes:,}",
            *(f"{bill.each(name):,.2f}" for name in COUNTS),
            f"{bill.calls:,.2f}",
            f"{_part(bill, 'write units', 'read units'):.2f}",
            f"{_part(bill, 'queue requests'):.2f}",
            f"{_part(bill, 'invocations', 'GB-seconds'):.2f}",
            f"{_part(bill, 'pushes', 'alarms'):.2f}",
            f"{whole:.2f}",
            _verdict(key, whole),
        )
    console.print(table)


def _part(bill: Bill, *names: str) -> float:
    return 1e6 * dollars({name: bill.each(name) for name in names})


def _verdict(key: tuple[str, str], spent: float) -> str:
    target = TARGETS.get(key)
    if target is None:
        return ""
    return f"${target:g}: {'met' if spent <= target else 'NOT MET'}"
