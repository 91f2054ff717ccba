"""Zip archives whose bytes depend on the names and bytes in them and on nothing else."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o100644 << 16


def write(target: Path, files: Iterable[tuple[str, Path]]) -> None:
    """Write an archive of files, each under a name; it is whole, or not there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, source in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = _READABLE
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, source.read_bytes())
    part.replace(target)


def below(folder: Path, prefix: str) -> Iterable[tuple[str, Path]]:
    """Yield the files below a folder under names that begin with the prefix."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if path.is_file():
            yield f"{prefix}/{name.as_posix()}", path


def unzipped(target: Path) -> int:
    """Return how many bytes an archive holds."""
    with zipfile.ZipFile(target) as archive:
        return sum(entry.file_size for entry in archive.infolist())
