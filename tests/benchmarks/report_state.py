"""The table of what changes cost in the deployed system's tables."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.benchmarks.state import BUDGET, Cost

BURST = 50
"""From so many changes at once on, what they share is little."""


def show_state(costs: Sequence[Cost], console: Console) -> None:
    """Print units and requests per change, and what a million of them cost."""
    if not costs:
        return
    table = Table(
        title="per change in the deployed system's tables, as DynamoDB bills it",
        title_justify="left",
        title_style="bold",
    )
    for column in ("files", "operation"):
        table.add_column(column)
    for column in ("at once", "write units", "read units", "writes", "reads", "messages"):
        table.add_column(column, justify="right")
    table.add_column("$ a million", justify="right")
    table.add_column("against its targets", overflow="fold")
    for cost in costs:
        table.add_row(
            f"{cost.files:,}",
            cost.operation,
            f"{cost.changes:,}",
            *(
                f"{cost.total(name):,.2f}"
                for name in ("write_units", "read_units", "writes", "reads")
            ),
            f"{cost.messages / cost.changes:.2f}",
            f"{cost.dollars:.2f}",
            _against(cost),
        )
    console.print(table)


def _against(cost: Cost) -> str:
    """Say how a burst of small changes compares with what it may cost."""
    if cost.operation not in BUDGET or cost.changes < BURST:
        return ""
    units = BUDGET[cost.operation]
    own = cost.usage["tree"].write_units / cost.changes
    return f"{own:.2f} of {units:.0f} write units for itself{'' if own <= units else ': NOT MET'}"
