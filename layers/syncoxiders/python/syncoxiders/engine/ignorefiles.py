"""The ``.syncignore`` files of the endpoints: finding, reading and remembering them.

A look tells of entries that are new or differ, so that nothing has to walk the tree for them;
of a copy that the engine has made base tells, since no look does. What was told is kept in the
store *before* the observed tree is, so that a run that dies between the two does not forget a
file that it will not be told of again. Where endpoints are looked at one by one, a file of which a
copy was made may be deleted before the copy's endpoint is looked at: it stays known for as long as
base has it, and what is found through it stays known until a look there has taken note of it.
"""

import itertools
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
    """The files of an endpoint, and those of which planners have not been told as they are now.

    ``copies`` are files elsewhere that were made of ones that are no more here, and of which no
    look there has taken note yet.
    """

    files: list[_Known] = []
    untold: list[EntryId] = []
    copies: list[_Known] = []


class IgnoreFiles:
    """The ``.syncignore`` files of a sync, across its runs.

    ``refused`` is what providers said who let none of theirs be read for now.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.refused: dict[EndpointId, ProviderError] = {}
        self._known: dict[tuple[EndpointId, EntryId], _Known] = {}
        self._untold: dict[EndpointId, list[EntryId]] = {}
        self._left: dict[EndpointId, list[_Known]] = {}
        for endpoint in context.rule.endpoints:
            text = context.store.text(kept(endpoint.id))
            found = msgspec.json.decode(text, type=_Kept) if text else _Kept()
            self._known.update({(each.endpoint, each.entry): each for each in found.files})
            self._untold[endpoint.id] = found.untold
            self._left[endpoint.id] = found.copies

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
        complaints: list[str] = []
        kept = self._known
        stored = {each.id: self._value(each.id) for each in self._context.rule.endpoints}
        entries = self._entries(kept.values())
        gone = [known for key, known in kept.items() if key not in entries]
        ended = self._ended(gone) if gone and at is not None else []
        copies = [*itertools.chain(*self._left.values()), *(copy for _, copy in ended if copy)]
        before = {**kept, **self._copies(at)}
        for copy in copies:
            before.setdefault((copy.endpoint, copy.entry), copy)
        entries |= self._entries(each for key, each in before.items() if key not in kept)
        self._known = {}
        said: dict[tuple[str, tuple[Rule, ...]], None] = {}
        for endpoint in self._context.rule.endpoints:
            for known in before.values():
                if known.endpoint != endpoint.id:
                    continue
                entry = entries.get((endpoint.id, known.entry))
                path = None if entry is None else self._path(endpoint.id, entry)
                if entry is None or path is None:
                    continue
                folder, local = path
                elsewhere = at is not None and endpoint.id not in at
                current = known if elsewhere else self._read(known, entry, local, complaints)
                self._known[endpoint.id, entry.id] = current
                read, wrong = read_ignore_file(folder, current.data)
                complaints += (each for each in wrong if each not in complaints)
                said.pop((folder, read), None)  # the last rule counts: it is said where it last is
                said[folder, read] = None
        for endpoint in self._context.rule.endpoints:
            if at is not None and endpoint.id not in at:
                continue
            mine = [(known, copy) for known, copy in ended if known.endpoint == endpoint.id]
            self._known.update({(each.endpoint, each.entry): each for each, _ in mine})
            left = [*self._left[endpoint.id], *(copy for _, copy in mine if copy)]
            there = [each for each in dict.fromkeys(left) if self._is_left(each, kept)]
            changed = _changed(_of(kept, endpoint.id), _of(self._known, endpoint.id))
            if at is not None:  # that one is gone the change log says
                changed -= {known.entry for known in gone}
                self._untold[endpoint.id] = sorted({*self._untold[endpoint.id], *changed})
            self._left[endpoint.id] = there
            if self._value(endpoint.id) != stored[endpoint.id]:
                self._save(endpoint.id)
        return tuple(rule for _, read in said for rule in read), tuple(complaints)

    def _is_left(self, copy: _Known, kept: Container[tuple[EndpointId, EntryId]]) -> bool:
        """Say whether a copy is still there, and no look where it is has taken note of it."""
        key = copy.endpoint, copy.entry
        return key in self._known and key not in kept

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

    def _ended(self, gone: Iterable[_Known]) -> list[tuple[_Known, _Known | None]]:
        """Return the files that are no more, but are in base, each with every copy of it.

        Nobody has planned yet that it is gone, and a copy may still be being made.
        """
        base = self._context.store.base()
        found: list[tuple[_Known, _Known | None]] = []
        for known in gone:
            owners = base.of(known.endpoint, [known.entry])
            node = next(iter(base.get(owners.values()).values()), None)
            replica = None if node is None else node.replicas.get(known.endpoint)
            if node is None or replica is None or replica.gone or replica.name != IGNORE_FILE:
                continue
            found.append((known, None))
            found.extend(
                (known, _copy(known, node, other.id))
                for other in self._context.rule.endpoints
                if other.id != known.endpoint
            )
        return found

    def _value(self, endpoint: EndpointId) -> _Kept:
        files = _of(self._known, endpoint)
        return _Kept(files, self._untold[endpoint], self._left[endpoint])

    def _save(self, endpoint: EndpointId) -> None:
        value = self._value(endpoint)
        text = msgspec.json.encode(value).decode() if value != _Kept() else ""
        self._context.store.save_text(kept(endpoint), text)

    def _entries(self, files: Iterable[_Known]) -> dict[tuple[EndpointId, EntryId], Entry]:
        """Return files as they are observed, but for those that are no such file any more."""
        wanted: dict[EndpointId, list[EntryId]] = {}
        for each in files:
            wanted.setdefault(each.endpoint, []).append(each.entry)
        return {
            (endpoint, entry.id): entry
            for endpoint, ids in wanted.items()
            for entry in self._context.store.observed(endpoint).get(ids).values()
            if entry.name == IGNORE_FILE and entry.kind is Kind.FILE
        }

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
