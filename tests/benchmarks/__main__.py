"""``python -m tests.benchmarks``: measure side by side with the peers, in one run."""

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import msgspec
from rich.console import Console

from tests.benchmarks import (
    bill,
    counting,
    functions,
    planner,
    report,
    report_bill,
    report_clouds,
    report_functions,
    report_searching,
    report_state,
    searching,
    state,
    streams,
)
from tests.benchmarks.arriving import Arrival
from tests.benchmarks.counting import Counted
from tests.benchmarks.measure import Place, Sample, compare, file_system
from tests.benchmarks.planner import PlanSample
from tests.benchmarks.starting import Package, Start
from tests.benchmarks.streams import Ceiling, Stream
from tests.benchmarks.tools import OURS, PEERS, Tool
from tests.benchmarks.trees import Shape

UNITS = {"K": 10**3, "M": 10**6, "G": 10**9}


def small(text: str) -> Shape:
    return Shape(int(text.replace(",", "").replace("_", "")), 100, 3000)


def large(text: str) -> Shape:
    count, size = text.lower().split("x")
    size_in_bytes = int(size[:-1]) * UNITS[size[-1].upper()]
    return Shape(int(count), size_in_bytes, size_in_bytes)


def size(text: str) -> int:
    return int(float(text[:-1]) * UNITS[text[-1].upper()])


KINDS = ("files", "large", "nodes", "index", "streams", "requests", "state", "cost", "functions")


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--files", type=small, nargs="*", default=[small("10000"), small("100000")])
    parser.add_argument("--large", type=large, nargs="*", default=[large("20x200M")])
    parser.add_argument("--nodes", type=int, nargs="*", default=[10_000, 1_000_000])
    parser.add_argument(
        "--index",
        type=int,
        nargs="*",
        default=[100_000, 1_000_000],
        help="sizes of the index of all files",
    )
    parser.add_argument(
        "--state",
        type=int,
        nargs="*",
        default=[1_000, 10_000],
        help="sizes of trees in the deployed system's tables",
    )
    parser.add_argument(
        "--cost",
        type=int,
        nargs="*",
        default=[1_000],
        help="sizes of a batch of small changes in the deployed system",
    )
    parser.add_argument(
        "--edits", type=int, default=50, help="so many single edits through the local stack"
    )
    parser.add_argument(
        "--only",
        type=lambda text: text.split(","),
        default=list(KINDS),
        help=f"some of {','.join(KINDS)}",
    )
    parser.add_argument(
        "--streams",
        type=size,
        nargs="*",
        default=[size("10M"), size("500M"), size("4G")],
        help="sizes of a file that is carried between emulated clouds; from 2G on once only",
    )
    parser.add_argument(
        "--where",
        type=Path,
        nargs="+",
        default=[path for path in (Path("build"), Path("/dev/shm")) if path.parent.is_dir()],  # noqa: S108 -- a folder of random name is made in it
        help="folders to measure in; by default a disk and, where there is one, a tmpfs",
    )
    parser.add_argument("--runs", type=int, default=3, help="the tables show medians")
    parser.add_argument(
        "--minutes", type=float, default=40, help="begin no further run that would take longer"
    )
    parser.add_argument(
        "--peers",
        type=lambda text: [name for name in text.split(",") if name],
        default=list(PEERS),
        help=f"some of {','.join(PEERS)}; an empty text for none",
    )
    parser.add_argument("--quick", action="store_true", help="less of everything, once")
    parser.add_argument("--json", type=Path, help="write every measurement to this file as well")
    chosen = parser.parse_args(argv)
    if unknown := set(chosen.peers) - set(PEERS):
        parser.error(f"no such peer: {', '.join(sorted(unknown))}")
    if chosen.quick:
        chosen.files, chosen.large, chosen.runs = [small("10000")], [large("5x50M")], 1
        chosen.nodes, chosen.streams = [10_000, 100_000], [size("10M"), size("200M")]
        chosen.index = [100_000]
        chosen.state, chosen.cost, chosen.edits = [200, 1_000], [100], 10
    if unknown := set(chosen.only) - set(KINDS):
        parser.error(f"nothing is called {', '.join(sorted(unknown))}")
    for name in set(KINDS) - set(chosen.only):
        setattr(chosen, name, [])
    chosen.requests, chosen.functions = "requests" in chosen.only, "functions" in chosen.only
    return chosen


def main() -> None:
    chosen = arguments()
    console = Console(width=None if sys.stdout.isatty() else 160)
    tools = installed([OURS, *(PEERS[name] for name in chosen.peers)], console)
    console.print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    samples: list[Sample] = []
    plans: list[PlanSample] = []
    carried: list[Stream | Ceiling] = []
    counts: list[Counted] = []
    searches: list[searching.Searched] = []
    costs: list[state.Cost] = []
    bills: list[bill.Bill] = []
    deployed: list[Start | Package | Arrival] = []
    scratch: list[Path] = []
    try:
        for where in chosen.where:
            where.mkdir(parents=True, exist_ok=True)
            scratch.append(Path(tempfile.mkdtemp(prefix="syncoxiders-bench-", dir=where.resolve())))
        places = [Place(folder, file_system(folder)) for folder in scratch]
        for nodes in chosen.nodes:
            plans += planner.measure(scratch[0], nodes)
        searches += [searching.measure(scratch[0], entries) for entries in chosen.index]
        for files in chosen.state:
            costs += state.measure(files)
        for changes, _ in product(chosen.cost, range(chosen.runs)):
            bills += bill.measure(changes)
        if chosen.streams:
            for found in streams.measure(scratch[-1], chosen.streams, chosen.runs):
                if isinstance(found, str):
                    console.print(found)
                else:
                    carried.append(found)
        if chosen.requests:
            counts += counting.measure(scratch[0])
        if chosen.functions:
            for what in functions.measure(scratch[0], chosen.edits, chosen.runs):
                if isinstance(what, str):
                    console.print(what)
                else:
                    deployed.append(what)
        began = time.monotonic()
        for run in range(chosen.runs):
            for place, shape in product(places, [*chosen.files, *chosen.large]):
                for sample in compare(place, shape, tools, run):
                    console.print(line(place, shape, sample), style="dim", markup=False)
                    if isinstance(sample, Sample):
                        samples.append(sample)
            spent = (time.monotonic() - began) / 60
            if run + 1 < chosen.runs and spent * (run + 2) / (run + 1) > chosen.minutes:
                console.print(f"{run + 1} of {chosen.runs} runs: another would exceed --minutes")
                break
    finally:
        if plans:
            report.show_plans(plans, console)
        report_searching.show_searches(searches, console)
        report.show(samples, console)
        report_clouds.show_streams(carried, console)
        report_clouds.show_counts(counts, console)
        report_state.show_state(costs, console)
        report_bill.show_bills(bills, console)
        report_functions.show_functions(deployed, console)
        if chosen.json:
            told = {
                "planner": plans,
                "index": searches,
                "sync": samples,
                "streams": carried,
                "requests": counts,
                "state": costs,
                "cost": bills,
                "functions": deployed,
            }
            chosen.json.write_bytes(msgspec.json.encode(told))
        for folder in scratch:
            shutil.rmtree(folder)


def line(place: Place, shape: Shape, sample: Sample | str) -> str:
    if isinstance(sample, str):
        return sample
    told = sample.problem or f"{sample.seconds:.2f} s"
    return f"{shape} on {place.kind}: {sample.tool}, {sample.step}: {told}"


def installed(tools: Sequence[Tool], console: Console) -> list[Tool]:
    """Name every tool's version; leave out, and say so, what is not installed."""
    found = []
    for tool in tools:
        about = tool.about()
        console.print(f"{tool.name}: {about or 'not installed, left out'}", highlight=False)
        if about:
            found.append(tool)
    return found


if __name__ == "__main__":
    main()
