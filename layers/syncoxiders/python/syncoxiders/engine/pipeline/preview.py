"""The first plan of a sync, shown to a person before anything is done.

It is planned as a whole, and not in parts as it will be entered: what a later part would do is
seen as well. Nothing of it is written, so that it can be planned as often as need be: whoever lets
it through is asked again if by then it is another one.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from syncoxiders.core.model import ROOT_ENTRY, EndpointId, EntryId, NodeId
from syncoxiders.core.plan import Plan, Probe, identify, plan
from syncoxiders.core.rule import Look, Rule
from syncoxiders.engine.report import PREVIEW, Stop
from syncoxiders.engine.stopped import describe
from syncoxiders.engine.view import StoreView
from syncoxiders.ports.pipeline import SharedStore

MOST = 150_000
"""So many files and folders, of all endpoints together, are planned at once at most.

Each takes up to 5 KB while it is planned, and merge has 1 GB.
"""

CHUNK = 2_000
"""So many are read between two steps at which the lease is held on to."""

Touched = tuple[EndpointId, EntryId]


class Shown:
    """The first plan: the stop that asks a person, and the text that tells her.

    ``stop`` is None where nothing would be done at any provider: there is nothing to ask.
    """

    def __init__(self, stop: Stop | None, text: str) -> None:
        self.stop = stop
        self.text = text


def first_plan(
    store: SharedStore,
    rule: Rule,
    touched: Sequence[Touched],
    suspects: Sequence[NodeId],
    *,
    approve: frozenset[str],
    hold: Callable[[], None],
) -> Shown:
    """Plan everything, and return what is to be shown of it.

    ``approve`` is the plan that was let through, if one was; ``hold`` is called at every step.
    """
    if len(touched) > MOST:
        return _too_many(touched, hold)
    view = StoreView(store)
    view.prefetch((), suspects, [each.id for each in rule.endpoints])
    result = _whole(view, rule, _Wanted(sorted(touched), suspects, store.base().next_id()), hold)
    changes = len(result.actions) + len(result.probes) + len(result.merges)
    if not changes:
        return Shown(None, "")
    plan_id = identify(result)
    reason = f"its first plan, of {_counted(changes, 'action')}, is shown before anything is done"
    if result.conflicts:
        reason += f"; {_counted(result.conflicts, 'conflict')} would be kept side by side"
    if result.probes:
        reason += f"; {_counted(len(result.probes), 'file')} would be read to be compared first"
    if approve and plan_id not in approve:
        reason = f"files have changed since the plan that was let through; {reason}"
    text = describe(result, lambda probe: _path(view, probe))
    return Shown(Stop(PREVIEW, reason, plan_id), text)


class _Wanted(NamedTuple):
    """What is to be planned, and the first number for new nodes."""

    touched: Sequence[Touched]
    suspects: Sequence[NodeId]
    first_id: NodeId


def _whole(view: StoreView, rule: Rule, wanted: _Wanted, hold: Callable[[], None]) -> Plan:
    endpoints = [each.id for each in rule.endpoints]
    chosen: dict[Touched, None] = {}
    more: list[Touched] = list(wanted.touched)
    while True:
        for start in range(0, len(more), CHUNK):
            hold()
            view.prefetch(more[start : start + CHUNK], (), endpoints)
        chosen.update(dict.fromkeys(more))
        by_endpoint: dict[EndpointId, list[EntryId]] = {}
        for endpoint, entry in chosen:
            by_endpoint.setdefault(endpoint, []).append(entry)
        hold()
        result = plan(
            view,
            rule,
            Look(
                touched=by_endpoint,
                suspects=wanted.suspects,
                union=True,
                joining=frozenset(endpoints),
                first_id=wanted.first_id,
            ),
        )
        more = [each for each in dict.fromkeys(result.more) if each not in chosen]
        if not more:
            return result


def _too_many(touched: Iterable[Touched], hold: Callable[[], None]) -> Shown:
    """Say that it is too much to be shown, and how much; whatever changes asks again."""
    counts: dict[EndpointId, int] = {}
    digest = hashlib.blake2b(digest_size=6)
    for number, (endpoint, entry) in enumerate(sorted(touched)):
        if number % CHUNK == 0:
            hold()
        counts[endpoint] = counts.get(endpoint, 0) + 1
        digest.update(repr((endpoint, entry)).encode("utf-8", "backslashreplace"))
    amounts = ", ".join(f"{count:,} in {endpoint}" for endpoint, count in sorted(counts.items()))
    reason = (
        f"its first plan is about {sum(counts.values()):,} files and folders ({amounts}), too many "
        "to be shown one by one; nothing would be deleted by it"
    )
    return Shown(Stop(PREVIEW, reason, f"all-{digest.hexdigest()}"), "")


def _path(view: StoreView, probe: Probe) -> str:
    """Return where the entry of a probe stands."""
    names: list[str] = []
    entry, seen = view.entry(probe.endpoint, probe.entry), set[EntryId]()
    while entry is not None and entry.id not in seen:
        seen.add(entry.id)
        names.append(entry.name)
        if entry.parent == ROOT_ENTRY:
            break
        entry = view.entry(probe.endpoint, entry.parent)
    return "/".join(reversed(names))


def _counted(count: int, one: str) -> str:
    return f"{count:,} {one if count == 1 else one + 's'}"
