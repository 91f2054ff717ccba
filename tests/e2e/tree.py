"""Random trees, the hands of people who work in them, and what must not get lost.

Every content that is ever written is unique, so that its digest stands for one act of writing.
:class:`Person` keeps account of them: a content is *owed* from when it is written until a person
deletes it, or writes over it, in one of the places where it stands.
"""

import hashlib
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

NAMES = (
    "notes",
    "a b",
    "-rf",
    "Übung",
    "報告",
    "e\u0301t\u00e9",
    "x.tar.gz",
    ".hidden",
    "q?*",
    "n\nl",
)
TRASH = ".syncoxiders-trash"
TEMPORARY = ".syncoxiders-tmp-"
FOLDER = "folder"


def walk(root: Path) -> Iterator[Path]:
    """Yield all that stands below a root in order of name, without the trash."""
    for path in sorted(root.iterdir()):
        if path.parent == root and path.name == TRASH:
            continue
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from walk(path)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fingerprint(root: Path) -> dict[str, str]:
    """Return what a person sees: each path with the digest of its content, or ``folder``.

    An executable file's digest is marked.
    """
    seen = {}
    for path in walk(root):
        if path.is_dir():
            seen[str(path.relative_to(root))] = FOLDER
        else:
            executable = "x " if path.stat().st_mode & 0o100 else ""
            seen[str(path.relative_to(root))] = executable + digest(path)
    return seen


def stamps(root: Path) -> dict[str, tuple[int, int, int]]:
    """Return what would tell that anything at all was touched: inodes and times of change."""
    told = {}
    for path in walk(root):
        stat = path.lstat()
        told[str(path.relative_to(root))] = (stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns)
    return told


class Person:
    """Makes and edits trees in a folder, all choices drawn from one source of randomness."""

    def __init__(self, choose: random.Random, folder: Path) -> None:
        self._choose = choose
        self._base = folder
        self.written: set[str] = set()  # the digests of all contents that there ever were
        self.owed: dict[str, str] = {}  # digest -> where it was written
        self.done: list[str] = []  # a history to read when something went wrong

    def plant(self, root: Path, files: int) -> None:
        """Make a tree of about so many files, a few of them large, in folders up to four deep."""
        folders = [root]
        for _ in range(max(1, files // 8)):
            parent = self._choose.choice(folders)
            if len(parent.relative_to(root).parts) < 4:
                folders.append(self._free(parent))
                folders[-1].mkdir()
        for _ in range(files):
            self._write(self._free(self._choose.choice(folders)))

    def work(self, root: Path, steps: int) -> None:
        """Do so many random things in a tree, as far as it has anything to do them with."""
        verbs = (
            (self._new, 4),
            (self._edit, 5),
            (self._save, 3),
            (self._delete, 3),
            (self._delete_folder, 1),
            (self._rename, 3),
            (self._move, 3),
            (self._make_folder, 2),
            (self._mark, 1),
        )
        for _ in range(steps):
            (verb,) = self._choose.choices(
                [verb for verb, _ in verbs], [weight for _, weight in verbs]
            )
            verb(root)

    def _new(self, root: Path) -> None:
        self._write(self._free(self._folder(root)))

    def _edit(self, root: Path) -> None:
        if path := self._file(root):
            self._forget(path)
            self._write(path)

    def _save(self, root: Path) -> None:
        """Save as many editors do: write beside, then rename over."""
        if path := self._file(root):
            beside = self._free(path.parent)
            self._write(beside)
            self._forget(path)
            beside.replace(path)
            self._note("save", beside, path)

    def _delete(self, root: Path) -> None:
        if path := self._file(root):
            self._forget(path)
            path.unlink()
            self._note("delete", path)

    def _delete_folder(self, root: Path) -> None:
        path = self._folder(root)
        if path != root and len(list(walk(path))) <= 20:
            for inner in walk(path):
                if not inner.is_dir():
                    self._forget(inner)
            shutil.rmtree(path)
            self._note("delete", path)

    def _rename(self, root: Path) -> None:
        path = self._any(root)
        if path:
            self._to(path, self._free(path.parent))

    def _move(self, root: Path) -> None:
        path, folder = self._any(root), self._folder(root)
        if path and path != folder and path not in folder.parents:
            self._to(path, self._free(folder))

    def _to(self, path: Path, place: Path) -> None:
        path.rename(place)
        self._note("move", path, place)

    def _make_folder(self, root: Path) -> None:
        path = self._free(self._folder(root))
        path.mkdir()
        self._note("make folder", path)

    def _mark(self, root: Path) -> None:
        if path := self._file(root):
            path.chmod(path.stat().st_mode ^ 0o100)
            self._note("chmod", path)

    def _write(self, path: Path) -> None:
        size = self._choose.choice((0, 30, 300, 3_000, 30_000) * 4 + (3_000_000,))
        content = f"{len(self.written)}\n".encode() + self._choose.randbytes(size)
        path.write_bytes(content)
        self._note(f"write {len(self.written)}", path)
        known = hashlib.sha256(content).hexdigest()
        self.written.add(known)
        self.owed[known] = self._short(path)

    def _forget(self, path: Path) -> None:
        """Account for a content that is about to be destroyed by the person's own hand."""
        self.owed.pop(digest(path), None)

    def _free(self, folder: Path) -> Path:
        """Return a path in the folder where nothing stands."""
        while True:
            name = f"{self._choose.choice(NAMES)}{self._choose.randrange(1000)}"
            if not (folder / name).exists():
                return folder / name

    def _file(self, root: Path) -> Path | None:
        files = [path for path in self._visible(root) if not path.is_dir()]
        return self._choose.choice(files) if files else None

    def _folder(self, root: Path) -> Path:
        return self._choose.choice([root, *(path for path in self._visible(root) if path.is_dir())])

    def _any(self, root: Path) -> Path | None:
        paths = list(self._visible(root))
        return self._choose.choice(paths) if paths else None

    def _visible(self, root: Path) -> Iterator[Path]:
        """Nobody works on what an interrupted run left lying about."""
        return (path for path in walk(root) if not path.name.startswith(TEMPORARY))

    def _note(self, verb: str, *paths: Path) -> None:
        self.done.append(" ".join([verb, *map(self._short, paths)]))

    def _short(self, path: Path) -> str:
        return repr(str(path.relative_to(self._base)))
