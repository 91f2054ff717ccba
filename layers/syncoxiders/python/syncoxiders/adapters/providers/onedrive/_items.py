"""Graph's items as entries, and which names can stand in a drive.

A version is a mark of the content and the modified time that a client gave. Neither may change
with a rename, as the eTag does. On personal drives the mark is the cTag. On business drives the
feed leaves the cTag out (https://learn.microsoft.com/graph/api/driveitem-delta, "Remarks"), so that
it is the hash and the size there; a file without a hash, which happens, goes by its cTag, that has
to be asked for.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import msgspec
from msgspec import structs

from syncoxiders.core import hashes, names
from syncoxiders.core.digests import QUICKXOR
from syncoxiders.core.model import Entry, EntryId, Kind, Traits
from syncoxiders.ports.errors import Refused

Item: TypeAlias = Mapping[str, Any]

SELECT = (
    "id,name,eTag,cTag,size,file,folder,package,root,deleted,fileSystemInfo,"
    "parentReference,remoteItem,shared"
)
"""What listings are asked for: all that is read here."""

_CONTROLS = "".join(map(chr, (*range(0x01, 0x20), *range(0x7F, 0xA0))))
_PORTS = tuple(f"{port}{number}" for port in ("COM", "LPT") for number in range(10))

PERSONAL = Traits(
    sets_meta=True,
    case_insensitive=True,
    forbidden=f'"*:<>?\\|{_CONTROLS}',
    leading=" ",
    reserved=("CON", "PRN", "AUX", "NUL", *_PORTS, ".lock", "desktop.ini"),
    trims=True,
    max_name=255,
)
"""What the planner must know of a personal drive.

- Names are compared without case, forms of Unicode are kept apart:
  https://learn.microsoft.com/onedrive/developer/rest-api/concepts/case-sensitivity
- What no name may be:
  https://support.microsoft.com/office/64883a5d-228e-48f5-b3d2-eb39e07630fa
- A name has up to 255 characters; here they are counted in bytes of UTF-8, to be on the safe side.
- What is replaced stays as a version, what is deleted in the recycle bin.
"""

BUSINESS = structs.replace(PERSONAL, leading=" ~")
"""What the planner must know of a business drive or a library: no name begins with a tilde.

A path there has up to 400 characters, which only the service counts; it is refused then.
"""

REWRITTEN = (
    *(".doc", ".dot", ".pot", ".pps", ".ppt", ".vsd", ".vss", ".vst", ".xls", ".xlt"),
    *(".pdf", ".htm", ".asp", ".jp"),
)
"""How the extensions of what SharePoint is known to rewrite begin. Source:
https://github.com/OneDrive/onedrive-api-docs/issues/935,
https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/8903
"""

_HASHES = {"quickXorHash": QUICKXOR, "sha256Hash": hashes.OWN, "sha1Hash": "sha1"}
_NOTHING = bytes(20).hex()  # the quickXorHash of no bytes
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class LeftOut(msgspec.Struct, frozen=True):
    """Why something is no entry; see :class:`~syncoxiders.ports.provider.Problem`."""

    reason: str


def check_name(name: str, traits: Traits) -> None:
    """Raise Refused for a name that cannot stand in a drive, with the reason."""
    shown = name if len(name) <= traits.max_name else f"{name[:40]}..."
    if not names.legal(name, traits):
        raise Refused(f"OneDrive cannot hold the name {shown!r}: {_reason(name, traits)}")
    if "_vti_" in name.lower():
        raise Refused(f"OneDrive cannot hold the name {shown!r}: it has _vti_ in it")
    if name.startswith("~$"):
        raise Refused(f"OneDrive cannot hold the name {shown!r}: it begins with ~$")


def _reason(name: str, traits: Traits) -> str:
    if len(name.encode("utf-8", "surrogatepass")) > traits.max_name:
        return "it is too long"
    if name in {"", ".", ".."}:
        return "it is none"
    if any(char in traits.forbidden or char in "/\0" for char in name):
        return "it has a character that is not allowed"
    if name[0] in traits.leading:
        return "it begins with a character that is not allowed there"
    if name[-1] in ". ":
        return "it ends in a dot or space"
    return "it is reserved, or no text"


def is_folder(item: Item) -> bool:
    """Say whether an item is a plain folder of the drive."""
    return "folder" in item and "package" not in item and "remoteItem" not in item


def is_file(item: Item) -> bool:
    """Say whether an item is a plain file of the drive."""
    return "file" in item and "package" not in item and "remoteItem" not in item


def entry_of(item: Item, parent: EntryId, *, personal: bool, foreign: bool) -> Entry | LeftOut:
    """Return what an item tells of, as standing in a folder."""
    if "remoteItem" in item:
        return LeftOut("is a shortcut to what somebody else shares, and is not followed")
    if "package" in item:
        return LeftOut("is a notebook or another package, which cannot be copied as files")
    if "folder" in item:
        return Entry(
            id=item["id"], parent=parent, name=item["name"], kind=Kind.FOLDER, foreign=foreign
        )
    if "file" not in item:
        return LeftOut("is neither a file nor a folder")
    return Entry(
        id=item["id"],
        parent=parent,
        name=item["name"],
        kind=Kind.FILE,
        version=version_of(item, personal=personal),
        size=size_of(item),
        mtime_ns=modified(item) or 0,
        hashes=hashes_of(item),
        foreign=foreign,
    )


def is_complete(item: Item, *, personal: bool) -> bool:
    """Say whether an item tells its version, which the feed does not always do."""
    if not is_file(item) or "cTag" in item:
        return True
    return not personal and bool(_content(item))


def version_of(item: Item, *, personal: bool) -> str:
    """Return the version of a file, ``""`` for a folder."""
    if not is_file(item):
        return ""
    tag, content = _tag(item), _content(item)
    # Without any of them a rename is taken for an edit, rather than an edit missed.
    mark = (tag or content if personal else content or tag) or f"e {item.get('eTag', '')}"
    return f"{mark} {_moment(item)}"


def is_version(item: Item, version: str, *, personal: bool) -> bool:
    """Say whether a version is what an item tells of, be it by another mark than its best."""
    if version == version_of(item, personal=personal):
        return True
    marks = (_tag(item), _content(item)) if is_file(item) else ()
    return any(mark and version == f"{mark} {_moment(item)}" for mark in marks)


def is_unchanged(before: Item, now: Item, *, personal: bool) -> bool:
    """Say whether a file has the content and the time that it had.

    Two contents may have one quickXorHash, so that the cTag decides where it is told.
    """
    if _tag(before) and _tag(now):
        return (_tag(before), _moment(before)) == (_tag(now), _moment(now))
    return is_version(now, version_of(before, personal=personal), personal=personal)


def _tag(item: Item) -> str:
    return f"c {item['cTag']}" if item.get("cTag") else ""


def _moment(item: Item) -> str:
    mtime_ns = modified(item)
    return "" if mtime_ns is None else str(mtime_ns)


def _content(item: Item) -> str:
    """Return a mark of the bytes, ``""`` where the item does not tell enough."""
    size = size_of(item)
    digest = hashes.decode(hashes_of(item)).get(QUICKXOR, "")
    if not digest and not size:
        digest = _NOTHING
    return f"h {digest} {size}" if digest else ""


def size_of(item: Item) -> int:
    """Return a file's size."""
    size: int = item.get("size") or 0
    return size


def hashes_of(item: Item) -> str:
    """Return the hashes that an item carries; there may be none."""
    told = (item.get("file") or {}).get("hashes") or {}
    found: dict[str, str] = {}
    for name, algorithm in _HASHES.items():
        text = told.get(name)
        if not isinstance(text, str) or not text:
            continue
        if algorithm == QUICKXOR:
            try:
                text = base64.b64decode(text, validate=True).hex()
            except binascii.Error:
                continue
        found[algorithm] = text.lower()
    return hashes.encode(found) if found else ""


def modified(item: Item) -> int | None:
    """Return the modified time that a client gave, in nanoseconds."""
    told = (item.get("fileSystemInfo") or {}).get("lastModifiedDateTime")
    return nanoseconds(told) if isinstance(told, str) else None


def nanoseconds(text: str) -> int | None:
    """Return a time of Graph's as one of ours, None for what is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND * 1000


def times(mtime_ns: int | None) -> dict[str, str] | None:
    """Return a fileSystemInfo that sets a modified time, None where it cannot be said.

    Not every drive keeps more than seconds, so that no more is given.
    """
    if mtime_ns is None:
        return None
    try:
        moment = _EPOCH + timedelta(seconds=mtime_ns // 1_000_000_000)
    except OverflowError:
        return None
    return {"lastModifiedDateTime": moment.isoformat().replace("+00:00", "Z")}


def kept_times(item: Item) -> dict[str, str]:
    """Return a fileSystemInfo that leaves an item's times as they are."""
    told = item.get("fileSystemInfo") or {}
    return {
        name: told[name] for name in ("createdDateTime", "lastModifiedDateTime") if name in told
    }


def may_be_rewritten(name: str) -> bool:
    """Say whether a name is one of what SharePoint is known to rewrite."""
    dot = name.rfind(".")
    return dot >= 0 and name[dot:].lower().startswith(REWRITTEN)
