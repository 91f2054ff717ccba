"""The command ``check``: compares folders by content and changes nothing."""

import concurrent.futures
import threading
from collections.abc import Sequence
from contextlib import ExitStack, closing

import click
import msgspec

from syncoxiders.adapters.system import SystemClock
from syncoxiders.cli.endpoints import Root, labels
from syncoxiders.cli.exits import Exit
from syncoxiders.cli.options import Links, Output
from syncoxiders.cli.output import complain, emit
from syncoxiders.cli.progress import Tally, displayed
from syncoxiders.cli.providers import Connections
from syncoxiders.cli.text import counted, listed, shown, size
from syncoxiders.core import hashes
from syncoxiders.core.filters import IGNORE_FILE, Filter, Rule, read_ignore_file
from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId, Kind, Ref
from syncoxiders.ports.errors import ProviderError
from syncoxiders.ports.provider import Provider, Rescans


class _Nothing:
    """Knowledge of an empty tree: a look finds all there is."""

    def children(self, folder: EntryId) -> list[Entry]:
        """Return nothing."""
        del folder
        return []


class Tree(msgspec.Struct):
    """One folder as it is: its entries by path."""

    label: str
    provider: Provider
    entries: dict[str, Entry] = {}

    def listed(self, path: str) -> dict[str, str]:
        """Return the hashes that need no reading, where reading costs a transfer."""
        return {} if self.provider.traits.cheap_hash else hashes.decode(self.entries[path].hashes)

    def digest(self, path: str, algorithm: str, tally: Tally) -> str:
        """Return a hash of what stands at a path. Raises ProviderError."""
        entry, listed = self.entries[path], self.listed(path)
        if algorithm in listed:
            return listed[algorithm]
        ref = Ref(entry.id, path)
        found = self.provider.hash(ref, entry.version, (algorithm,))
        tally.moved(max(entry.size, 0))
        return hashes.decode(found)[algorithm]


class Findings(msgspec.Struct):
    """What was found: paths with what is the matter there, and what could not be read."""

    differences: list[tuple[str, str]] = []
    problems: list[str] = []
    compared: int = 0


def check(
    roots: Sequence[Root],
    *,
    filter_: Filter,
    links: Links,
    transfers: int,
    output: Output,
    stop: threading.Event,
) -> Exit:
    """Compare the folders with the first one; the exit code says whether they are equal."""
    connections = Connections(SystemClock(stop))
    trees = [
        Tree(shown(label), connections.provider(root, links=links))
        for root, label in zip(roots, labels(roots), strict=True)
    ]
    tally = Tally(stop)
    findings = Findings()
    with (
        ExitStack() as closing_all,
        displayed(tally, " = ".join(tree.label for tree in trees), output),
    ):
        for tree in trees:
            closing_all.callback(tree.provider.close)
        for tree in trees:
            tally.phase(f"looking at {tree.label}")
            _look(tree, findings)
        _hide(trees, filter_, findings)
        _compare(trees, findings, transfers, tally)
    _tell(findings, tally, output)
    if findings.differences:
        return Exit.DIFFERENT
    return Exit.PARTIAL if findings.problems else Exit.DONE


def _look(tree: Tree, findings: Findings) -> None:
    inside: dict[EntryId, list[Entry]] = {}
    if not isinstance(tree.provider, Rescans):
        raise TypeError(f"{tree.label} cannot be listed")
    tree.provider.root()
    for delta in tree.provider.rescan(_Nothing()):
        inside[delta.folder] = list(delta.changed)
        findings.problems += [
            f"{tree.label}: {shown(each.path)}: {shown(each.reason)}"
            for each in delta.problems
            if each.unreadable
        ]
    todo = [(ROOT_ENTRY, "")]
    while todo:
        folder, above = todo.pop()
        for entry in inside.pop(folder, ()):
            path = above + entry.name
            tree.entries[path] = entry
            if entry.kind is Kind.FOLDER:
                todo.append((entry.id, path + "/"))


def _hide(trees: Sequence[Tree], filter_: Filter, findings: Findings) -> None:
    """Drop what the options and the ``.syncignore`` files of any folder leave out."""
    ignored: list[Rule] = []
    for tree in trees:
        for path, entry in tree.entries.items():
            if entry.name == IGNORE_FILE and entry.kind is Kind.FILE:
                ignored += _rules(tree, path, findings)
    whole = msgspec.structs.replace(filter_, ignored=tuple(ignored))
    if not whole:
        return
    out = {
        path
        for tree in trees
        for path, entry in tree.entries.items()
        if whole.out(path, entry.kind, entry.size, entry.mtime_ns)
    }
    for tree in trees:
        tree.entries = {path: each for path, each in tree.entries.items() if path not in out}


def _rules(tree: Tree, path: str, findings: Findings) -> Sequence[Rule]:
    entry = tree.entries[path]
    try:
        with closing(tree.provider.read(Ref(entry.id, path), entry.version)) as reader:
            data = b"".join(bytes(chunk) for chunk in reader.chunks())
    except ProviderError as error:
        findings.problems.append(f"{tree.label}: {shown(path)}: {shown(str(error))}")
        return ()
    return read_ignore_file(path.rpartition("/")[0], data)[0]


def _compare(trees: Sequence[Tree], findings: Findings, transfers: int, tally: Tally) -> None:
    todo: list[tuple[str, list[Tree]]] = []
    for path in sorted({path for tree in trees for path in tree.entries}):
        having = [tree for tree in trees if path in tree.entries]
        entries = [tree.entries[path] for tree in having]
        if len(having) < len(trees):
            findings.differences.append(
                (path, f"only in {listed([each.label for each in having])}")
            )
        elif len({each.kind for each in entries}) > 1:
            kinds = [f"{each.entries[path].kind} in {each.label}" for each in having]
            findings.differences.append((path, listed(kinds)))
        elif len({each.size for each in entries if each.size >= 0}) > 1:
            sizes = [f"{size(each.entries[path].size)} in {each.label}" for each in having]
            findings.differences.append((path, listed(sizes)))
        elif entries[0].kind is not Kind.FOLDER:
            todo.append((path, having))
            tally.bytes += sum(max(each.size, 0) for each in entries)
    tally.actions = len(todo)
    with concurrent.futures.ThreadPoolExecutor(transfers) as pool:
        try:
            for (path, _), found in zip(
                todo, pool.map(lambda each: _equal(each[0], each[1], tally), todo), strict=True
            ):
                tally.ended += 1
                if isinstance(found, str):
                    findings.problems.append(found)
                elif not found:
                    findings.differences.append((path, "different content"))
                findings.compared += 1
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _equal(path: str, trees: Sequence[Tree], tally: Tally) -> bool | str:
    """Say whether the contents are equal, or what went wrong.

    They are compared by a hash that a provider lists, where one does, so that its bytes need not
    be read.
    """
    algorithm = next((each for tree in trees for each in tree.listed(path)), hashes.OWN)
    digests = set()
    for tree in trees:
        try:
            digests.add(tree.digest(path, algorithm, tally))
        except ProviderError as error:
            return f"{tree.label}: {shown(path)}: {shown(str(error))}"
    return len(digests) == 1


def _tell(findings: Findings, tally: Tally, output: Output) -> None:
    for path, what in findings.differences:
        if output.json:
            emit("difference", path=path, detail=what)
        elif not output.quiet:
            click.echo(f"{shown(path)}: {what}")
    for problem in findings.problems:
        complain(problem)
    if output.json:
        emit(
            "check",
            equal=not findings.differences and not findings.problems,
            compared=findings.compared,
            bytes=tally.carried,
            differences=len(findings.differences),
            problems=len(findings.problems),
        )
    elif not output.quiet:
        verdict = (
            counted(len(findings.differences), "difference") if findings.differences else "equal"
        )
        files = counted(findings.compared, "file")
        click.echo(f"{verdict}; {files} compared by content ({size(tally.carried)} read).")
