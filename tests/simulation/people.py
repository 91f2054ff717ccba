"""People who work on the endpoints of a simulated sync, and what they may expect of it."""

import random

from syncoxiders.adapters.memory.provider import MemoryProvider

NAMES = ["a", "b", "c", "A", "n.txt"]
FOLDERS = ["", "d", "e", "d/f", "e/d"]


class People:
    """Does random things to providers, and keeps count of what must survive.

    Every content written is unique. ``alive`` are those that nobody overwrote or deleted where
    they stood; none of them may ever get lost.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._written = 0
        self.alive: set[bytes] = set()
        self.log: list[str] = []

    def act(self, provider: MemoryProvider) -> None:
        """Do one thing at an endpoint."""
        tree = provider.tree()
        files = sorted(path for path, data in tree.items() if data is not None)
        folders = sorted(path for path, data in tree.items() if data is None)
        deeds = ["write", "write", "edit", "edit", "save", "rename", "remove", "mkdir", "folder",
                 "rmdir", "touch", "chmod", "swap", "copy"]  # fmt: skip
        deed = self._rng.choice(deeds)
        match deed:
            case "write":
                self._write(provider, self._path(), tree)
            case "edit" if files:
                self._write(provider, self._rng.choice(files), tree)
            case "save" if files:
                self._save(provider, self._rng.choice(files), tree)
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
            case "touch" if files:
                path = self._rng.choice(files)
                self._say(provider, f"touch {path}")
                data = tree[path]
                provider.write(path, data if data is not None else b"")
            case "chmod" if files and provider.traits.keeps_executable:
                path = self._rng.choice(files)
                self._say(provider, f"chmod {path}")
                executable = not provider.entry(path).executable
                provider.chmod(path, executable=executable)
            case "swap" if len(files) > 1:
                self._swap(provider, *self._rng.sample(files, 2))
            case "copy" if files:
                self._copy(provider, self._rng.choice(files), self._path(), tree)

    def _say(self, provider: MemoryProvider, text: str) -> None:
        self.log.append(f"{provider.name}: {text}")

    def _path(self) -> str:
        folder = self._rng.choice(FOLDERS)
        name = self._rng.choice(NAMES)
        return f"{folder}/{name}" if folder else name

    def _content(self) -> bytes:
        self._written += 1
        # some share their size, so that size alone tells nothing
        return b"%06d" % self._written + b"." * self._rng.choice([0, 0, 3])

    def _ends(self, content: bytes | None) -> None:
        if content is not None:
            self.alive.discard(content)

    def _fits(self, path: str, tree: dict[str, bytes | None], provider: MemoryProvider) -> bool:
        """Say whether a path can be written: no file above it, no folder at it."""
        del provider
        parts = path.split("/")
        above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
        return all(tree.get(each) is None for each in above) and not (
            path in tree and tree[path] is None
        )

    def _write(self, provider: MemoryProvider, path: str, tree: dict[str, bytes | None]) -> None:
        if not self._fits(path, tree, provider):
            return
        content = self._content()
        self._say(provider, f"write {path} = {content!r}")
        self._ends(tree.get(path))
        provider.write(path, content)
        self.alive.add(content)

    def _save(self, provider: MemoryProvider, path: str, tree: dict[str, bytes | None]) -> None:
        content = self._content()
        self._say(provider, f"save {path} = {content!r}")
        self._ends(tree.get(path))
        provider.replace(path, content)
        self.alive.add(content)

    def _copy(
        self, provider: MemoryProvider, path: str, to: str, tree: dict[str, bytes | None]
    ) -> None:
        data = tree[path]
        if data is None or not self._fits(to, tree, provider) or path == to:
            return
        self._say(provider, f"copy {path} -> {to}")
        if tree.get(to) != data:
            self._ends(tree.get(to))
        provider.write(to, data)

    def _rename(
        self, provider: MemoryProvider, path: str, to: str, tree: dict[str, bytes | None]
    ) -> None:
        if to in tree or not self._fits(to, tree, provider) or f"{to}/".startswith(f"{path}/"):
            return
        self._say(provider, f"rename {path} -> {to}")
        provider.rename(path, to)

    def _swap(self, provider: MemoryProvider, left: str, right: str) -> None:
        self._say(provider, f"swap {left} {right}")
        folder = left.rpartition("/")[0]
        passing = f"{folder}/passing" if folder else "passing"
        provider.rename(left, passing)
        provider.rename(right, left)
        provider.rename(passing, right)

    def _remove(self, provider: MemoryProvider, path: str, tree: dict[str, bytes | None]) -> None:
        self._say(provider, f"remove {path}")
        for each, content in tree.items():
            if each == path or each.startswith(f"{path}/"):
                self._ends(content)
        provider.remove(path)

    def _mkdir(self, provider: MemoryProvider, path: str, tree: dict[str, bytes | None]) -> None:
        if path in tree or not self._fits(path, tree, provider):
            return
        self._say(provider, f"mkdir {path}")
        provider.mkdir(path)
