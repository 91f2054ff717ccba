"""The folder in which a process keeps bases, and how they are packed."""

import os
import shutil
import tempfile
from pathlib import Path

import zstandard

_NAME = "syncoxiders-index-"
_LEVEL = 3
_ROOM, _MOST = 0.75, 8 << 30


def working_folder() -> Path:
    """Return a new folder; those of processes that are dead are removed."""
    above = Path(tempfile.gettempdir())
    for old in above.glob(f"{_NAME}*"):
        number = old.name.removeprefix(_NAME).partition("-")[0]
        if number.isdigit() and not _lives(int(number)):
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_NAME}{os.getpid()}-", dir=above))


def room(folder: Path) -> int:
    """Return how many bytes of bases may lie in a folder."""
    return min(int(shutil.disk_usage(folder).total * _ROOM), _MOST)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def pack(source: Path, target: Path) -> None:
    """Compress a file."""
    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    with source.open("rb") as read, target.open("wb") as written:
        compressor.copy_stream(read, written, size=source.stat().st_size)


def unpack(source: Path, target: Path) -> bool:
    """Decompress a file; False if it is damaged."""
    size = target_size(source)
    if size is None:
        return False
    try:
        with source.open("rb") as read, target.open("wb") as written:
            zstandard.ZstdDecompressor().copy_stream(read, written)
    except zstandard.ZstdError:
        return False
    return target.stat().st_size == size


def target_size(source: Path) -> int | None:
    """Return how long a compressed file is decompressed, None if it is damaged."""
    with source.open("rb") as read:
        beginning = read.read(18)
    try:
        size = zstandard.frame_content_size(beginning)
    except zstandard.ZstdError:
        return None
    return size if size >= 0 else None
