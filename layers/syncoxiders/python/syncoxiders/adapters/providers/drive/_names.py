"""Names: Drive's as the engine sees them, and back.

A Drive name may hold anything, ``/`` included, and a folder may hold several entries of one
name. The engine's names hold no ``/`` and are distinct in their folder. Hence two steps.

*Writing out.* What cannot be in a name (``/``, NUL, a name that is ``.`` or ``..``) is written as
a quote and a look-alike, as :mod:`syncoxiders.core.names` does for the names of other endpoints;
:func:`written` and :func:`stored` are inverse to each other, and leave other names alone.

*Telling apart.* Of entries whose names would be equal the oldest keeps the plain name. Every other
is shown under its *twin name*, which ends in digits made of its id: ``report.twin-1a2b3c4d.txt``.
So each name follows from what stands in the folder, and nothing else: listings, point reads, the
feed and the checks before a write agree about it, on every machine, without any memory.

- A file that comes into being beside another of its name is younger: it does not rename what
  was there before, as giving twin names to all of them would.
- A twin keeps its name as long as an older one stands, whatever else comes or goes.
- When the oldest goes, the next one is shown under the plain name, which is the one that it has
  at Drive: the engine sees a rename, and carries it out as one, without a transfer. A memory
  could keep the twin name; but then nothing would stand under the plain name as the engine sees
  it, while a new file there would be a second one at Drive.

A twin name leads back to the plain one (:func:`related`), and to one file by its id. When an entry
is moved under its twin name, that becomes its name at Drive: it is what was asked for.
"""

import hashlib
import re
from collections.abc import Iterable

from syncoxiders.adapters.providers.drive._files import File
from syncoxiders.core.names import QUOTE
from syncoxiders.ports.errors import Refused

MAX_BYTES = 1024
"""Google documents no limit of a name's length; this much any client gets through."""

_LOOKALIKES = {"/": "\N{FULLWIDTH SOLIDUS}", "\0": "\N{SYMBOL FOR NULL}", QUOTE: QUOTE}
_LAST_DOT = "\N{FULLWIDTH FULL STOP}"
_ORIGINALS = {shown: char for char, shown in _LOOKALIKES.items()} | {_LAST_DOT: "."}
_CODE = re.compile(f"{QUOTE}(.?)", re.DOTALL)

_NAMELESS = "Untitled"
"""Under which a file without a name is shown; Drive gives that name itself to new ones."""

_DIGITS = (8, 16, 64)
_TWIN = re.compile(
    r"(?P<stem>.*)\.twin-(?P<digits>[0-9a-f]{8,64})(?P<extension>(?:\.[^.]*)?)", re.DOTALL
)


def check(name: str) -> None:
    """Raise Refused for what is no name, or one that Drive does not hold."""
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        raise Refused(f"{name[:100]!r} is not a name")
    try:
        length = len(name.encode())
    except UnicodeEncodeError as exc:
        raise Refused(f"{name!r} is not valid Unicode, as names at Google Drive are") from exc
    if length > MAX_BYTES:
        raise Refused(f"a name of {length} bytes is too long")


# --- writing out ----------------------------------------------------------------------------


def written(name: str) -> str:
    """Return a name at Drive as the engine sees it."""
    if not name:
        return _NAMELESS
    return _encoded(name) if _needs(name) else name


def stored(name: str) -> str:
    """Return the name at Drive of what the engine sees under a name."""
    decoded = _decoded(name)
    return name if decoded is None else decoded


def _needs(name: str) -> bool:
    return name in {".", ".."} or "/" in name or "\0" in name or _decoded(name) is not None


def _encoded(name: str) -> str:
    text = "".join(QUOTE + _LOOKALIKES[char] if char in _LOOKALIKES else char for char in name)
    return text[:-1] + QUOTE + _LAST_DOT if name in {".", ".."} else text


def _decoded(text: str) -> str | None:
    """Return what a text encodes, None if it is not what :func:`_encoded` makes of a name."""
    if QUOTE not in text:
        return None
    if any(code[1] not in _ORIGINALS for code in _CODE.finditer(text)):
        return None
    name = _CODE.sub(lambda code: _ORIGINALS[code[1]], text)
    return name if _needs(name) and _encoded(name) == text else None


# --- telling apart --------------------------------------------------------------------------


def twin(plain: str, file: File, digits: int = _DIGITS[0]) -> str:
    """Return the twin name of a file of this plain name."""
    stem, dot, extension = plain.rpartition(".")
    if not stem or file.is_folder:
        stem, dot, extension = plain, "", ""
    digest = hashlib.sha256(file.id.encode()).hexdigest()[:digits]
    return f"{stem}.twin-{digest}{dot}{extension}"


def is_twin(name: str, plain: str, file: File) -> bool:
    """Say whether a name is one that the file may have among others of its plain name."""
    return any(name == twin(plain, file, digits) for digits in _DIGITS)


def related(name: str) -> set[str]:
    """Return the plain names of whatever decides what is shown under a name."""
    match = _TWIN.fullmatch(name)
    if match is None:
        return {name}
    stem, digits, extension = match["stem"], match["digits"], match["extension"]
    shorter = {f"{stem}.twin-{digits[:each]}{extension}" for each in _DIGITS if each < len(digits)}
    return {name, stem + extension, *shorter}


def told_apart(entries: Iterable[tuple[File, str]]) -> dict[str, str]:
    """Return, by id, distinct names of what stands in one folder, given plain names."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    twins: list[tuple[File, str]] = []
    for file, plain in sorted(entries, key=lambda each: each[0].age):
        if plain in taken:
            twins.append((file, plain))
        else:
            names[file.id] = plain
            taken.add(plain)
    for file, plain in twins:
        names[file.id] = next(
            each for digits in _DIGITS if (each := twin(plain, file, digits)) not in taken
        )
        taken.add(names[file.id])
    return names
