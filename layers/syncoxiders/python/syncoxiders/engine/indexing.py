"""Keeping the index of all files up with the tables.

A stream tells which entries were written; what they hold is read from the tables, so that the
stream may repeat itself, come late and out of order. By the clock indexes are built that are not
there yet, or are old, and what has changed is made part of what is searched fast.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from syncoxiders.engine.pipeline.times import MARGIN
from syncoxiders.ports.clock import Clock
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.index import Index, IndexBroken, Place, Source, Status, Tally, Touched
from syncoxiders.ports.pipeline import SharedStates
from syncoxiders.ports.registry import Leases, Registry, SyncSettings
from syncoxiders.ports.state import RunRecord

BUSY = 300.0
"""Seconds for which one works on an index alone; if it takes longer, somebody else tries too."""

FEW, MANY, SHARE = 2_000, 10_000, 50
"""So many changes are noted beside what is searched fast: a share of it, within these bounds.

Each change writes all of them, and each search looks through them.
"""

SOON, LATE, EASE = 600.0, 86_400.0, 1_000.0
"""Fewer are merged when it is so many seconds ago: so many times as long as it takes, within these.

So a large index is not written anew for a change now and then.
"""

RENEWED = 7 * 86_400.0
"""Seconds after which an index is built from all entries again, to prove it."""

COMPARED, COMPARING_EASE = 3_600.0, 1_000.0
"""Seconds between two searches for duplicates at least, and how many times as long as one takes."""


DAYS = 30
"""So many days are told of by what runs did."""

RUNS = 100
"""So many runs are looked through for those that are not counted yet."""


@dataclass(frozen=True, slots=True)
class Indexing:
    """What keeping indexes works with.

    ``trouble`` is told what could not be built or merged: the clock brings it again.
    """

    index: Index
    source: Source
    states: SharedStates
    registry: Registry
    leases: Leases
    clock: Clock
    trouble: Callable[[Place, StateUnavailable], None] = lambda _place, _error: None


def heed(work: Indexing, touched: Iterable[Touched], until: float) -> frozenset[Place]:
    """Take in that entries were written; returns the places where that failed.

    What is due then is done as far as there is time; else it is done by the clock.
    """
    names: dict[Place, dict[str, None]] = {}
    for each in touched:
        names.setdefault(each.place, {})[each.name] = None
    failed: set[Place] = set()
    settings: dict[tuple[str, str], SyncSettings | None] = {}
    for place, some in names.items():
        whose = (place.owner, place.sync)
        try:
            if whose not in settings:
                settings[whose] = work.registry.sync(*whose)
            if not _has(settings[whose], place):
                continue  # it was removed, and so is its index
            status = work.index.note(place, lambda: work.source.read(place, tuple(some)))  # noqa: B023 -- called at once
        except StateUnavailable:
            failed.add(place)
            continue
        _see_to(work, place, status, until)
    return frozenset(failed)


def tend(work: Indexing, until: float) -> int:
    """See to all indexes, as far as there is time; returns how many are not built yet."""
    lacking = 0
    for owner in work.registry.owners():
        syncs = work.registry.syncs(owner)
        places = places_of(syncs)
        for place in (Place(owner, sync, endpoint) for sync, endpoint in places):
            if work.clock.now() > until - MARGIN:
                return lacking
            status = _see_to(work, place, work.index.status(place), until)
            lacking += status is None or not status.built
        _tally(work, owner, syncs)
        accounts = {Place(owner, *each): account for each, account in places.items()}
        _compare(work, owner, accounts, until)
    return lacking


def places_of(syncs: Iterable[SyncSettings]) -> dict[tuple[str, str], str]:
    """Return the endpoints of syncs, as sync and endpoint, and their accounts."""
    return {(sync.id, each.id): each.account for sync in syncs for each in sync.endpoints}


def _see_to(work: Indexing, place: Place, status: Status | None, until: float) -> Status | None:
    """Do what is due for an index, if nobody else does; returns how it is."""
    now = work.clock.now()
    build = _is_to_be_built(status, now)
    if not build and (status is None or not _is_to_be_merged(status, now)):
        return status
    name = f"index#{place.owner}#{place.sync}#{place.endpoint}"
    fence = work.leases.take(name, BUSY)
    if fence is None:
        return status
    try:
        if build:
            _build(work, place, until, lambda: work.leases.extend(name, fence, BUSY))
        else:
            work.index.merge(place)
        return work.index.status(place)
    except StateUnavailable as error:
        work.trouble(place, error)
        return status
    finally:
        work.leases.release(name, fence)


def _build(work: Indexing, place: Place, until: float, hold: Callable[[], bool]) -> None:
    """Go on with a building, part by part, and finish it if there is time."""
    if not _has(work.registry.sync(place.owner, place.sync), place):
        return
    status = work.index.status(place)
    if status is None or status.parts is None:
        work.index.begin(place)
        status = work.index.status(place)
    done = frozenset[int]() if status is None or status.parts is None else status.parts
    for part in range(work.source.parts):
        if part in done:
            continue
        if work.clock.now() > until - MARGIN or not hold():
            return
        work.index.keep(place, part, work.source.part(place, part))
    if work.clock.now() <= until - MARGIN and hold():
        work.index.finish(place)


def _is_to_be_built(status: Status | None, now: float) -> bool:
    if status is None or not status.built or status.parts is not None:
        return True
    return now - status.built > RENEWED


def _is_to_be_merged(status: Status, now: float) -> bool:
    if not status.recent:
        return False
    if status.recent > min(max(status.count // SHARE, FEW), MANY):
        return True
    return now - status.merged > min(max(status.took * EASE, SOON), LATE)


def _has(settings: SyncSettings | None, place: Place) -> bool:
    return settings is not None and any(each.id == place.endpoint for each in settings.endpoints)


def _compare(work: Indexing, owner: str, places: Mapping[Place, str], until: float) -> None:
    """Look for duplicates again, if that was some time ago and something has changed since.

    It has to be done in one piece: there has to be twice as much time as it took the last time.
    """
    if not places:
        return
    known = work.index.comparison(owner)
    now = work.clock.now()
    if now > until - MARGIN - 2 * known.took:
        return
    if now - known.at < min(max(known.took * COMPARING_EASE, COMPARED), LATE):
        return
    found = [work.index.status(place) for place in places]
    if not any(each is not None and each.merged > known.at for each in found):
        return
    with suppress(IndexBroken):  # it is built anew, and then compared
        work.index.compare(owner, places)


def _tally(work: Indexing, owner: str, syncs: Iterable[SyncSettings]) -> None:
    """Count what runs did that have ended since; days that are long ago are forgotten."""
    known = work.index.tallies(owner)
    oldest = _day(work.clock.now() - (DAYS - 1) * 86_400)
    tallies = {
        each.id: _tallied(
            known.get(each.id, Tally()), work.states.sync(owner, each.id).runs(RUNS), oldest
        )
        for each in syncs
    }
    if tallies != known:
        work.index.keep_tallies(owner, tallies)


def _tallied(known: Tally, runs: Iterable[RunRecord], oldest: str) -> Tally:
    days = {day: dict(counts) for day, counts in known.days.items() if day >= oldest}
    last = known.run
    for run in sorted(runs, key=lambda each: each.id):
        if run.id <= known.run:
            continue
        if not run.ended:
            break  # it is counted once it has
        last = run.id
        day = _day(run.ended)
        if day >= oldest:
            counts = days.setdefault(day, {})
            for kind, count in run.counts.items():
                counts[kind] = counts.get(kind, 0) + count
    return Tally(last, days)


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
