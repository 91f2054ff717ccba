"""Putting a run together: providers, store, rule and options from what a person asks for."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from syncoxiders.adapters.state.sqlite import SqliteStateStore
from syncoxiders.adapters.system import SystemClock
from syncoxiders.cli import endpoints, home
from syncoxiders.cli.exits import Usage
from syncoxiders.cli.home import Home
from syncoxiders.cli.options import Request
from syncoxiders.cli.providers import Connections
from syncoxiders.cli.text import shown
from syncoxiders.core.model import Endpoint, EndpointId, EntryId
from syncoxiders.core.rule import Rule
from syncoxiders.engine.context import Context, Options
from syncoxiders.engine.report import Outcome, Reporter
from syncoxiders.engine.stopped import parts
from syncoxiders.engine.sync import Run
from syncoxiders.ports.errors import StateError
from syncoxiders.ports.provider import Providers
from syncoxiders.ports.state import BlobStore, SyncStore

STOPPED = "stopped"
"""The text that holds the id and the reason of the plan that was stopped last."""


class Session(msgspec.Struct):
    """An open state and the folders that it keeps in step.

    Ages are counted back from the last time that everything was looked at, or else every look
    would have to be at everything.
    """

    request: Request
    home: Home
    store: SyncStore
    endpoints: tuple[Endpoint, ...]
    addresses: Mapping[EndpointId, str]
    providers: Providers
    clock: SystemClock
    blobs: BlobStore | None
    looked: float = 0.0
    approve: frozenset[str] = frozenset()

    def close(self) -> None:
        """Release what the providers hold."""
        for provider in self.providers.values():
            provider.close()

    def context(self, reporter: Reporter) -> Context:
        """Return what a run works with."""
        request = self.request
        return Context(
            store=self.store,
            providers=self.providers,
            rule=Rule(
                endpoints=self.endpoints,
                mode=request.mode,
                keep=request.keep,
                auto_merge=request.auto_merge,
                filter=request.filters.at(self.looked),
            ),
            clock=self.clock,
            blobs=self.blobs,
            options=Options(
                limit=request.limit,
                approve=self.approve,
                dry_run=request.dry_run,
                verify=request.verify,
                transfers=request.transfers,
                rate=request.rate,
            ),
            reporter=reporter,
        )

    def run(
        self, reporter: Reporter, only: Mapping[EndpointId, Sequence[EntryId]] | None = None
    ) -> Outcome:
        """Bring the folders into step; ``only`` limits the look to these folders."""
        if only is None or not self.looked:
            self.looked = self.clock.now()
        outcome = Run(self.context(reporter)).run(dict(only) if only is not None else None)
        self.approve = frozenset()  # that was for one run
        if not self.request.dry_run:
            self._remember_stop(outcome)
        return outcome

    def stopped(self) -> tuple[str, str]:
        """Return the id and the reason of the plan that was stopped last, empty if none."""
        return stopped(self.store)

    def _remember_stop(self, outcome: Outcome) -> None:
        before, _ = self.stopped()
        stop = outcome.stop
        plan_id = stop.plan_id if stop is not None else ""
        if before and before != plan_id:
            self.store.save_text(f"plan:{before}", "")
            self.store.save_text(STOPPED, "")
        if stop is not None and plan_id and before != plan_id:
            self.store.save_text(STOPPED, json.dumps([plan_id, stop.reason]))


def stopped(store: SyncStore) -> tuple[str, str]:
    """Return the id and the reason of the plan that was stopped last, empty if none."""
    text = store.text(STOPPED)
    if not text:
        return "", ""
    plan_id, reason = json.loads(text)
    return str(plan_id), str(reason)


@contextmanager
def opened(request: Request, stop: threading.Event) -> Iterator[Session]:
    """Open the state of the folders, which are checked first.

    A dry run works on a copy of the state. Raises Usage and errors of the state store; then
    nothing was touched.
    """
    found = home.find(request.roots, request.state)
    endpoints.check(request.roots, known=found.addresses, writable=not request.dry_run)
    if request.approve and not found.file.exists():
        raise _nothing_to_approve(request, "")
    if request.dry_run:
        with _copied(found) as copy, closing(_session(request, found, copy, stop)) as session:
            yield session
        return
    with (
        SqliteStateStore(found.file) as store,
        closing(_session(request, found, store, stop)) as session,
    ):
        yield session


def _session(
    request: Request, found: Home, states: SqliteStateStore, stop: threading.Event
) -> Session:
    store = states.sync(home.OWNER, home.SYNC)
    known = home.endpoints(store)
    assigned = home.assign(known, [root.address for root in request.roots])
    _check_approved(request, store)
    if not request.dry_run:
        home.remember(found, store, assigned)
    clock = SystemClock(stop)
    connections = Connections(clock)
    providers = {
        each: connections.provider(
            endpoints.at(address),
            trash=request.trash,
            links=request.links,
            compare=request.compare,
        )
        for each, address in assigned.items()
    }
    labels = endpoints.labels(request.roots)
    return Session(
        request=request,
        home=found,
        store=store,
        endpoints=tuple(
            Endpoint(each, label, providers[each].traits)
            for each, label in zip(assigned, labels, strict=True)
        ),
        addresses=assigned,
        providers=providers,
        clock=clock,
        blobs=_blobs(request, found),
        approve=parts(request.approve),
    )


def _check_approved(request: Request, store: SyncStore) -> None:
    plan_id, _ = stopped(store)
    if request.approve and request.approve != plan_id:
        raise _nothing_to_approve(request, plan_id)


def _nothing_to_approve(request: Request, plan_id: str) -> Usage:
    last = f"the one that was stopped last is {plan_id}" if plan_id else "none was stopped"
    return Usage(f"there is no plan {shown(request.approve)} to approve; {last}")


def _blobs(request: Request, found: Home) -> BlobStore | None:
    if not request.auto_merge or request.dry_run:
        return None
    from syncoxiders.adapters.state.blobs import FolderBlobStore  # noqa: PLC0415 -- zstandard

    return FolderBlobStore(found.blobs)


@contextmanager
def _copied(found: Home) -> Iterator[SqliteStateStore]:
    """Yield a copy of a state, which need not exist and may be in use."""
    import tempfile  # noqa: PLC0415 -- only a dry run needs it

    with tempfile.TemporaryDirectory(prefix="syncoxiders-") as folder:
        copy = Path(folder) / found.file.name
        if found.file.exists():
            _copy(found.file, copy)
        try:
            store = SqliteStateStore(copy)
        except StateError as error:
            raise type(error)(str(error).replace(str(copy), str(found.file))) from error
        with store:
            yield store


def _copy(file: Path, copy: Path) -> None:
    """Copy a state file as it is at one moment.

    Where nobody uses it, it is not opened as a database, which would leave traces beside it.
    """
    log = file.with_name(file.name + "-wal")
    before = file.stat()
    if not log.exists():
        copy.write_bytes(file.read_bytes())
        after = file.stat()
        if not log.exists() and (before.st_mtime_ns, before.st_ino) == (
            after.st_mtime_ns,
            after.st_ino,
        ):
            return
        copy.unlink()
    SqliteStateStore(file, read_only=True).close()  # it says what is wrong with it
    with (
        closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as old,
        closing(sqlite3.connect(copy)) as new,
    ):
        old.backup(new)
