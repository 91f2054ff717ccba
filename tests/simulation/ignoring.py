"""Histories in which people write ``.syncignore`` files into the tree, change and remove them."""

import random
from collections.abc import Iterable, Sequence

from msgspec import structs

from syncoxiders.core.filters import IGNORE_FILE, Filter, Rule, read_ignore_file
from syncoxiders.core.model import EndpointId, EntryId, Kind
from syncoxiders.ports.state import SyncRecord
from tests.simulation.cloud import CloudHistory
from tests.simulation.faults import FaultyProvider
from tests.simulation.people import DEEDS, Tree
from tests.simulation.quirky import QuirkyHistory
from tests.simulation.stage import Violated

PATTERNS = ["a", "b", "/c", "d/", "*.txt", "e/d/", "f/", "*", "!a", "!n.txt", "[", ".*"]
"""The last but one cannot be understood, the last hides the file that it is in."""

FOLDERS = ["", "", "d", "e", "d/f"]

STORAGE = ["plain", "feed", "plain", "path-ids", "path-feed"]

Rules = tuple[Rule, ...]


class Ignoring(QuirkyHistory):
    """A history in which what takes part is said by files that take part themselves.

    In a serial one the others follow exactly for as long as these files stay as they are. Once
    one was changed all are joined under the new patterns: what is in view is the same everywhere,
    what was hidden all the while has stayed, and nothing was deleted that nobody deleted.
    """

    def __post_init__(self) -> None:
        self._whim = random.Random(f"ignoring {self.seed}")
        self._filters: dict[Rules, Filter] = {}
        self._spoken: dict[EndpointId, dict[Rules, None]] = {}
        super().__post_init__()
        self._heed()

    @property
    def storage(self) -> str:
        """Return which quirk the endpoints have."""
        return STORAGE[self.seed % len(STORAGE)]

    # -- what people do ------------------------------------------------------------------------

    def _act(self, name: str, deeds: Sequence[str] = DEEDS) -> None:
        if self._whim.random() < 0.15:
            self._ignore(name)
            self._after_deed(name)
        else:
            super()._act(name, deeds)
        self._listen()

    def _ignore(self, name: str) -> None:
        provider, whim = self.world.providers[name], self._whim
        there = _files(provider.tree())
        if there and whim.random() < 0.4:
            self.people.remove(provider, whim.choice(there))
            return
        path = f"{whim.choice(FOLDERS)}/{IGNORE_FILE}".removeprefix("/")
        self.people.ignore(provider, path, whim.sample(PATTERNS, whim.choice([1, 1, 2])))

    def _intrude(self, provider: FaultyProvider, path: str) -> None:
        super()._intrude(provider, path)
        self._listen()

    def _after(self, provider: FaultyProvider, what: str) -> None:
        self._listen()
        super()._after(provider, what)

    def _maybe_filter(self) -> None:
        if self._whim.random() < 0.4:
            super()._maybe_filter()

    def _unfilter(self) -> None:
        """Let people remove all the files, wherever they are, and those that come back.

        One comes back from a copy that was still being made: where rules have changed nothing is
        deleted.
        """
        self._remove_files()
        super()._unfilter()
        self._settle()
        self._remove_files()
        self._heed()

    def _remove_files(self) -> None:
        for provider in self.world.providers.values():
            for path in _files(provider.tree()):
                self.people.remove(provider, path)
        self._listen()

    def _heed(self) -> None:
        """In a serial history what is hidden elsewhere stays as it is, whenever it is hidden."""
        if self.manner == "serial":
            self.people.bars = self._is_elsewhere_a_folder
            self.people.crosses = lambda _provider, path, to: self._crosses(path, to)

    # -- what the files say --------------------------------------------------------------------

    def _rules_at(self, endpoint: EndpointId) -> Rules:
        tree = self.world.providers[endpoint].tree()
        return tuple(
            rule
            for path in _files(tree)
            for rule in read_ignore_file(path.rpartition("/")[0], tree[path] or b"")[0]
        )

    def _filter_of(self, ignored: Rules) -> Filter:
        whole = structs.replace(self.world.rule.filter, ignored=ignored)
        return self._filters.setdefault((*whole.options, *ignored), whole)

    def _filter_now(self) -> Filter:
        """Return what all files together make of the settings' filter, in the endpoints' order."""
        endpoints = [each.id for each in self.world.rule.endpoints]
        return self._filter_of(tuple(rule for each in endpoints for rule in self._rules_at(each)))

    def _is_filtered(self) -> bool:
        return bool(self._filter_now())

    def _is_hidden(self, path: str, data: bytes | None) -> bool:
        return self._filter_now().out(path, _kind(data), None, None)

    # -- since all was in step -----------------------------------------------------------------

    def _begin_anew(self) -> None:
        self._spoken = {each.id: {} for each in self.world.rule.endpoints}
        self._listen()

    def _listen(self) -> None:
        """Remember what the files have said since all was in step."""
        for endpoint, said in self._spoken.items():
            said[self._rules_at(endpoint)] = None

    def _has_changed(self) -> bool:
        return any(len(said) > 1 for said in self._spoken.values())

    def _is_surely_hidden(self, path: str, data: bytes | None) -> bool:
        """Say whether the files at an endpoint have hidden a path, whatever others may say."""
        if any(rule.include for said in self._spoken.values() for each in said for rule in each):
            return False
        return any(
            said and all(self._filter_of(each).out(path, _kind(data), None, None) for each in said)
            for said in self._spoken.values()
        )

    def _epoch(self, active: str, here: list[str]) -> None:
        self._begin_anew()
        super()._epoch(active, here)

    def _calm(self) -> dict[str, dict[str, EntryId]]:
        calm = super()._calm()
        self._begin_anew()
        return calm

    def _lose_state(self) -> None:
        super()._lose_state()
        self._spoken = {}

    def _settle(self) -> None:
        """Run until nothing changes, and once more: what was joined is followed afterwards."""
        super()._settle()
        super()._settle()

    # -- what must hold ------------------------------------------------------------------------

    def _joins_all(self, record: SyncRecord | None) -> bool:
        """The files' part of the rule is nobody's but the run's."""
        if record is None:
            return True
        mode, source, _ = record.rule.split("|")
        return [mode, source] != self.world.rule.version.split("|")[:2]

    def _check_reason(self, provider: FaultyProvider, entry: EntryId) -> None:
        node = provider._tree.find(entry)
        if node is not None:
            path = provider._tree.path_of(node)
            data = None if node.kind is Kind.FOLDER else node.data
            if self._is_surely_hidden(path, data):
                raise Violated(self._story(f"{provider.name}: {path} is deleted, which is hidden"))
        super()._check_reason(provider, entry)

    def _expect_followed(
        self,
        active: str,
        here: Iterable[str],
        left: Tree,
        hidden: dict[str, Tree],
        veiled: set[str],
    ) -> None:
        if self._has_changed() or self._held_back():
            self._expect_joined(active, here, hidden)
        else:
            super()._expect_followed(active, here, left, hidden, veiled)

    def _expect_joined(self, active: str, here: Iterable[str], hidden: dict[str, Tree]) -> None:
        """What is in view is the same everywhere; what nobody ever saw is where it was."""
        trees = {name: provider.tree() for name, provider in self.world.providers.items()}
        self._expect_alive(
            data for tree in trees.values() for data in tree.values() if data is not None
        )
        held_back = self._held_back()
        for name in here:
            if name == active:
                continue
            for path, data in hidden[name].items():
                if self._is_surely_hidden(path, data) and trees[name].get(path, b"-") != data:
                    raise Violated(self._story(f"{name}: {path}, which is hidden, did not stay"))
            ours = self._visible_part(trees[active], trees[name])
            theirs = self._visible_part(trees[name], trees[active])
            ours, theirs = self._unshadowed(ours, here), self._unshadowed(theirs, here)
            if any(not _touches(path, held_back) for path, _ in ours.items() ^ theirs.items()):
                raise Violated(self._story(f"{name} shows {theirs}, and {active} {ours}"))

    def _held_back(self) -> set[str]:
        """Return the paths at which something is in view that takes no part.

        That is what has another name elsewhere, where patterns hide it, with all that is in it:
        it was renamed before there were these patterns. Nothing else can stand there.
        """
        standing = [paths for paths in self._places() if len(set(paths.values())) > 1]
        hidden = {
            (name, path): self._is_hidden(path, self.world.providers[name].tree()[path])
            for paths in self._places()
            for name, path in paths.items()
        }
        out: set[tuple[str, str]] = set()
        while True:
            more = {
                place
                for paths in standing
                if any(hidden[place] or _is_inside(place, out) for place in paths.items())
                for place in paths.items()
            }
            if more <= out:
                return {path for name, path in out if not hidden[name, path]}
            out |= more

    def _places(self) -> list[dict[str, str]]:
        """Return the path of each node at each endpoint where it is."""
        base = self.world.store.sync("me", "sync").base()
        found: list[dict[str, str]] = []
        for node in base.get(each for some in base.ids() for each in some).values():
            paths = {}
            for name, replica in node.replicas.items():
                tree = self.world.providers[name]._tree
                there = tree.find(replica.entry)
                if there is not None and there.parent is not None and not replica.gone:
                    paths[name] = tree.path_of(there)
            found.append(paths)
        return found


class IgnoringHistory(Ignoring):
    """Such a history on one machine."""


class IgnoringCloudHistory(Ignoring, CloudHistory):
    """Such a history of the deployed system."""


def _files(tree: Tree) -> list[str]:
    """Return the paths of the files of patterns, those that are deeper last."""
    found = [
        path
        for path, data in tree.items()
        if data is not None and path.rpartition("/")[2] == IGNORE_FILE
    ]
    return sorted(found, key=lambda path: (path.count("/"), path))


def _is_inside(place: tuple[str, str], out: set[tuple[str, str]]) -> bool:
    name, path = place
    return any(f"{path}/".startswith(f"{each}/") for where, each in out if where == name)


def _touches(path: str, held_back: set[str]) -> bool:
    """Say whether a path is one that is held back, in one, or holds one."""
    return any(
        f"{path}/".startswith(f"{each}/") or each.startswith(f"{path}/") for each in held_back
    )


def _kind(data: bytes | None) -> Kind:
    return Kind.FOLDER if data is None else Kind.FILE
