"""The planner alone, over a tree that lies in a state file.

A state file of so many nodes is filled, 1 % of which have changed at one endpoint since base was
agreed on; the first hundred of these changes stand in the change log. Each plan is then made as
a run makes it, in a process of its own (``planner.py full|incremental STATE``), which counts
what it asks of the store.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec

from syncoxiders.adapters.state.sqlite import SqliteStateStore
from syncoxiders.core.model import (
    ROOT,
    ROOT_ENTRY,
    Content,
    Endpoint,
    Entry,
    Kind,
    Node,
    Replica,
)
from syncoxiders.core.plan import plan
from syncoxiders.core.rule import Look, Rule
from syncoxiders.engine.view import StoreView
from syncoxiders.ports.state import Commit, Observation, SyncRecord, SyncStore
from tests.benchmarks.measure import launched

SIDES = ("left", "right")
RULE = Rule(tuple(Endpoint(side, side) for side in SIDES))
LOGGED = 100  # changes that the incremental plan is made of
PER_FOLDER = 100
BATCH = 10_000
LONG_AGO = 1_600_000_000 * 10**9


class Made(msgspec.Struct, frozen=True):
    """A plan that was made: ``requests`` counts the questions to the store, by name."""

    seconds: float
    actions: int
    requests: dict[str, int]


class PlanSample(msgspec.Struct, frozen=True):
    """One measured plan. ``problem`` is ``""`` where it was made."""

    kind: str
    nodes: int
    made: Made | None
    peak: int  # bytes
    problem: str = ""


def measure(scratch: Path, nodes: int) -> Iterator[PlanSample]:
    """Fill a state file, and measure both plans over it."""
    folder = scratch / f"planner-{nodes}"
    folder.mkdir()
    fill(folder / "state.db", nodes)
    for kind in ("full", "incremental"):
        command = [sys.executable, "-m", "tests.benchmarks.planner", kind, str(folder / "state.db")]
        took = launched(command, os.environ, folder)
        if took.code:
            yield PlanSample(kind, nodes, None, took.peak, took.said[-1] if took.said else "-")
        else:
            made = msgspec.json.decode(took.said[-1], type=Made)
            yield PlanSample(kind, nodes, made, took.peak)


# -- the state file ----------------------------------------------------------------------------


def fill(path: Path, nodes: int) -> None:
    """Make a state file of a tree on which both endpoints agree, then change 1 % on the left."""
    with SqliteStateStore(path) as store:
        sync = store.sync("owner", "sync")
        sync.commit(Commit(record=SyncRecord({side: f"/{side}" for side in SIDES})))
        for start in range(1, nodes + 1, BATCH):
            batch = [_node(number) for number in range(start, min(start + BATCH, nodes + 1))]
            observed = [
                Observation(side, put=[_entry(node, side) for node in batch], log=False)
                for side in SIDES
            ]
            sync.commit(Commit(nodes=batch, observed=observed))
        step = PER_FOLDER
        changes = [_change(at, number) for at, number in enumerate(range(50, nodes + 1, step))]
        for part, log in ((changes[:LOGGED], True), (changes[LOGGED:], False)):
            put = [entry for entry, gone in part if not gone]
            away = [entry.id for entry, gone in part if gone]
            sync.commit(Commit(observed=[Observation(SIDES[0], put=put, gone=away, log=log)]))


def _node(number: int) -> Node:
    """Return the base node of a number: each hundredth from 1 on is a folder, the rest in it."""
    is_folder = number % PER_FOLDER == 1
    folder = number - (number - 1) % PER_FOLDER
    upper = number // (PER_FOLDER * PER_FOLDER) * PER_FOLDER * PER_FOLDER + 1
    parent = (upper if number != upper else ROOT) if is_folder else folder
    return Node(
        id=number,
        parent=parent,
        name=f"{number:07}",
        kind=Kind.FOLDER if is_folder else Kind.FILE,
        content=None if is_folder else Content(number, "", LONG_AGO + number),
        replicas={
            side: Replica(
                entry=f"{side}-{number}",
                version="" if is_folder else f"{number}",
                parent=f"{side}-{parent}" if parent != ROOT else ROOT_ENTRY,
                name=f"{number:07}",
                content_gen=1,
                place_gen=1,
            )
            for side in SIDES
        },
    )


def _entry(node: Node, side: str) -> Entry:
    """Return what an endpoint has of a node, unchanged."""
    replica = node.replicas[side]
    content = node.content or Content(0)
    return Entry(
        id=replica.entry,
        parent=replica.parent,
        name=replica.name,
        kind=node.kind,
        version=replica.version,
        size=content.size,
        mtime_ns=content.mtime_ns,
    )


def _change(at: int, number: int) -> tuple[Entry, bool]:
    """Return a change of a file: of ten, seven are edited, and one renamed, deleted, and new.

    The second value says that the entry is gone.
    """
    entry = _entry(_node(number), SIDES[0])
    replace = msgspec.structs.replace
    match at % 10:
        case 7:
            return replace(entry, name=f"{entry.name} renamed"), False
        case 8:
            return entry, True
        case 9:
            return replace(entry, id=f"new-{at}", name=f"{entry.name} new"), False
        case _:
            return replace(entry, version=f"{number}b", mtime_ns=entry.mtime_ns + 10**18), False


# -- the plans ---------------------------------------------------------------------------------


class Counted:
    """Passes every question on to a store or a tree of it, and counts them."""

    def __init__(self, subject: Any, requests: Counter[str]) -> None:
        self._subject = subject
        self._requests = requests

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._subject, name)

        def ask(*args: Any) -> Any:
            found = method(*args)
            if name in {"base", "observed"}:
                return Counted(found, self._requests)
            self._requests[f"{type(self._subject).__name__}.{name}"] += 1
            return found

        return ask


def make(kind: str, path: Path) -> Made:
    """Make the full or the incremental plan of a state file, as a run does."""
    requests: Counter[str] = Counter()
    with SqliteStateStore(path) as state:
        store = cast("SyncStore", Counted(state.sync("owner", "sync"), requests))
        began = time.perf_counter()
        suspects: list[int] = []
        touched: dict[str, list[str]] = {side: [] for side in SIDES}
        for side in SIDES:
            if kind == "full":
                touched[side] = [entry for batch in store.base().unbound(side) for entry in batch]
            else:
                touched[side], _ = store.observed(side).changes(0, BATCH)
        if kind == "full":
            suspects = [node for batch in store.base().suspects(SIDES) for node in batch]
        view = StoreView(store)
        pairs = [(side, entry) for side, entries in touched.items() for entry in entries]
        view.prefetch(pairs, suspects, SIDES)
        first = store.base().next_id()
        made = plan(view, RULE, Look(touched=touched, suspects=suspects, first_id=first))
        seconds = time.perf_counter() - began
    return Made(seconds, len(made.actions), dict(requests))


if __name__ == "__main__":
    print(msgspec.json.encode(make(sys.argv[1], Path(sys.argv[2]))).decode())
