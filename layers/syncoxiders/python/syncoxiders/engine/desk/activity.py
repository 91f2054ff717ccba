"""Runs, and what they did: of one sync, and of all syncs together, newest first."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from syncoxiders.api.shapes.activity import Event, Run
from syncoxiders.engine.desk.context import Desk, instant
from syncoxiders.engine.desk.declined import Absent
from syncoxiders.engine.stopped import printable
from syncoxiders.ports import state
from syncoxiders.ports.pipeline import SharedStore
from syncoxiders.ports.registry import SyncSettings

PAGE = 100
"""So many runs or events make a page."""

LOOKED_AT = 500
"""So many events are looked at for a page of those that are asked for."""

AHEAD = 100
"""So many events are read of a run at once."""

_OUTCOMES = frozenset({"", "done", "partial", "stopped", "failed", "interrupted"})
_END = 1 << 40
"""A position behind all events, and a number above all runs."""


class Stand(msgspec.Struct, frozen=True, array_like=True):
    """How far a sync's events have been told: those of ``run`` from ``position`` on, and after."""

    run: int = _END
    position: int = _END


class Wish(msgspec.Struct, frozen=True):
    """Which events are asked for: those of a verb, and with a text in their path or detail."""

    verb: str = ""
    text: str = ""

    def fits(self, event: state.Event) -> bool:
        """Say whether an event is asked for."""
        if self.verb and event.verb != self.verb:
            return False
        text = self.text.casefold()
        return not text or text in event.path.casefold() or text in event.detail.casefold()


# -- one sync ------------------------------------------------------------------------------------


def some_runs(desk: Desk, settings: SyncSettings, before: int) -> tuple[list[Run], int | None]:
    """Return a page of a sync's runs, newest first, and before which one the next begins."""
    found = desk.store(settings).runs_before(before, PAGE)
    return [_run(settings, each) for each in found], found[-1].id if len(found) == PAGE else None


def one_run(desk: Desk, settings: SyncSettings, number: int) -> Run:
    """Return a run. Raises Absent."""
    return _run(settings, _known(desk.store(settings), number))


def run_events(
    desk: Desk, settings: SyncSettings, number: int, after: int
) -> tuple[list[Event], int | None]:
    """Return a page of a run's log, and behind which position the next begins. Raises Absent."""
    store = desk.store(settings)
    run = _known(store, number)
    found = store.events_after(number, after, PAGE)
    names = {each.id: each.account for each in settings.endpoints}
    events = [_event(settings.id, names, run, position, each) for position, each in found]
    return events, found[-1][0] if len(found) == PAGE else None


def _known(store: SharedStore, number: int) -> state.RunRecord:
    found = store.run(number) if 0 < number < _END else None
    if found is None:
        raise Absent("run", str(number), "only the newest are kept")
    return found


def _run(settings: SyncSettings, record: state.RunRecord) -> Run:
    return Run(
        sync=settings.id,
        number=record.id,
        started_at=instant(record.started),
        ended_at=instant(record.ended),
        outcome=record.outcome if record.outcome in _OUTCOMES else "failed",  # type: ignore[arg-type]  # it is one of them
        counts=dict(record.counts),
        message=printable(record.message),
    )


def _event(
    sync: str, names: Mapping[str, str], run: state.RunRecord, position: int, event: state.Event
) -> Event:
    return Event(
        sync=sync,
        run=run.id,
        number=position,
        at=instant(_time(run)),
        verb=event.verb,
        endpoint=event.endpoint,
        account=names.get(event.endpoint, ""),
        path=printable(event.path),
        detail=printable(event.detail),
    )


def _time(run: state.RunRecord) -> float:
    return run.ended or run.started


# -- all syncs -----------------------------------------------------------------------------------


def first_stands(desk: Desk, only: str = "") -> dict[str, Stand]:
    """Return where the events of all syncs begin, or of one. Raises Absent."""
    if only:
        return {desk.sync(only).id: Stand()}
    return {each.id: Stand() for each in desk.pipeline.registry.syncs(desk.owner)}


def happened(
    desk: Desk, stands: Mapping[str, Stand], wish: Wish
) -> tuple[list[Event], dict[str, Stand]]:
    """Return what happened last before some stands, newest first, and where that ends.

    There may be fewer than a page, even none, although there are more: so many are looked at and
    no more. Where nothing is left there are no stands. What began since the first page was asked
    for is not told of.
    """
    tellers = [
        _Teller(desk, settings, stands[settings.id])
        for settings in desk.pipeline.registry.syncs(desk.owner)
        if settings.id in stands
    ]
    found: list[Event] = []
    for _ in range(LOOKED_AT):
        live = [each for each in tellers if each.time is not None]
        if not live or len(found) == PAGE:
            break
        teller = max(live, key=lambda each: each.time or 0.0)
        event = teller.take(wish)
        if event is not None:
            found.append(event)
    return found, {each.settings.id: each.stand for each in tellers if each.time is not None}


class _Teller:
    """Tells of one sync's events, newest first; ``time`` is that of the next, None if none is left.

    A run without events, or with others than are left, is passed over when it is its turn.
    """

    def __init__(self, desk: Desk, settings: SyncSettings, stand: Stand) -> None:
        self.settings = settings
        self.stand = stand
        self._names = {each.id: each.account for each in settings.endpoints}
        self._store = desk.store(settings)
        self._run: state.RunRecord | None = None
        self._events: Iterator[tuple[int, state.Event]] = iter(())
        if 0 < stand.run < _END:
            self._run = self._store.run(stand.run)
        if self._run is None:
            self._next_run()
        else:
            self._events = self._read(self._run, stand.position)

    @property
    def time(self) -> float | None:
        """When the next event's run ended, None where nothing is left."""
        return None if self._run is None else _time(self._run)

    def take(self, wish: Wish) -> Event | None:
        """Pass over the next event, and return it if it is asked for.

        Where the run whose turn it is has no more, the one before it has its turn.
        """
        run, found = self._run, next(self._events, None)
        if run is None or found is None:
            self._next_run()
            return None
        position, event = found
        self.stand = Stand(run.id, position)
        if not wish.fits(event):
            return None
        return _event(self.settings.id, self._names, run, position, event)

    def _next_run(self) -> None:
        found: Sequence[state.RunRecord] = self._store.runs_before(self.stand.run, 1)
        self._run = found[0] if found else None
        if self._run is not None:
            self.stand = Stand(self._run.id, _END)
            self._events = self._read(self._run, _END)

    def _read(self, run: state.RunRecord, position: int) -> Iterator[tuple[int, state.Event]]:
        while found := self._store.events_before(run.id, position, AHEAD):
            yield from found
            position = found[-1][0]
