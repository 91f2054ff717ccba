"""Deterministic trees of files to be kept in step, and what is told about them afterwards."""

import os
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import xxhash

TOPS = 20  # top folders, each with 5 % of the files
TRASH = ".syncoxiders-trash"
LONG_AGO = 1_600_000_000  # modified times, in seconds: no tool has to doubt them
LATER = LONG_AGO + 31_234_567  # unison takes times for equal that are close, or an hour apart
BLOCK = 1 << 20


class Shape(msgspec.Struct, frozen=True):
    """A tree: so many files of ``smallest`` to ``largest`` bytes."""

    files: int
    smallest: int
    largest: int

    def __str__(self) -> str:
        if self.smallest == self.largest:
            return f"{self.files:,} x {self.largest / 1e6:,.0f} MB"
        return f"{self.files:,} small files"

    @property
    def small(self) -> bool:
        return self.largest < BLOCK

    @property
    def room(self) -> int:
        """About how many bytes one such tree takes on a file system."""
        return self.files * ((self.smallest + self.largest) // 2 + 4096)


class File(msgspec.Struct, frozen=True, gc=False):
    """One file as it was found. The inode tells a file that was moved from one written anew."""

    size: int
    digest: str
    inode: int


Files = dict[str, File]


def make(root: Path, shape: Shape) -> Files:
    """Make the tree in an empty folder."""
    files: Files = {}
    per_top = -(-shape.files // TOPS)
    for number in range(shape.files):
        top, rest = divmod(number, per_top)
        folder = f"{top:02}/{rest // 100:03}"
        if rest % 100 == 0:
            (root / folder).mkdir(parents=True)
        path = f"{folder}/{number:06}.dat"
        size = random.Random(number).randint(shape.smallest, shape.largest)
        files[path] = _write(root / path, size, number, LONG_AGO + number)
    return files


def change(root: Path, shape: Shape, files: Files) -> Files:
    """Write 1 % of the files anew, half of them in the same size, and rename one top folder."""
    files = dict(files)
    paths = sorted(files)
    count = max(1, shape.files // 100)
    for number in range(count):
        path = paths[number * len(paths) // count]
        size = files[path].size + (0 if number % 2 == 0 else 50)
        files[path] = _write(root / path, size, shape.files + number, LATER + number)
    top = paths[len(paths) // 2].split("/")[0]
    (root / top).rename(root / f"{top} renamed")
    old, new = f"{top}/", f"{top} renamed/"
    return {
        new + path.removeprefix(old) if path.startswith(old) else path: file
        for path, file in files.items()
    }


def look(root: Path) -> Files:
    """Read the whole tree."""
    return dict(_look(str(root), ""))


def written(before: Files, after: Files) -> list[File]:
    """Return the files whose content was written, not merely moved, between two looks."""
    known = {(file.inode, file.digest) for file in before.values()}
    return [file for file in after.values() if (file.inode, file.digest) not in known]


def difference(expected: Mapping[str, File], found: Mapping[str, File]) -> str:
    """Say how two trees differ in content, in a few words; ``""`` if they do not."""
    wrong = sorted(
        path
        for path in expected.keys() | found.keys()
        if path not in expected or path not in found or expected[path].digest != found[path].digest
    )
    return f"{len(wrong)} paths differ, such as {wrong[0]!r}" if wrong else ""


def _write(path: Path, size: int, seed: int, mtime: int) -> File:
    digest = xxhash.xxh3_128()
    noise = random.Random(seed).randbytes(min(size, BLOCK))
    with path.open("wb") as file:
        for start in range(0, size, BLOCK):
            block = start.to_bytes(8) + noise if start else noise  # no two blocks are equal
            block = block[: min(BLOCK, size - start)]
            digest.update(block)
            file.write(block)
    os.utime(path, (mtime, mtime))
    return File(size, digest.hexdigest(), path.stat().st_ino)


def _look(folder: str, prefix: str) -> Iterator[tuple[str, File]]:
    with os.scandir(folder) as items:
        for item in items:
            if item.is_dir(follow_symlinks=False):
                if prefix or item.name != TRASH:
                    yield from _look(item.path, f"{prefix}{item.name}/")
                continue
            digest = xxhash.xxh3_128()
            with open(item.path, "rb", buffering=0) as file:  # noqa: PTH123 -- 100,000 times
                while block := file.read(BLOCK):
                    digest.update(block)
            size = item.stat(follow_symlinks=False).st_size
            yield prefix + item.name, File(size, digest.hexdigest(), item.inode())
