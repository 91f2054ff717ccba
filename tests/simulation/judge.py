"""What must hold of a simulated history, and what a filter makes of it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.memory.state import MemoryStateStore
from syncoxiders.core.model import ROOT_ENTRY, EntryId, Kind
from syncoxiders.core.names import folded
from tests.simulation.people import DEEDS, Tree, tokens
from tests.simulation.stage import Stage, Violated

Calm = dict[str, dict[str, EntryId]]
"""Which entry stands at each path of each endpoint, all of them being in step."""

Mark = tuple[str, EntryId, EntryId, str]
"""An entry of an endpoint, with the folder and the name from which it was moved."""

Reprieve = tuple[list[Mark], list[tuple[str, str]], set[bytes]]
"""Lines that count as alive while any of these entries stands elsewhere.

That ends as well when something is put at these paths of these endpoints, where it was deleted.
"""


@dataclass
class Judge(Stage):
    """Holds what stands against what was done."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._reprieved: list[Reprieve] = []

    def _check(self) -> None:
        providers = self.world.providers
        first = next(iter(providers))
        self._expect_equal(list(providers), providers[first].tree(), f"{first} has")
        stranded = [data for provider in providers.values() for data in provider.stranded()]
        self._expect_alive([*filter(None, providers[first].tree().values()), *stranded])
        if self._sets_bits():
            self._check_bits()
        self._check_journal()
        self._check_nothing_missed()

    def _check_kept(self) -> None:
        self._expect_alive(
            data for provider in self.world.providers.values() for data in provider.reachable()
        )

    def _expect_alive(self, contents: Iterable[bytes]) -> None:
        lost = self.people.alive - {line for content in contents for line in tokens(content)}
        lost.discard(b"")
        if lost:
            raise Violated(self._story(f"lost: {sorted(lost)}"))

    def _check_bits(self) -> None:
        bits = [
            {path: provider.entry(path).executable for path in provider.tree()}
            for provider in self.world.providers.values()
        ]
        if any(each != bits[0] for each in bits):
            raise Violated(self._story(f"executable bits differ: {bits}"))

    def _check_journal(self) -> None:
        open_actions = self.world.store.sync("me", "sync").open_actions()
        if open_actions:
            raise Violated(self._story(f"actions stayed open: {open_actions}"))

    def _check_nothing_missed(self) -> None:
        """Neither a plan of everything nor a first contact finds anything left to do."""
        before = [provider.mutations for provider in self.world.providers.values()]
        self.world.store.sync("me", "sync").save_text("settled", "")
        self._settle()
        if self._sets_bits():  # else they differ, and a first contact would choose among them
            self._lose_state()
            self._settle()
        if [provider.mutations for provider in self.world.providers.values()] != before:
            raise Violated(self._story("something was left to do"))

    def _lose_state(self) -> None:
        self.log.append("-- the state is lost")
        self._empty_store()

    def _empty_store(self) -> None:
        self.world.store = MemoryStateStore()
        self._watch_store()

    def _expect_equal(self, names: Iterable[str], expected: Tree, whose: str) -> None:
        for name in names:
            tree = self.world.providers[name].tree()
            if tree != expected:
                lacking = {path: data for path, data in expected.items() if path not in tree}
                extra = {path: data for path, data in tree.items() if path not in expected}
                other = {
                    path: (data, tree[path])
                    for path, data in expected.items()
                    if path in tree and tree[path] != data
                }
                raise Violated(
                    self._story(
                        f"{name} differs from {whose}: lacks {lacking}, has also {extra}, "
                        f"has otherwise {other}"
                    )
                )

    # -- filters -------------------------------------------------------------------------------

    def _expect_followed(
        self,
        active: str,
        here: Iterable[str],
        left: Tree,
        hidden: dict[str, Tree],
        veiled: set[str],
    ) -> None:
        """The others have what people left at one endpoint, which itself was not touched.

        But for ``veiled`` folders, of which nothing is left there any more: had they not held
        what the filter hides, they would have been deleted before.
        """
        ended = veiled & left.keys() - self.world.providers[active].tree().keys()
        if all(path in ended for each in ended for path in left if path.startswith(f"{each}/")):
            left = {path: data for path, data in left.items() if path not in ended}
        self._expect_equal([active], left, "how it was left")
        if not self._is_filtered():
            self._expect_equal(here, left, f"what was done at {active}")
            return
        for name in here:
            tree = self.world.providers[name].tree()
            if name != active and self._hidden_part(tree) != hidden[name]:
                raise Violated(self._story(f"{name}: what the filter hides did not stay"))
            ours, theirs = self._visible_part(left, tree), self._visible_part(tree, left)
            ours, theirs = self._unshadowed(ours, here), self._unshadowed(theirs, here)
            if ours != theirs:
                raise Violated(self._story(f"{name} shows {theirs}, and {active} {ours}"))

    def _veiled_folders(self, name: str, here: Iterable[str]) -> set[str]:
        """Return the folders that others have not, and that hold what the filter hides."""
        tree = self.world.providers[name].tree()
        held = self._hidden_part(tree)
        return {
            path
            for path, data in tree.items()
            if data is None
            and any(each.startswith(f"{path}/") for each in held)
            and any(path not in self.world.providers[other].tree() for other in here)
        }

    def _visible_part(self, tree: Tree, other: Tree) -> Tree:
        """Return what is in view, but for folders that hold at either side only what is not."""
        seen = {path: data for path, data in tree.items() if not self._is_hidden(path, data)}
        files = [path for path, data in tree.items() if data is not None and path in seen]
        veiled = [*self._hidden_part(tree), *self._hidden_part(other)]
        return {
            path: data
            for path, data in seen.items()
            if data is not None
            or any(each.startswith(f"{path}/") for each in files)
            or not any(each.startswith(f"{path}/") for each in veiled)
        }

    def _unshadowed(self, tree: Tree, here: Iterable[str]) -> Tree:
        """Leave out what waits since one who is away has something there that the filter hides."""
        away = [each for name, each in self.world.providers.items() if name not in here]
        hidden = {path for provider in away for path in self._hidden_part(provider.tree())}
        return {
            path: data
            for path, data in tree.items()
            if not any(f"{path}/".startswith(f"{each}/") for each in hidden)
        }

    def _is_filtered(self) -> bool:
        return bool(self.world.rule.filter)

    def _is_hidden(self, path: str, data: bytes | None) -> bool:
        kind = Kind.FOLDER if data is None else Kind.FILE
        return self.world.rule.filter.out(path, kind, None, None)

    def _hidden_part(self, tree: Tree) -> Tree:
        return {path: data for path, data in tree.items() if self._is_hidden(path, data)}

    def _crosses(self, path: str, to: str) -> bool:
        """Say whether a rename takes something in or out of view, or moves what is hidden."""
        for name in self.world.providers:
            for each, data in self._paths(name).items():
                if each == path or each.startswith(f"{path}/"):
                    there = to + each.removeprefix(path)
                    if self._is_hidden(each, data) or self._is_hidden(there, data):
                        return True
        return False

    def _is_elsewhere_a_folder(self, active: MemoryProvider, path: str) -> bool:
        return any(
            path in tree and tree[path] is None
            for name in self.world.providers
            if name != active.name
            for tree in [self._paths(name)]
        )

    def _paths(self, name: str) -> Tree:
        """Return what people have at an endpoint, whether it can be seen or not."""
        tree = self._tree_of(name)
        return {
            tree.path_of(node): None if node.kind is Kind.FOLDER else node.data
            for node in tree.below(tree.root)
            if node is not tree.root
        }

    # -- what was moved where another deleted it -----------------------------------------------

    def _calm(self) -> Calm:
        """Bring everything into step; returns which entry is where at each endpoint."""
        self._settle()
        self._reprieved = []
        return {
            name: {path: provider.entry(path).id for path in provider.tree()}
            for name, provider in self.world.providers.items()
        }

    def _reprieve(self, calm: Calm) -> None:
        """Count as alive what was deleted at one endpoint and moved at another, since the calm.

        A move of a folder that was deleted elsewhere counts for all that was deleted with it.
        """
        providers = self.world.providers
        now = {name: self._standing(name) for name in providers}
        trees = {name: provider.tree() for name, provider in providers.items()}

        def lost(name: str, path: str) -> bool:
            if calm[name][path] in now[name] or self._is_there(trees[name], path):
                return False
            above, _, called = path.rpartition("/")
            folder = calm[name].get(above, ROOT_ENTRY)  # wherever that is by now
            inside = [each[1] for each in now[name].values() if each[0] == folder]
            return not self._is_there(inside, called)

        first = next(iter(calm))
        if any(calm[name].keys() != calm[first].keys() for name in calm):
            return  # a filter keeps them apart
        for path in calm[first]:
            holders = [name for name in calm if calm[name][path] in now[name]]
            losers = [name for name in calm if lost(name, path)]
            if not losers or len(holders) + len(losers) < len(calm):
                continue
            contents = {name: self._content(name, calm[name][path]) for name in holders}
            if len(set(contents.values())) != 1 or None in contents.values():
                continue
            marks: list[Mark] = []
            for name in holders:
                above = path
                while above and (above == path or all(lost(each, above) for each in losers)):
                    folder, _, called = above.rpartition("/")
                    at = calm[name].get(above, "")
                    marks.append((name, at, calm[name].get(folder, ROOT_ENTRY), called))
                    above = folder
            if self._is_any_elsewhere(marks):
                spared = tokens(contents[holders[0]] or b"") - self.people.alive
                self.people.alive |= spared
                self._reprieved.append((marks, [(each, path) for each in losers], spared))

    def _is_there(self, names: Collection[str], wanted: str) -> bool:
        """Say whether something is called so, or in another case where that cannot stand beside."""
        traits = [each.traits for each in self.world.providers.values()]
        return wanted in names or any(
            folded(each, trait) == folded(wanted, trait) for each in names for trait in traits
        )

    def _is_any_elsewhere(self, marks: list[Mark]) -> bool:
        """Say whether any of these entries is there, and was moved."""
        now = {name: self._standing(name) for name in self.world.providers}
        return any(
            at in now[name] and now[name][at][:2] != (parent, called)
            for name, at, parent, called in marks
        )

    def _act(self, name: str, deeds: Sequence[str] = DEEDS) -> None:
        """Let people act; what they move back, or replace, before that is heard of is deleted."""
        super()._act(name, deeds)
        for reprieve in list(self._reprieved):
            marks, deleted, lines = reprieve
            made_anew = any(
                self._is_there(self.world.providers[each].tree(), path) for each, path in deleted
            )
            if made_anew or not self._is_any_elsewhere(marks):
                self._reprieved.remove(reprieve)
                self.people.alive -= lines
