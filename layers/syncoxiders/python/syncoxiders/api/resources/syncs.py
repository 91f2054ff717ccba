"""Syncs, their plans, and what they did."""

from collections.abc import Callable
from http import HTTPStatus

from syncoxiders.api.errors import ApiError
from syncoxiders.api.http import Http, segment
from syncoxiders.api.pages import Pages
from syncoxiders.api.shapes.activity import Event, Events, Run, Runs
from syncoxiders.api.shapes.conflicts import Conflict, Conflicts, Resolution
from syncoxiders.api.shapes.syncs import (
    Movings,
    NewSync,
    Plan,
    PlanHead,
    PlannedAction,
    Plans,
    Rule,
    Sync,
    SyncChange,
    Syncs,
)

_TIMES = 5


class SyncList:
    """The syncs of who asks."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(self) -> list[Sync]:
        """Return all of them, by name."""
        return self._http.get("/syncs", Syncs).items

    def get(self, name: str) -> Sync:
        """Return one, with how it is."""
        return self._http.get(_at(name), Sync)

    def create(self, sync: NewSync, *, key: str = "") -> Sync:
        """Make one."""
        return self._http.create("/syncs", Sync, sync, key=key)

    def change(self, name: str, change: SyncChange, *, seen: Sync | None = None) -> Sync:
        """Change the settings of one; ``seen`` is what the change is based on.

        Raises ApiError 412 if it was changed since that was seen; then nothing was done.
        """
        return self._http.patch(_at(name), Sync, change, match=seen.revision if seen else "")

    def change_rule(self, name: str, change: Callable[[Rule], Rule]) -> Sync:
        """Change some of a rule, based on what it is, so that nobody's change is undone by it."""
        for _ in range(_TIMES):
            seen = self.get(name)
            try:
                return self.change(name, SyncChange(rule=change(seen.rule)), seen=seen)
            except ApiError as error:
                if error.status != HTTPStatus.PRECONDITION_FAILED:
                    raise
                last = error
        raise last

    def pause(self, name: str) -> Sync:
        """Plan nothing more."""
        return self.change(name, SyncChange(paused=True))

    def resume(self, name: str) -> Sync:
        """Go on."""
        return self.change(name, SyncChange(paused=False))

    def remove(self, name: str, *, seen: Sync | None = None) -> None:
        """Forget one; no file is touched. ``seen`` as of :meth:`change`."""
        self._http.delete(_at(name), match=seen.revision if seen else "")

    def run(self, name: str) -> Sync:
        """Look now, whatever the providers tell."""
        return self._http.post(f"{_at(name)}/run", Sync, again=True)

    def moving(self, name: str) -> Movings:
        """Say what is being done right now."""
        return self._http.get(f"{_at(name)}/moving", Movings)

    def runs(self, name: str) -> Pages[Runs, Run]:
        """Return its runs, newest first."""
        at = f"{_at(name)}/runs"
        return Pages(lambda cursor: self._http.get(at, Runs, {"cursor": cursor}))

    def run_of(self, name: str, number: int) -> Run:
        """Return one run."""
        return self._http.get(f"{_at(name)}/runs/{number}", Run)

    def events(self, name: str, number: int) -> Pages[Events, Event]:
        """Return what one run did, in its order."""
        at = f"{_at(name)}/runs/{number}/events"
        return Pages(lambda cursor: self._http.get(at, Events, {"cursor": cursor}))


class PlanList:
    """Plans that wait to be let through."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(self) -> list[PlanHead]:
        """Return all of them, without their actions."""
        return self._http.get("/plans", Plans).items

    def get(self, sync: str, plan: str) -> Pages[Plan, PlannedAction]:
        """Return one, its actions page by page."""
        at = f"{_at(sync)}/plans/{segment(plan)}"
        return Pages(lambda cursor: self._http.get(at, Plan, {"cursor": cursor}))

    def approve(self, sync: str, plan: str) -> Sync:
        """Let exactly this plan through."""
        return self._http.post(f"{_at(sync)}/plans/{segment(plan)}/approve", Sync)


class Activity:
    """What happened, over all syncs."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(self, *, sync: str = "", verb: str = "", q: str = "") -> Pages[Events, Event]:
        """Return what happened, newest first."""
        query = {"sync": sync, "verb": verb, "q": q}
        return Pages(
            lambda cursor: self._http.get("/activity", Events, {**query, "cursor": cursor})
        )


class ConflictList:
    """Conflicts that wait for a decision."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(self, sync: str = "") -> Pages[Conflicts, Conflict]:
        """Return them, of one sync or of all."""
        return Pages(
            lambda cursor: self._http.get("/conflicts", Conflicts, {"sync": sync, "cursor": cursor})
        )

    def get(self, sync: str, id_: str) -> Conflict:
        """Return one."""
        return self._http.get(_conflict(sync, id_), Conflict)

    def seen(self, sync: str, id_: str) -> tuple[Conflict, str]:
        """Return one with its revision, which changes whenever either version does."""
        return self._http.seen(_conflict(sync, id_), Conflict)

    def content(self, sync: str, id_: str, version: str) -> bytes:
        """Return the bytes of a version: ``kept`` or ``other``."""
        return self._http.bytes(f"{_conflict(sync, id_)}/content", {"version": version})

    def resolve(self, sync: str, id_: str, resolution: Resolution, *, revision: str = "") -> None:
        """Decide; with a ``revision``, only if it is still that, else ApiError 412."""
        self._http.act(f"{_conflict(sync, id_)}/resolve", resolution, match=revision)


def _at(sync: str) -> str:
    return f"/syncs/{segment(sync)}"


def _conflict(sync: str, id_: str) -> str:
    return f"{_at(sync)}/conflicts/{segment(id_)}"
