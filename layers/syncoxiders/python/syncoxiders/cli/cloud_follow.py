"""``syncoxiders cloud log --follow``: what is done is told as it is done."""

import threading
from collections.abc import Callable, Sequence
from http import HTTPStatus

import click
import msgspec

from syncoxiders.api.client import Client
from syncoxiders.api.errors import ApiError
from syncoxiders.api.live import Updates
from syncoxiders.api.shapes.activity import Event, Run
from syncoxiders.api.shapes.syncs import Sync
from syncoxiders.cli.cloud_log import emit_event, emit_run, told_event, told_run
from syncoxiders.cli.output import complain
from syncoxiders.cli.text import shown
from syncoxiders.ports.errors import Unreachable


class _Progress(msgspec.Struct):
    """How much of a run was told: which events, the newest of them on the page at ``cursor``."""

    cursor: str = ""
    numbers: set[int] = set()
    ended: bool = False


class Follower:
    """Tells what is new of one sync, each thing once."""

    def __init__(
        self,
        client: Client,
        name: str,
        tell_event: Callable[[Event], None],
        tell_run: Callable[[Run], None],
    ) -> None:
        self.name = name
        self._client = client
        self._tell_event = tell_event
        self._tell_run = tell_run
        self._runs: dict[int, _Progress] = {}
        self._floor = 0

    def skip(self) -> None:
        """Leave out what is over already."""
        for run in self._open():
            if run.outcome:
                self._runs[run.number] = _Progress(ended=True)
                self._floor = max(self._floor, run.number)
                return  # those before it are over, too, or were cut off

    def look(self) -> None:
        """Tell what is new. Raises ApiError, Unreachable; what was told then is told no more."""
        runs = self._open()
        for run in reversed(runs):
            told = self._runs.setdefault(run.number, _Progress())
            if told.ended:
                continue
            if run.outcome:
                # Several write to a log at once: what came late may stand before what was told.
                told.cursor = ""
            self._events(run.number, told)
            if run.outcome:
                told.ended = True
                self._tell_run(run)
        left = [run.number for run in runs if not run.outcome]
        if runs:
            self._floor = min(left) - 1 if left else runs[0].number
        self._runs = {each: found for each, found in self._runs.items() if each > self._floor}

    def _open(self) -> list[Run]:
        """Return the runs of which not all was told, newest first."""
        found = []
        for run in self._client.syncs.runs(self.name):
            if run.number <= self._floor:
                break
            found.append(run)
        return found

    def _events(self, run: int, told: _Progress) -> None:
        pages = self._client.syncs.events(self.name, run)
        while True:
            page = pages.page(told.cursor)
            for event in page.items:
                if event.number not in told.numbers:
                    told.numbers.add(event.number)
                    self._tell_event(event)
            if page.next is None:
                return
            told.cursor = page.next


class _Following:
    """Follows one sync, or all that there are."""

    def __init__(self, client: Client, name: str, *, as_json: bool) -> None:
        self._client = client
        self._name = name
        self._json = as_json
        self._followers: dict[str, Follower] = {}
        self._away = False

    def begin(self, syncs: Sequence[Sync]) -> None:
        """Follow these from now on."""
        for each in syncs:
            self._followers[each.name] = self._follower(each.name)
            self._followers[each.name].skip()

    def look(self, name: str | None) -> None:
        """Tell what is new of a sync, None for all. Raises ApiError if that cannot go on."""
        try:
            if name is None and not self._name:
                self._see()
            for each in list(self._followers.values()):
                if name is None or each.name == name:
                    self._look(each)
            self._away = False
        except Unreachable as error:
            self._complain(str(error))
        except ApiError as error:
            if error.status not in {429, 502, 503, 504}:
                raise
            self._complain(str(error))

    def _complain(self, text: str) -> None:
        """Say once that it is away; it is asked again by the clock."""
        if not self._away:
            complain(f"{shown(text)}; trying again")
        self._away = True

    def _see(self) -> None:
        """Follow syncs that are new from their beginning."""
        for each in self._client.syncs.list():
            self._followers.setdefault(each.name, self._follower(each.name))

    def _look(self, follower: Follower) -> None:
        try:
            follower.look()
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND or self._name:
                raise
            del self._followers[follower.name]  # it was removed

    def _follower(self, name: str) -> Follower:
        prefix = "" if self._name else f"{shown(name)}: "

        def tell_event(event: Event) -> None:
            if self._json:
                emit_event(event)
            else:
                click.echo(f"{prefix}{told_event(event)}")

        def tell_run(run: Run) -> None:
            if self._json:
                emit_run(run)
            elif any(run.counts.values()) or run.outcome != "done":
                click.echo(f"{prefix}{told_run(run)}")

        return Follower(self._client, name, tell_event, tell_run)


def follow(
    client: Client, syncs: Sequence[Sync], name: str, stop: threading.Event, *, as_json: bool
) -> None:
    """Tell what is done in a sync, ``""`` for all of them, until ``stop`` is set."""
    following = _Following(client, name, as_json=as_json)
    following.begin(syncs)
    for hint in Updates(client).hints(stop):
        if hint is None or hint.type == "sync":
            following.look(hint.name if hint is not None else None)
