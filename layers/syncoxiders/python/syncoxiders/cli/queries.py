"""What the state remembers: runs, stopped plans, conflict copies. Works while a sync runs."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from syncoxiders.adapters.state.sqlite import SqliteStateStore
from syncoxiders.cli import home
from syncoxiders.cli.bootstrap import stopped
from syncoxiders.cli.endpoints import Root, at, labels
from syncoxiders.cli.exits import Exit, Usage
from syncoxiders.cli.home import Home
from syncoxiders.cli.output import emit, summed
from syncoxiders.cli.text import counted, listed, moment, shown, size
from syncoxiders.core.model import ROOT, EndpointId, Node, NodeId
from syncoxiders.engine.stopped import read_kept
from syncoxiders.ports.state import BaseTree, Event, RunRecord, SyncStore

_MANY = 1_000_000


class Known(msgspec.Struct, frozen=True):
    """A sync that the state knows, opened for reading."""

    home: Home
    store: SyncStore
    addresses: Mapping[EndpointId, str]
    labels: Mapping[EndpointId, str]

    @property
    def title(self) -> str:
        """The folders."""
        return listed([shown(address) for address in self.addresses.values()])

    def label(self, endpoint: EndpointId) -> str:
        """Return an endpoint's short name."""
        return shown(self.labels.get(endpoint, endpoint))


def choose(roots: Sequence[Root], state: Path | None) -> list[Home]:
    """Return the syncs that are meant; all that are known if nothing says which. Raises Usage."""
    if state is not None:
        found = home.read(state.absolute())
        if not found.file.exists():
            raise Usage(f"there is no state in {shown(str(state))}")
        return [found]
    if roots:
        return [home.known(roots)]
    return [each for each in home.everything() if each.file.exists()]


def log(
    homes: Sequence[Home], *, run: int | None, plan: str, limit: int | None, as_json: bool
) -> Exit:
    """Print the runs of the syncs, or what one run did, or a plan that was stopped."""
    if plan:
        _print_plan(homes, plan, as_json=as_json)
    elif run is not None:
        _print_run(homes, run, as_json=as_json)
    else:
        _print_runs(homes, limit or (20 if len(homes) == 1 else 5), as_json=as_json)
    return Exit.DONE


def _print_runs(homes: Sequence[Home], limit: int, *, as_json: bool) -> None:
    if not homes and not as_json:
        click.echo("Nothing has been synced yet.")
    for index, each in enumerate(homes):
        with _opened(each) as known:
            runs = known.store.runs(limit if as_json else _MANY)
            if as_json:
                for record in reversed(runs):
                    _emit_run(known, record)
                continue
            if index:
                click.echo()
            click.echo(f"{known.title}\n  (state in {shown(str(each.folder))})")
            if not runs:
                click.echo("  no runs yet")
            for line in list(run_lines(runs))[-limit:]:
                click.echo(f"  {line}")


def _print_run(homes: Sequence[Home], number: int, *, as_json: bool) -> None:
    if len(homes) != 1:
        raise Usage("say of which sync: name its folders, or its --state")
    with _opened(homes[0]) as known:
        records = [record for record in known.store.runs(_MANY) if record.id == number]
        if not records:
            raise Usage(f"there is no run {number} any more, or not yet")
        events = known.store.events(number)
        if as_json:
            _emit_run(known, records[0])
            for event in events:
                emit(
                    "event",
                    verb=event.verb,
                    endpoint=event.endpoint,
                    path=event.path,
                    detail=event.detail,
                )
            return
        click.echo(known.title)
        click.echo(run_line(records[0]))
        for event in events:
            click.echo(f"  {_event_line(known, event)}")


def _print_plan(homes: Sequence[Home], plan: str, *, as_json: bool) -> None:
    for each in homes:
        with _opened(each) as known:
            plan_id, reason = stopped(known.store)
            if plan_id != plan:
                continue
            kept = read_kept(known.store.text(f"plan:{plan}"))
            lines = kept.lines
            if as_json:
                emit("stop", plan=plan, reason=reason, endpoints=dict(known.addresses))
                for line in lines:
                    emit("planned", **msgspec.structs.asdict(line))
                return
            click.echo(f"{known.title}\nStopped: {shown(reason)}.\n")
            for line in lines:
                path = shown(line.path)
                click.echo(f"  {line.verb:<12} {known.label(line.endpoint)}  {path}")
            if kept.left_out:
                click.echo(f"  and {kept.left_out:,} more")
            if lines:
                click.echo()
            click.echo(f"To let it through, repeat the command with --approve {plan}")
            return
    raise Usage(f"there is no stopped plan {shown(plan)}; only the last one of a sync is kept")


def conflicts(homes: Sequence[Home], *, as_json: bool) -> Exit:
    """Print the conflict copies that are there: where, whose and of what."""
    total = 0
    for each in homes:
        with _opened(each) as known:
            base = known.store.base()
            found = [node for node in base.conflicts() if node.conflict is not None]
            total += len(found)
            if not found:
                continue
            if not as_json:
                click.echo(
                    f"{known.title}: {counted(len(found), 'conflict copy', 'conflict copies')}"
                )
            for path, node in sorted((_path(base, node), node) for node in found):
                _tell_conflict(known, base, path, node, as_json=as_json)
            if not as_json:
                click.echo()
    if as_json:
        return Exit.DONE
    if total:
        click.echo(
            "Each is in every one of the folders. Compare it with the file beside it, keep what\n"
            "you want of it, and delete the copy in any of the folders."
        )
    else:
        click.echo("No conflict copies.")
    return Exit.DONE


def _tell_conflict(known: Known, base: BaseTree, path: str, node: Node, *, as_json: bool) -> None:
    conflict, content = node.conflict, node.content
    if conflict is None:
        return
    other = base.get([conflict.of]).get(conflict.of)
    original = _path(base, other) if other is not None and not other.gone else ""
    if as_json:
        emit(
            "conflict",
            path=path,
            of=original or None,
            endpoint=conflict.endpoint,
            label=known.labels.get(conflict.endpoint, conflict.endpoint),
            size=content.size if content is not None else None,
            mtime_ns=content.mtime_ns if content is not None else None,
            folders=list(known.addresses.values()),
        )
        return
    of = f" of {shown(original)}" if original else ""
    facts = f", {size(content.size)}, {moment(content.mtime_ns / 1e9)}" if content else ""
    click.echo(f"  {shown(path)}")
    click.echo(f"      the version of {known.label(conflict.endpoint)}{of}{facts}")


def _path(base: BaseTree, node: Node) -> str:
    parts = [node.name]
    parent: NodeId = node.parent
    seen = {node.id}
    while parent != ROOT and parent not in seen:
        seen.add(parent)
        above = base.get([parent]).get(parent)
        if above is None:
            break
        parts.append(above.name)
        parent = above.parent
    return "/".join(reversed(parts))


@contextmanager
def _opened(each: Home) -> Iterator[Known]:
    with SqliteStateStore(each.file, read_only=True) as states:
        store = states.sync(home.OWNER, home.SYNC)
        addresses = home.endpoints(store)
        names = labels([at(address) for address in addresses.values()])
        yield Known(each, store, addresses, dict(zip(addresses, names, strict=True)))


def _emit_run(known: Known, record: RunRecord) -> None:
    emit(
        "run",
        run=record.id,
        folders=list(known.addresses.values()),
        state=str(known.home.folder),
        started=record.started or None,
        ended=record.ended or None,
        outcome=record.outcome or None,
        counts=dict(record.counts),
        message=record.message or None,
    )


def run_lines(runs: Sequence[RunRecord]) -> Iterator[str]:
    """Yield the runs, newest last; those in a row that had nothing to do share a line."""
    idle: list[RunRecord] = []
    for record in reversed(runs):
        if record.outcome == "done" and not any(record.counts.values()):
            idle.append(record)
            continue
        yield from _idle_lines(idle)
        idle = []
        yield run_line(record)
    yield from _idle_lines(idle)


def _idle_lines(runs: Sequence[RunRecord]) -> Iterator[str]:
    if runs:
        more = f" ({len(runs) - 1:,} more before)" if len(runs) > 1 else ""
        yield run_line(runs[-1]) + more


def run_line(record: RunRecord) -> str:
    """Return a run in a line."""
    when = moment(record.started or record.ended or time.time())
    idle = "nothing to do" if record.outcome == "done" else "nothing finished"
    parts = [summed(record.counts) or idle]
    if carried := record.counts.get("bytes", 0):
        parts[0] += f" ({size(carried)})"
    if found := record.counts.get("conflicts", 0):
        parts.append(counted(found, "conflict"))
    if record.message:
        parts = [shown(record.message)]
    if not record.outcome:
        parts = []
    return f"{record.id:>5}  {when}  {record.outcome or 'running':<11}  {', '.join(parts)}".rstrip()


def _event_line(known: Known, event: Event) -> str:
    where = f"{known.label(event.endpoint)}: " if event.endpoint else ""
    detail = f"  ({shown(event.detail)})" if event.detail else ""
    return f"{event.verb:<12} {where}{shown(event.path)}{detail}"
