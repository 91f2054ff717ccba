"""People who work on the endpoints of a simulated sync, and what they may expect of it."""

import random
from collections.abc import Callable, Sequence

from syncoxiders.adapters.memory.provider import MemoryProvider

NAMES = ["a", "b", "c", "A", "n.txt"]
FOLDERS = ["", "d", "e", "d/f", "e/d"]

DEEDS = [
    "write", "write", "edit", "edit", "line", "save", "restore", "rename", "remove", "mkdir",
    "folder", "rmdir", "touch", "chmod", "swap", "copy", "aside", "invert",
]  # fmt: skip

FOREIGN = [*DEEDS, "bring", "bring"]
"""Deeds of people who have folders outside the root as well."""

DOUBLE = [*DEEDS, "double", "double"]
"""Deeds of people whose storage holds several entries of one name."""

EDITS = ["edit", "line", "save", "touch"]
"""Deeds that leave everything at its place."""

Tree = dict[str, bytes | None]


def tokens(content: bytes) -> set[bytes]:
    """Return the lines of a content; each that a person wrote is unique."""
    return set(content.split(b"\n"))


class People:
    """Does random things to providers, and keeps count of what must survive.

    Every line written is unique, save for copies and restored contents. ``alive`` are those that
    nobody overwrote or deleted where they stood; none of them may ever get lost. ``ever`` are
    all contents that were ever written, ``lines`` all lines. ``lengths`` are in how many lines they
    write. ``bars`` says which paths people
    leave alone at an endpoint, and ``crosses`` which renames.
    """

    def __init__(self, rng: random.Random, log: list[str]) -> None:
        self._rng = rng
        self._written = 0
        self._log = log
        self.alive: set[bytes] = set()
        self.ever: set[bytes] = set()
        self.lines: set[bytes] = set()
        self.lengths = [*[1] * 9, 4, 4, 0]
        self._had: dict[str, set[bytes]] = {}
        self.bars: Callable[[MemoryProvider, str], bool]
        self.crosses: Callable[[MemoryProvider, str, str], bool]
        self.heed_nothing()

    def heed_nothing(self) -> None:
        """Let people go anywhere."""
        self.bars = lambda _provider, _path: False
        self.crosses = lambda _provider, _path, _to: False

    def act(self, provider: MemoryProvider, deeds: Sequence[str] = DEEDS) -> None:
        """Do one thing at an endpoint."""
        tree = provider.tree()
        files = sorted(path for path, data in tree.items() if data is not None)
        folders = sorted(path for path, data in tree.items() if data is None)
        match self._rng.choice(deeds):
            case "write":
                self._write(provider, self._path(), tree, self._content())
            case "edit" if files:
                self._write(provider, self._rng.choice(files), tree, self._content())
            case "line" if files:
                self._line(provider, self._rng.choice(files), tree)
            case "save" if files:
                self._save(provider, self._rng.choice(files), tree)
            case "aside" if files:
                self._aside(provider, self._rng.choice(files), tree)
            case "restore" if files and self.ever:
                self._restore(provider, self._rng.choice(files), tree)
            case "rename" if files:
                self._rename(provider, self._rng.choice(files), self._path(), tree)
            case "folder" if folders:
                self._rename(provider, self._rng.choice(folders), self._path(), tree)
            case "remove" if files:
                self._remove(provider, self._rng.choice(files), tree)
            case "rmdir" if folders:
                self._remove(provider, self._rng.choice(folders), tree)
            case "mkdir":
                self._mkdir(provider, self._path(), tree)
            case "double" if files:
                self._double(provider, self._rng.choice(files))
            case "bring":
                self._bring(provider, self._path(), tree)
            case "touch" if files:
                self._touch(provider, self._rng.choice(files), tree)
            case "chmod" if files and provider.traits.keeps_executable:
                path = self._rng.choice(files)
                self._say(provider, f"chmod {path}")
                provider.chmod(path, executable=not provider.entry(path).executable)
            case "swap" if len(files) > 1:
                self._swap(provider, *self._rng.sample(files, 2))
            case "invert" if folders:
                self._invert(provider, self._rng.choice(folders), tree)
            case "copy" if files:
                self._copy(provider, self._rng.choice(files), self._path(), tree)

    def duel(self, one: MemoryProvider, other: MemoryProvider) -> None:
        """Let two who do not know of each other do something with the same file or folder."""
        common = sorted(one.tree().items() & other.tree().items(), key=lambda item: item[0])
        if not common:
            return
        folders = [path for path, data in common if data is None]
        if len(folders) > 1 and self._rng.random() < 0.3:
            left, right = self._rng.sample(folders, 2)
            self._rename(one, left, f"{right}/{self._rng.choice(NAMES)}", one.tree())
            self._rename(other, right, f"{left}/{self._rng.choice(NAMES)}", other.tree())
            return
        path, data = self._rng.choice(common)
        for provider in (one, other):
            if path not in provider.tree():
                return
            if data is None:
                self._deal_with_folder(provider, path)
            else:
                self._deal_with_file(provider, path)

    def _deal_with_folder(self, provider: MemoryProvider, path: str) -> None:
        tree = provider.tree()
        inside = f"{path}/{self._rng.choice(NAMES)}"
        match self._rng.choice(["rename", "into", "fill", "bring", "remove"]):
            case "rename":
                self._rename(provider, path, self._path(), tree)
            case "into":
                others = sorted(each for each, data in tree.items() if data is None)
                to = f"{self._rng.choice(others)}/{self._rng.choice(NAMES)}"
                self._rename(provider, path, to, tree)
            case "fill":
                self._write(provider, inside, tree, self._content())
            case "bring":
                self._rename(provider, self._rng.choice(sorted(tree)), inside, tree)
            case "remove":
                self._remove(provider, path, tree)

    def _deal_with_file(self, provider: MemoryProvider, path: str) -> None:
        tree = provider.tree()
        deeds = ["edit", "line", "save", "aside", "rename", "rename", "remove", "remove", "touch"]
        match self._rng.choice(deeds):
            case "edit":
                self._write(provider, path, tree, self._content())
            case "line":
                self._line(provider, path, tree)
            case "save":
                self._save(provider, path, tree)
            case "aside":
                self._aside(provider, path, tree)
            case "rename":
                self._rename(provider, path, self._path(), tree)
            case "remove":
                self._remove(provider, path, tree)
            case "touch":
                self._touch(provider, path, tree)

    def intrude(self, provider: MemoryProvider, path: str) -> None:
        """Write exactly where somebody else is about to."""
        self._write(provider, path, provider.tree(), self._content())

    def ignore(self, provider: MemoryProvider, path: str, patterns: Sequence[str]) -> None:
        """Write a file of patterns, which a comment tells from any other."""
        lines = [b"# " + self._new_line(), *(each.encode() for each in patterns)]
        self._write(provider, path, provider.tree(), b"\n".join(lines))

    def remove(self, provider: MemoryProvider, path: str) -> None:
        """Remove what stands at a path."""
        self._remove(provider, path, provider.tree())

    def _say(self, provider: MemoryProvider, text: str) -> None:
        self._log.append(f"{provider.name}: {text}")

    def _path(self) -> str:
        folder = self._rng.choice(FOLDERS)
        name = self._rng.choice(NAMES)
        return f"{folder}/{name}" if folder else name

    def _new_line(self) -> bytes:
        self._written += 1
        # some share their size, so that size alone tells nothing
        return b"%06d" % self._written + b"." * self._rng.choice([0, 0, 3])

    def _content(self) -> bytes:
        return b"\n".join(self._new_line() for _ in range(self._rng.choice(self.lengths)))

    def _takes_place(self, path: str, content: bytes, of: bytes | None) -> None:
        """Count what is overwritten: a line that stays was not written by this person."""
        old = set() if of is None else tokens(of)
        new = tokens(content)
        self.alive -= old - new
        self.alive |= new - old
        self.ever.add(content)
        self.lines |= new
        self._had.setdefault(path, set()).add(content)

    def _fits(self, provider: MemoryProvider, path: str, tree: Tree) -> bool:
        """Say whether a file can be written at a path: no file above it, no folder at it."""
        parts = path.split("/")
        above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
        return (
            all(tree.get(each) is None for each in above)
            and not (path in tree and tree[path] is None)
            and not self.bars(provider, path)
        )

    def _at(self, provider: MemoryProvider, path: str, tree: Tree) -> str:
        """Return a path as it is spelled where case does not tell names apart."""
        if not provider.traits.case_insensitive:
            return path
        found = ""
        for name in path.split("/"):
            wanted = f"{found}/{name}" if found else name
            found = next((each for each in tree if each.lower() == wanted.lower()), wanted)
        return found

    def _write(self, provider: MemoryProvider, path: str, tree: Tree, content: bytes) -> None:
        path = self._at(provider, path, tree)
        if not self._fits(provider, path, tree):
            return
        self._say(provider, f"write {path} = {content!r}")
        self._takes_place(path, content, tree.get(path))
        provider.write(path, content)

    def _restore(self, provider: MemoryProvider, path: str, tree: Tree) -> None:
        """Write an old content again.

        It may be what base has: then nobody can tell, and no more is expected than before.
        """
        before = set(self.alive)
        self._write(provider, path, tree, self._rng.choice(sorted(self.ever)))
        self.alive &= before

    def _touch(self, provider: MemoryProvider, path: str, tree: Tree) -> None:
        self._say(provider, f"touch {path}")
        provider.write(path, tree[path] or b"")

    def _line(self, provider: MemoryProvider, path: str, tree: Tree) -> None:
        """Edit one line of a text, as two people may do without a conflict."""
        lines = (tree[path] or b"").split(b"\n")
        lines[self._rng.randrange(len(lines))] = self._new_line()
        self._write(provider, path, tree, b"\n".join(lines))

    def _save(self, provider: MemoryProvider, path: str, tree: Tree) -> None:
        content = self._content()
        self._say(provider, f"save {path} = {content!r}")
        self._takes_place(path, content, tree.get(path))
        provider.replace(path, content)

    def _aside(self, provider: MemoryProvider, path: str, tree: Tree) -> None:
        """Save as editors do that keep what was there under a name of its own."""
        if self._at(provider, f"{path}~", tree) in tree or self.crosses(provider, path, f"{path}~"):
            return
        content = self._content()
        self._say(provider, f"set aside {path}, write {content!r}")
        provider.rename(path, f"{path}~")
        self._takes_place(path, content, provider.tree().get(path))
        provider.write(path, content)

    def _copy(self, provider: MemoryProvider, path: str, to: str, tree: Tree) -> None:
        data, to = tree[path], self._at(provider, to, tree)
        if data is None or not self._fits(provider, to, tree) or path == to:
            return
        self._say(provider, f"copy {path} -> {to}")
        self.alive -= tokens(tree.get(to) or b"") - tokens(data)
        provider.write(to, data)

    def _rename(self, provider: MemoryProvider, path: str, to: str, tree: Tree) -> None:
        spelled = self._at(provider, to, tree)
        if spelled == path:  # at most its case changes
            spelled = path[: path.rfind("/") + 1] + to.rpartition("/")[2]
        to = spelled
        if (
            to in tree
            or not self._fits(provider, to, tree)
            or f"{to}/".startswith(f"{path}/")
            or self.crosses(provider, path, to)
        ):
            return
        self._say(provider, f"rename {path} -> {to}")
        provider.rename(path, to)
        self._comes_back(provider, to, tree[path])

    def _swap(self, provider: MemoryProvider, left: str, right: str) -> None:
        if max(provider.namesakes(left), provider.namesakes(right)) > 1:
            return
        if self.crosses(provider, left, right) or self.crosses(provider, right, left):
            return
        self._say(provider, f"swap {left} {right}")
        folder = left.rpartition("/")[0]
        passing = f"{folder}/passing" if folder else "passing"
        provider.rename(left, passing)
        provider.rename(right, left)
        provider.rename(passing, right)
        tree = provider.tree()
        for path in (left, right):
            self._comes_back(provider, path, tree[path])

    def _comes_back(self, provider: MemoryProvider, path: str, content: bytes | None) -> None:
        """Count what was moved to where it had stood before, where no id tells that it was moved.

        It looks like an old copy then, as if it had been restored.
        """
        by_path = not provider.traits.stable_ids
        if content is not None and by_path and content in self._had.get(path, ()):
            self.alive -= tokens(content)

    def _invert(self, provider: MemoryProvider, path: str, tree: Tree) -> None:
        """Let a folder change places with one in it."""
        inner = sorted(
            each
            for each, data in tree.items()
            if data is None
            and each.startswith(f"{path}/")
            and each.count("/") == path.count("/") + 1
        )
        if not inner or "passing" in tree or self.crosses(provider, path, f"{path}.x"):
            return
        below = f"passing/{path.rpartition('/')[2]}"
        if any(each.startswith(f"{inner[0]}/{path.rpartition('/')[2]}") for each in tree):
            return
        if self.crosses(provider, inner[0], path):
            return
        self._say(provider, f"invert {inner[0]}")
        provider.rename(inner[0], "passing")
        provider.rename(path, below)
        provider.rename("passing", path)

    def _remove(self, provider: MemoryProvider, path: str, tree: Tree) -> None:
        self._say(provider, f"remove {path}")
        for each, content in tree.items():
            if content is not None and (each == path or each.startswith(f"{path}/")):
                self.alive -= tokens(content)
        provider.remove(path)

    def _mkdir(self, provider: MemoryProvider, path: str, tree: Tree) -> None:
        path = self._at(provider, path, tree)
        if path in tree or not self._fits(provider, path, tree):
            return
        self._say(provider, f"mkdir {path}")
        provider.mkdir(path)

    def _bring(self, provider: MemoryProvider, path: str, tree: Tree) -> None:
        path = self._at(provider, path, tree)
        if path in tree or not self._fits(provider, path, tree):
            return
        places = self._rng.sample(["a", "b", "d/a", "d/e/b"], 2)
        content = {each: self._content() for each in places}
        self._say(provider, f"bring {path} with {content}")
        for each, data in content.items():
            self._takes_place(f"{path}/{each}", data, None)
        provider.bring(path, content)

    def _double(self, provider: MemoryProvider, path: str) -> None:
        content = self._content()
        self._takes_place(path, content, None)
        entry = provider.add(path, content)
        self._say(provider, f"write another {path} = {content!r}, shown as {entry.name}")
