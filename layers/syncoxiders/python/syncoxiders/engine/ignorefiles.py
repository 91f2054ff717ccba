"""The ``.syncignore`` files of the endpoints: finding, reading and remembering them.

A look tells of entries that are new or differ, so that nothing has to walk the tree for them;
of a copy that the engine has made base tells, since no look does. What was told is kept in the
store *before* the observed tree is, so that a run that dies between the two does not forget a
file that it will not be told of again.
"""

from collections.abc import Container, Iterable, Mapping

import msgspec

from syncoxiders.core import names
from syncoxiders.core.filters import IGNORE_FILE, Rule, read_ignore_file
from syncoxiders.core.model import ROOT_ENTRY, EndpointId, Entry, EntryId, Kind, Node, Ref
from syncoxiders.engine.context import Context
from syncoxiders.ports.errors import ProviderError, Revoked, Throttled, Unreachable

KEPT = "ignore-files"
"""The text, per endpoint, that holds the files that are known there, with their content."""

LIMIT = 1 << 20
"""The most bytes that are read of such a file."""

_NOT_NOW = (Unreachable, Throttled, Revoked)


def kept(endpoint: EndpointId) -> str:
    """Return the key of the text that holds the files that are known at an endpoint."""
    return f"{KEPT}:{endpoint}"


class _Known(msgspec.Struct, frozen=True):
    """A file that was told of; ``version`` is that of ``data``, ``""`` before it was read."""

    endpoint: EndpointId
    entry: EntryId
    version: str = ""
    data: bytes = b""


class _Kept(msgspec.Struct, frozen=True):
    """The files of an endpoint, and those of which planners have not been told as they are now."""

    files: list[_Known] = []
    untold: list[EntryId] = []


class IgnoreFiles:
    """The ``.syncignore`` files of a sync, across its runs.

    ``refused`` is what providers said who let none of theirs be read for now.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.refused: dict[EndpointId, ProviderError] = {}
        self._known: dict[tuple[EndpointId, EntryId], _Known] = {}
        self._untold: dict[EndpointId, list[EntryId]] = {}
        for endpoint in context.rule.endpoints:
            text = context.store.text(kept(endpoint.id))
            found = msgspec.json.decode(text, type=_Kept) if text else _Kept()
            self._known.update({(each.endpoint, each.entry): each for each in found.files})
            self._untold[endpoint.id] = found.untold

    def see(self, endpoint: EndpointId, entries: Iterable[Entry]) -> None:
        """Take note of entries that a look found, before they are committed as observed."""
        new = {
            (endpoint, entry.id): _Known(endpoint, entry.id)
            for entry in entries
            if entry.name == IGNORE_FILE and (endpoint, entry.id) not in self._known
        }
        if new:
            self._known |= new
            self._save(endpoint)

    def rules(
        self, at: Container[EndpointId] | None = None
    ) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
        """Return all rules, once everything observed is committed, and what was wrong with them.

        A file that cannot be read now keeps the rules that it had. Where endpoints differ in a
        file, the rules of all apply, in the order of the endpoints, until it is in step. With
        ``at`` files are read, and forgotten, at these endpoints alone; the others are as known.
        """
        rules: list[Rule] = []
        complaints: list[str] = []
        kept = self._known
        before, self._known = {**kept, **self._copies(at)}, {}
        taken: set[tuple[str, tuple[Rule, ...]]] = set()
        for endpoint in self._context.rule.endpoints:
            for known in before.values():
                if known.endpoint != endpoint.id:
                    continue
                entry = self._entry(endpoint.id, known.entry)
                path = None if entry is None else self._path(endpoint.id, entry)
                if entry is None or path is None:
                    continue
                folder, local = path
                elsewhere = at is not None and endpoint.id not in at
                current = known if elsewhere else self._read(known, entry, local, complaints)
                self._known[endpoint.id, entry.id] = current
                read, wrong = read_ignore_file(folder, current.data)
                complaints += (each for each in wrong if each not in complaints)
                if (folder, read) not in taken:
                    taken.add((folder, read))
                    rules += read
        for endpoint in self._context.rule.endpoints:
            changed = _changed(_of(kept, endpoint.id), _of(self._known, endpoint.id))
            if changed and (at is None or endpoint.id in at):
                if at is not None:
                    self._untold[endpoint.id] = sorted({*self._untold[endpoint.id], *changed})
                self._save(endpoint.id)
        return tuple(rules), tuple(complaints)

    def untold(self, endpoint: EndpointId) -> list[EntryId]:
        """Return the files of which who plans elsewhere has to be told, and may not have been.

        They differ since rules were read at this endpoint for others to plan with; whoever read
        them may have died before it told anybody.
        """
        return self._untold[endpoint]

    def tell(self, endpoint: EndpointId) -> None:
        """Note that those who plan are sure to hear of the endpoint's files."""
        self._untold[endpoint] = []
        self._save(endpoint)

    def _copies(self, at: Container[EndpointId] | None) -> dict[tuple[EndpointId, EntryId], _Known]:
        """Return the files that are bound to one that is known, and that are not known yet.

        The engine wrote them. Should the one that is known be deleted, and be written anew from
        them, no look would tell of either.
        """
        base = self._context.store.base()
        found: dict[tuple[EndpointId, EntryId], _Known] = {}
        others = [each.id for each in self._context.rule.endpoints if at is None or each.id in at]
        for endpoint in self._context.rule.endpoints if others else ():
            ids = [each.entry for each in _of(self._known, endpoint.id)]
            owners = base.of(endpoint.id, ids) if ids and others != [endpoint.id] else {}
            nodes = base.get(owners.values()) if owners else {}
            for entry, node in owners.items():
                for other in others if node in nodes else ():
                    copy = _copy(self._known[endpoint.id, entry], nodes[node], other)
                    if copy is not None and (other, copy.entry) not in self._known:
                        found[other, copy.entry] = copy
        return found

    def _save(self, endpoint: EndpointId) -> None:
        value = _Kept(_of(self._known, endpoint), self._untold[endpoint])
        text = msgspec.json.encode(value).decode() if value != _Kept() else ""
        self._context.store.save_text(kept(endpoint), text)

    def _entry(self, endpoint: EndpointId, entry: EntryId) -> Entry | None:
        """Return the file as observed, None if it is no such file any more."""
        found = self._context.store.observed(endpoint).get([entry]).get(entry)
        fits = found is not None and found.name == IGNORE_FILE and found.kind is Kind.FILE
        return found if fits else None

    def _path(self, endpoint: EndpointId, entry: Entry) -> tuple[str, str] | None:
        """Return the path of the entry's folder in our names, and its own in the endpoint's."""
        store = self._context.store
        traits = self._context.rule.endpoint(endpoint).traits
        ours: list[str] = []
        theirs = [entry.name]
        seen: set[EntryId] = set()
        parent = entry.parent
        while parent != ROOT_ENTRY:
            folder = store.observed(endpoint).get([parent]).get(parent)
            if folder is None or parent in seen:
                return None
            seen.add(parent)
            bound = store.base().of(endpoint, [parent]).get(parent)
            node = None if bound is None else store.base().get([bound]).get(bound)
            replica = None if node is None else node.replicas.get(endpoint)
            if node is not None and replica is not None and replica.name == folder.name:
                ours.append(node.name)
            else:
                ours.append(names.true_name(folder.name, traits))
            theirs.append(folder.name)
            parent = folder.parent
        return "/".join(reversed(ours)), "/".join(reversed(theirs))

    def _read(self, known: _Known, entry: Entry, path: str, complaints: list[str]) -> _Known:
        """Return the file as it is now, or as it was where it cannot be read."""
        if known.version == entry.version and known.version:
            return known
        if known.endpoint in self.refused:  # nothing of it can be read for now
            return known
        try:
            reader = self._context.providers[known.endpoint].read(
                Ref(entry.id, path), entry.version
            )
            try:
                if reader.entry.size > LIMIT:
                    complaints.append(f"{path} is too large to be read as a list of patterns")
                    return known
                data = b"".join(bytes(chunk) for chunk in reader.chunks())
            finally:
                reader.close()
        except ProviderError as error:
            if isinstance(error, _NOT_NOW):
                self.refused[known.endpoint] = error
            complaints.append(f"{path} cannot be read: {error}")
            return known
        return msgspec.structs.replace(known, version=entry.version, data=data)


def _copy(known: _Known, node: Node, other: EndpointId) -> _Known | None:
    """Return what is known of a file's copy; its content, too, where both have what was agreed."""
    mine, theirs = node.replicas.get(known.endpoint), node.replicas.get(other)
    if mine is None or theirs is None or theirs.gone or theirs.name != IGNORE_FILE:
        return None
    same = mine.content_gen == theirs.content_gen and mine.version == known.version
    if not (same and known.version):
        return _Known(other, theirs.entry)
    return _Known(other, theirs.entry, theirs.version, known.data)


def _changed(before: Iterable[_Known], after: Iterable[_Known]) -> set[EntryId]:
    return {each.entry for each in {*before} ^ {*after}}


def _of(known: Mapping[tuple[EndpointId, EntryId], _Known], endpoint: EndpointId) -> list[_Known]:
    return [each for each in known.values() if each.endpoint == endpoint]
