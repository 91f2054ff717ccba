"""The tables of the deployed functions: how soon an edit arrives, how soon they start."""

import statistics
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.benchmarks.arriving import Arrival
from tests.benchmarks.starting import TARGET, TARGETS, Package, Start


def show_functions(found: Sequence[Start | Package | Arrival], console: Console) -> None:
    """Print all that was measured of the functions."""
    _show_starts([each for each in found if isinstance(each, Start)], console)
    _show_packages([each for each in found if isinstance(each, Package)], console)
    _show_arrivals([each for each in found if isinstance(each, Arrival)], console)


def _show_arrivals(arrivals: Sequence[Arrival], console: Console) -> None:
    """Print how long edits took to arrive, of all and from each side."""
    if not arrivals:
        return
    table = Table(
        title="a single edit, from the push to the other side, on the local stack",
        title_justify="left",
        title_style="bold",
    )
    table.add_column("edited at")
    for column in ("edits", "p50, s", "p99, s", "longest, s"):
        table.add_column(column, justify="right")
    for side in ("", *dict.fromkeys(each.side for each in arrivals)):
        seconds = sorted(each.seconds for each in arrivals if side in ("", each.side))
        table.add_row(
            side or "either",
            str(len(seconds)),
            f"{statistics.median(seconds):.2f}",
            f"{_percentile(seconds, 0.99):.2f}",
            f"{seconds[-1]:.2f}",
        )
    console.print(table)


def _percentile(seconds: Sequence[float], share: float) -> float:
    """Return the least value that so large a share of them does not exceed."""
    return seconds[-int(len(seconds) * (1 - share)) - 1]


def _show_starts(starts: Sequence[Start], console: Console) -> None:
    """Print the medians of each function's start."""
    if not starts:
        return
    table = Table(title="a function's start", title_justify="left", title_style="bold")
    table.add_column("function")
    for column in ("runs", "import, s", "import and first event, s", "modules"):
        table.add_column(column, justify="right")
    table.add_column("against its target")
    for name in dict.fromkeys(each.function for each in starts):
        runs = [each for each in starts if each.function == name]
        imported = statistics.median(each.imported for each in runs)
        whole = statistics.median(each.answered for each in runs)
        target = TARGETS.get(name, TARGET)
        table.add_row(
            name,
            str(len(runs)),
            f"{imported:.3f}",
            f"{whole:.3f}",
            f"{max(each.modules for each in runs):,}",
            f"{target:g} s: {'met' if whole <= target else 'NOT MET'}",
        )
    console.print(table)


def _show_packages(packages: Sequence[Package], console: Console) -> None:
    """Print how large each archive is."""
    if not packages:
        return
    table = Table(title="what is deployed", title_justify="left", title_style="bold")
    table.add_column("archive")
    for column in ("zipped, MB", "unzipped, MB"):
        table.add_column(column, justify="right")
    for package in packages:
        table.add_row(package.name, f"{package.zipped / 1e6:.3f}", f"{package.unzipped / 1e6:.3f}")
    console.print(table)
