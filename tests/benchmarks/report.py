"""The table: medians side by side, and how they stand to the targets."""

import statistics
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from tests.benchmarks.measure import Sample
from tests.benchmarks.planner import PlanSample
from tests.benchmarks.tools import OURS, PEERS, Step
from tests.benchmarks.trees import Shape

MEMORY = 200e6  # bytes, at 100,000 files a side
PLAN_NODES, PLAN_SECONDS, PLAN_MEMORY = 1_000_000, 15, 600e6  # the full plan's target


class Target(msgspec.Struct, frozen=True):
    """Ours is to take at most ``factor`` times the peer's time in this step."""

    step: Step
    peer: str
    factor: float


RCLONE, UNISON, CP = PEERS["rclone"].name, PEERS["unison"].name, PEERS["cp"].name
# Whether they are met is said of 100,000 small files, or 4 GB in large ones, and more.
OF_MANY = (
    Target(Step.FIRST, RCLONE, 0.7),
    Target(Step.FIRST, UNISON, 0.7),
    Target(Step.AGAIN, RCLONE, 0.5),
    Target(Step.AGAIN, UNISON, 1.0),
    Target(Step.CHANGED, RCLONE, 0.5),
    Target(Step.CHANGED, UNISON, 1.0),
)
OF_LARGE = (Target(Step.FIRST, CP, 1.4),)


def show(samples: Sequence[Sample], console: Console) -> None:
    """Print one table for each tree and place."""
    for place, shape in dict.fromkeys((sample.place, sample.shape) for sample in samples):
        chosen = [s for s in samples if (s.place, s.shape) == (place, shape)]
        runs = len({sample.run for sample in chosen})
        title = f"{shape}, on {place}, median of {runs}" if runs > 1 else f"{shape}, on {place}"
        console.print(_table(title, shape, chosen))


def show_plans(samples: Sequence[PlanSample], console: Console) -> None:
    """Print the planner's table."""
    table = Table(title="the planner alone", title_justify="left", title_style="bold")
    table.add_column("plan")
    for column in ("nodes", "time, s", "peak, MB", "actions", "requests"):
        table.add_column(column, justify="right")
    table.add_column("against its targets", overflow="fold")
    asked = {
        tuple(sorted(sample.made.requests.items()))
        for sample in samples
        if sample.made and sample.kind == "incremental"
    }
    for sample in samples:
        row = [sample.kind, f"{sample.nodes:,}"]
        if sample.made is None:
            table.add_row(*row, *["-"] * 4, f"FAILED: {sample.problem}")
            continue
        made, note = sample.made, ""
        if sample.kind == "incremental":
            same = len(asked) == 1
            note = f"the same requests whatever the size{_verdict(same)}"
        elif sample.nodes >= PLAN_NODES:
            met = made.seconds <= PLAN_SECONDS and sample.peak <= PLAN_MEMORY
            note = f"{PLAN_SECONDS} s, {PLAN_MEMORY / 1e6:.0f} MB{_verdict(met)}"
        figures = f"{made.seconds:.2f}", f"{sample.peak / 1e6:.0f}", f"{made.actions:,}"
        table.add_row(*row, *figures, f"{sum(made.requests.values()):,}", note)
    console.print(table)


def _table(title: str, shape: Shape, samples: Sequence[Sample]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("step")
    table.add_column("tool")
    for column in ("time, s", "least to most", "peak, MB", "files", "MB moved"):
        table.add_column(column, justify="right")
    table.add_column("against its targets", overflow="fold")
    for step in Step:
        tools = dict.fromkeys(sample.tool for sample in samples if sample.step is step)
        medians = {tool: _median(samples, step, tool) for tool in tools}
        for place, tool in enumerate(tools):
            runs = [s for s in samples if (s.step, s.tool) == (step, tool)]
            problem = next((run.problem for run in runs if run.problem), "")
            good = [run for run in runs if not run.problem]
            row = [step.value if place == 0 else "", tool]
            if good:
                seconds = [run.seconds for run in good]
                row += [
                    f"{medians[tool]:.2f}",
                    f"{min(seconds):.2f} to {max(seconds):.2f}",
                    f"{max(run.peak for run in good) / 1e6:.0f}",
                    f"{good[-1].files:,}",
                    f"{good[-1].size / 1e6:,.1f}",
                ]
            else:
                row += ["-"] * 5
            failed = f"FAILED {len(runs) - len(good)} of {len(runs)}: {problem}"
            notes = [failed] if problem else []
            if tool == OURS.name and good:
                notes += _verdicts(shape, step, medians, max(run.peak for run in good))
            table.add_row(*row, "\n".join(notes), end_section=place == len(tools) - 1)
    return table


def _median(samples: Sequence[Sample], step: Step, tool: str) -> float:
    good = [s.seconds for s in samples if (s.step, s.tool, s.problem) == (step, tool, "")]
    return statistics.median(good) if good else 0.0


def _verdicts(shape: Shape, step: Step, medians: dict[str, float], peak: int) -> list[str]:
    targets = OF_MANY if shape.small else OF_LARGE
    binding = shape.files >= 100_000 if shape.small else shape.files * shape.largest >= 4e9
    notes = []
    for target in targets:
        if target.step is step and (theirs := medians.get(target.peer)):
            ratio = medians[OURS.name] / theirs
            met = _verdict(ratio <= target.factor) if binding else ""
            notes.append(f"{ratio:.2f} x {target.peer} (target {target.factor}){met}")
    if shape.small and binding:
        notes.append(f"{peak / 1e6:.0f} MB (target {MEMORY / 1e6:.0f}){_verdict(peak <= MEMORY)}")
    return notes


def _verdict(met: bool) -> str:
    return ": met" if met else ": NOT MET"
