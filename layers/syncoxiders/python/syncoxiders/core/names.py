"""Names: the key under which they are looked up, forced renames, and mapping to an endpoint.

A *name* here is what the engine calls an entry: text as a file system yields it, in which bytes
that are not UTF-8 stand as surrogate escapes (U+DC80 to U+DCFF). It is never empty, ``.`` or
``..``, and holds neither ``/`` nor NUL; a provider that allows those presents them mapped.
"""

import functools
import hashlib
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from syncoxiders.core.model import Traits


def key(name: str) -> str:
    """Return the form under which names that may collide anywhere are equal.

    It folds case and Unicode form, so it over-matches on purpose: it finds candidates, and the
    caller compares exactly.
    """
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


# --- forced renames -------------------------------------------------------------------------

MIN_ROOM = 100
"""The least ``max_bytes`` that leaves a conflict name something of its stem."""

_LABEL_BYTES = 40
_SUFFIX_BYTES = 20
_DIGEST = 8
_ATTEMPTS = 4
_ALLOCATED = re.compile(rf"(?<=.)-[0-9a-f]{{{_DIGEST}}}\Z", re.DOTALL)

# What a program goes by when it opens a file. `.tar` stays with its compression.
_EXTENSION = re.compile(
    r"(?:\.tar\.(?:br|bz2|gz|lz|lz4|lzma|lzo|xz|z|zst)|\.[^.\s]+)\Z", re.IGNORECASE
)
_MOVING = ".moving-"
_PASSING = re.compile(rf"{re.escape(_MOVING)}([0-9]{{1,20}})(?:-[0-9]+)?\Z")

_CONFLICT = re.compile(
    r"(?P<stem>.+)\.conflict-[^.\s/]+-[0-9]{8}-[0-9]{6}(?:-[0-9a-f]{1,8})?(?P<suffix>(?:\..+)?)\Z",
    re.DOTALL,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MIN, _MAX = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def conflict_name(
    name: str, label: str, mtime_ns: int, digest: str = "", *, max_bytes: int = 255
) -> str:
    """Return the name of a conflict's kept loser: ``name.conflict-<label>-<date>.ext``.

    The date is ``mtime_ns`` in UTC to the second, ``YYYYMMDD-HHMMSS``; an instant outside the
    years 1 to 9999 becomes the nearest one inside. ``digest`` is the content's hash in hex, of
    which the first eight digits are added: the caller gives it when the name is taken. Raises
    ValueError if it is something else.

    The extension is kept, so that the copy opens with the same program: ``a.tar.gz`` becomes
    ``a.conflict-….tar.gz`` and ``.bashrc`` becomes ``.bashrc.conflict-…``. Of a name that is a
    conflict name already the old suffix is replaced. The stem is cut, at a character, so that
    all of it fits in ``max_bytes`` of UTF-8. A limit under :data:`MIN_ROOM` counts as that, and
    is left to :func:`local_name`.
    """
    if digest and not re.fullmatch(r"[0-9a-f]+", digest):
        raise ValueError(f"a digest is written in hexadecimal digits, not {digest!r}")
    tag = "-".join(filter(None, (_label(label), _date(mtime_ns), digest[:_DIGEST])))
    stem, extension = _parted(name)
    return _fit(stem, f".conflict-{tag}{extension}", max(max_bytes, MIN_ROOM))


def is_conflict_name(name: str) -> bool:
    """Say whether a name has the form that :func:`conflict_name` gives."""
    return _CONFLICT.match(name) is not None


def passing_name(name: str, node: int, number: int = 0) -> str:
    """Return the name under which a node stands aside for a moment, to let others pass."""
    return f"{name[:40]}{_MOVING}{node}" + (f"-{number}" if number else "")


def passing_node(name: str) -> int | None:
    """Return the node that stands aside under a name, None if it is not a :func:`passing_name`."""
    found = _PASSING.search(name) if _MOVING in name else None
    return int(found[1]) if found is not None else None


def original_name(name: str) -> str | None:
    """Return the name that a conflict name was made from, as far as its stem was not cut.

    Returns None for what is not a conflict name.
    """
    original = None
    while match := _CONFLICT.match(original or name):
        original = match["stem"] + match["suffix"]
    return original


def sibling_name(name: str, n: int, *, max_bytes: int = 255) -> str:
    """Return ``name (n).ext``: the name of what has to make room for another entry.

    A file that meets a folder at the same place is renamed so. The stem is cut as in
    :func:`conflict_name`.
    """
    stem, extension = _split(name)
    return _fit(stem, f" ({n}){extension}", max_bytes)


def _parted(name: str) -> tuple[str, str]:
    """Split off the extension, of a conflict name as it was split when that was made.

    Its stem may have been cut since, so that what was too long for an extension looks like one.
    """
    parts = None
    while match := _CONFLICT.match(name):
        parts = match["stem"], match["suffix"]
        name = "".join(parts)
    return parts if parts and _size(parts[1]) <= _SUFFIX_BYTES else _split(name)


def _split(name: str) -> tuple[str, str]:
    """Split off the extension; what is too long to be one belongs to the stem."""
    match = _EXTENSION.search(name, 1)
    # Dots alone before it are a dotfile's, which has no extension.
    if match is None or not name[: match.start()].strip(".") or _size(match[0]) > _SUFFIX_BYTES:
        return name, ""
    return name[: match.start()], match[0]


def _label(label: str) -> str:
    """Return a label of letters, digits, ``_`` and ``-`` alone, which is never empty."""
    clean = "".join(
        char if char in "_-" or unicodedata.category(char)[0] in "LMN" else "-"
        for char in unicodedata.normalize("NFC", label)
    )
    return _cut(clean, _LABEL_BYTES).strip("-") or "copy"


def _date(mtime_ns: int) -> str:
    try:
        moment = _EPOCH + timedelta(seconds=mtime_ns // 1_000_000_000)
    except OverflowError:
        moment = _MAX if mtime_ns > 0 else _MIN
    # strftime("%Y") does not pad the year everywhere.
    return f"{moment.year:04}{moment:%m%d-%H%M%S}"


def _size(name: str) -> int:
    """Return the length in UTF-8, in which an escaped byte counts one."""
    return len(name) if name.isascii() else len(name.encode("utf-8", "surrogateescape"))


def _cut(text: str, room: int) -> str:
    """Return the longest beginning of a text that fits."""
    text = text[: max(room, 0)]
    while _size(text) > room:
        text = text[:-1]
    return text


def _fit(stem: str, suffix: str, max_bytes: int) -> str:
    return _cut(stem, max_bytes - _size(suffix)) + suffix


# --- mapping to an endpoint -----------------------------------------------------------------
#
# A character that cannot stand at an endpoint is written as a quote and a look-alike: rclone's
# quote, full-width forms and control pictures. There, only what is meant literally is quoted;
# here every replacement is, so that a name that has full-width characters of its own (a colon in
# a Japanese title) is left alone everywhere.
#
# Let E(x) be x with each quote doubled and each character that cannot stand replaced, and D its
# inverse (partial: not every text is some E(x)). Then
#
#   coded(l)      = D(l) is defined, E(D(l)) = l, and needs(D(l))
#   needs(x)      = x is not legal, or coded(x)
#   local_name(x) = E(x) if needs(x) else x
#   true_name(l)  = D(l) if coded(l) else l
#
# is a bijection between the names and the names that are legal at the endpoint, length aside:
# if needs(x) then coded(E(x)), so x comes back; if not, then not coded(x), so it stays. The
# recursion ends, since E(x) is longer than x whenever needs(x).

# No endpoint's `forbidden` may list the quote, a full-width form, a control picture or a letter.
QUOTE = "\N{SINGLE HIGH-REVERSED-9 QUOTATION MARK}"

_FULL_WIDTH = 0xFEE0
_PICTURES = 0x2400
_CODE = re.compile(
    f"{QUOTE}(?:(?P<self>{QUOTE})|(?P<full>[\uff01-\uff5e])|(?P<picture>[\u2400-\u2421])"
    "|(?P<byte>[89A-F][0-9A-F])|x(?P<point>[0-9A-F]{6}))?"
)
_ESCAPED = re.compile("[\udc80-\udcff]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_NEVER = re.compile("[/\0]|[\ud800-\udc7f]|[\udd00-\udfff]")


def legal(name: str, traits: Traits) -> bool:
    """Say whether a name can stand at an endpoint as it is, were it alone there."""
    return not _illegal(name, traits) and _size(name) <= traits.max_name


def folded(name: str, traits: Traits) -> str:
    """Return the form under which two siblings collide at an endpoint.

    It is the name itself where case and Unicode form tell names apart. Case is folded fully, so
    that a few pairs which some endpoint could hold (``ß`` and ``ss``) count as one.
    """
    if name.isascii():
        return name.lower() if traits.case_insensitive else name
    if traits.normalizing:
        return key(name) if traits.case_insensitive else unicodedata.normalize("NFC", name)
    return name.casefold() if traits.case_insensitive else name


def local_name(name: str, traits: Traits, taken: Callable[[str], bool]) -> str:
    """Return the legal name under which ``name`` stands at an endpoint.

    A legal name is left as it is, unless it looks as if it had been mapped. What cannot stand
    is replaced so that :func:`true_name` finds the name again.

    Where the result would be too long, or is ``taken``, a name with a short hash is allocated:
    ``stem-1a2b3c4d.ext``. :func:`true_name` cannot see through that, so the caller remembers
    it (base does, in the replica). It depends on ``name`` alone as long as it is not taken
    itself; so a first contact may recognise it by making it again.

    ``taken`` is asked about names in the endpoint's own terms, and says whether another entry
    of the same folder there collides, which :func:`folded` decides.
    """
    local = _encoded(name, traits) if _needs(name, traits) else name
    if _size(local) <= traits.max_name and not taken(local):
        return local
    return next(each for each in _allocations(local, name, traits) if not taken(each))


def _allocations(local: str, name: str, traits: Traits) -> Iterator[str]:
    stem, extension = _split(local)
    for attempt in itertools.count():
        digest = hashlib.sha256(f"{attempt}/{name}".encode("utf-8", "surrogatepass")).hexdigest()
        yield _fit(stem, f"-{digest[:_DIGEST]}{extension}", traits.max_name)


def allocated_for(local: str, traits: Traits) -> str | None:
    """Return the name for which ``local`` was allocated, None if it does not look so.

    A name that had to be cut is not found again.
    """
    if "-" not in local:
        return None
    for stem, extension in (_split(local), (local, "")):  # a last dot may have been no extension's
        match = _ALLOCATED.search(stem)
        if match is not None:
            plain = f"{stem[: match.start()]}{extension}"
            name = true_name(plain, traits)
            if local in itertools.islice(_allocations(plain, name, traits), _ATTEMPTS):
                return name
    return None


def true_name(local: str, traits: Traits) -> str:
    """Return the name that stands at an endpoint as ``local``, where that was not allocated.

    It is the inverse of :func:`local_name`. A name that some person or program chose there comes
    back as it is, unless it is exactly what that function would have made.
    """
    decoded = _decoded(local, traits)
    return local if decoded is None else decoded


def _needs(name: str, traits: Traits) -> bool:
    return _illegal(name, traits) or _decoded(name, traits) is not None


def _illegal(name: str, traits: Traits) -> bool:
    """Say whether a name cannot stand at an endpoint, whatever its length."""
    return (
        not _possible(name)
        or _forbidden(traits.forbidden).search(name) is not None
        or name[0] in traits.leading
        or (traits.trims and name[-1] in ". ")
        or (bool(traits.reserved) and _is_reserved(name, traits.reserved))
        or (traits.bmp_only and _ASTRAL.search(name) is not None)
        or not (name.isascii() or traits.accepts_any_bytes or _ESCAPED.search(name) is None)
    )


def _possible(name: str) -> bool:
    """Say whether a text is a name at all, in the sense of this module."""
    if name in ("", ".", "..") or _NEVER.search(name):
        return False
    if name.isascii() or not _ESCAPED.search(name):
        return True
    # Escapes that together are UTF-8 would come back as the character.
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape") == name


@functools.lru_cache(maxsize=64)
def _forbidden(chars: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(chars)}]" if chars else r"(?!)")


def _is_reserved(name: str, reserved: tuple[str, ...]) -> bool:
    """Say whether a name, or what precedes its first dot, is reserved in any case."""
    names = _reserved(reserved)
    return name.casefold() in names or name.split(".", 1)[0].rstrip(" ").casefold() in names


@functools.lru_cache(maxsize=64)
def _reserved(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.casefold() for name in names)


def _encoded(name: str, traits: Traits) -> str:
    """Return E(name)."""
    last = len(name) - 1
    trimmed = traits.trims or name in (".", "..")
    reserved = _is_reserved(name, traits.reserved)
    forbidden = _forbidden(traits.forbidden)
    return "".join(
        QUOTE + _replacement(char)
        if char == QUOTE
        or forbidden.match(char)
        or _NEVER.match(char)
        or (at == last and trimmed and char in ". ")
        or (at == 0 and (reserved or char in traits.leading))
        or (not traits.accepts_any_bytes and _ESCAPED.match(char))
        or (traits.bmp_only and _ASTRAL.match(char))
        else char
        for at, char in enumerate(name)
    )


def _replacement(char: str) -> str:
    code = ord(char)
    if char == QUOTE:
        return char
    if 0x21 <= code <= 0x7E:  # noqa: PLR2004 -- ASCII, from ! to ~
        return chr(code + _FULL_WIDTH)
    if code <= 0x20:  # noqa: PLR2004 -- the control characters and the space
        return chr(code + _PICTURES)
    if code == 0x7F:  # noqa: PLR2004 -- DEL, whose picture follows the others
        return "\N{SYMBOL FOR DELETE}"
    if _ESCAPED.match(char):
        return f"{code - 0xDC00:02X}"
    return f"x{code:06X}"


def _decoded(local: str, traits: Traits) -> str | None:
    """Return D(local) if it is coded, else None."""
    if QUOTE not in local:
        return None
    codes = list(_CODE.finditer(local))
    if not all(code.lastgroup and int(code["point"] or "0", 16) <= 0x10FFFF for code in codes):  # noqa: PLR2004 -- the last code point
        return None
    name = _CODE.sub(_original, local)
    coded = _possible(name) and _encoded(name, traits) == local and _needs(name, traits)
    return name if coded else None


def _original(code: re.Match[str]) -> str:
    match code.lastgroup:
        case "full":
            return chr(ord(code["full"]) - _FULL_WIDTH)
        case "picture":
            picture = ord(code["picture"]) - _PICTURES
            return "\x7f" if picture == 0x21 else chr(picture)  # noqa: PLR2004 -- DEL's
        case "byte":
            return chr(0xDC00 + int(code["byte"], 16))
        case "point":
            return chr(int(code["point"], 16))
    return QUOTE
