"""Conflicts that wait for a decision: which there are, what both versions are, and their bytes."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Literal, NamedTuple

import msgspec

from syncoxiders.api.shapes.conflicts import Conflict, Version
from syncoxiders.core import names
from syncoxiders.core.model import ROOT, EndpointId, Entry, Kind, Node, NodeId
from syncoxiders.engine.desk.context import Desk, clock_time, instant, is_waiting
from syncoxiders.engine.desk.declined import Absent, Conflicting, TooLarge, Withheld
from syncoxiders.engine.places import Places
from syncoxiders.engine.stopped import printable
from syncoxiders.ports.errors import (
    ProviderError,
    Revoked,
    RootLost,
    Stale,
    Throttled,
    Unreachable,
    Vanished,
)
from syncoxiders.ports.pipeline import SharedStore
from syncoxiders.ports.provider import Provider
from syncoxiders.ports.registry import SyncSettings

PAGE = 50
"""So many conflicts make a page."""

SHOWN = 4 << 20
"""Bytes of a version that can be shown."""

IMAGES: Mapping[str, str] = {
    "avif": "image/avif",
    "bmp": "image/bmp",
    "gif": "image/gif",
    "ico": "image/x-icon",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
}
"""Images that browsers show, by the name's ending; none of them can hold a program."""

_TEXTS = """
asc bash bat bib c cc cfg cmd conf cpp cs css csv diff env go gradle h hpp htm html ics
ini java js json jsonl jsx kt less log lua m3u md mjs mm org patch php pl properties ps1
py r rb rs rst rtf sass scala scss sh sql srt sub svg swift tex text toml ts tsv tsx txt
vcf vtt xml yaml yml zsh
"""
TEXTS = frozenset(_TEXTS.split())
"""What is text, by the name's ending."""

_TEXT_NAMES = frozenset({"dockerfile", "license", "makefile", "readme"})
_ID = re.compile(r"[0-9a-f]{1,16}")


class Which(NamedTuple):
    """Both versions: ``other`` is the one that was kept beside, ``kept`` has the file's name.

    ``kept`` is None where it is not known any more.
    """

    other: Node
    kept: Node | None


class Content(msgspec.Struct, frozen=True):
    """A version's bytes, and as what they are safely shown."""

    data: bytes
    media: str
    name: str


class Place(msgspec.Struct, frozen=True):
    """Where a list of conflicts goes on: with a sync, behind a place of the store."""

    sync: str = ""
    after: str = ""


# -- which there are -----------------------------------------------------------------------------


def some(desk: Desk, place: Place, only: str = "") -> tuple[list[Conflict], Place | None]:
    """Return a page of the conflicts of all syncs, or of one, and where the next begins.

    There may be fewer than a page though there are more. Raises Absent.
    """
    syncs = [desk.sync(only)] if only else desk.pipeline.registry.syncs(desk.owner)
    found: list[Conflict] = []
    for settings in syncs:
        if settings.id < place.sync:
            continue
        if len(found) >= PAGE:
            return found, Place(settings.id)
        store = desk.store(settings)
        start = place.after if settings.id == place.sync else ""
        losers, after = store.losers(start, PAGE - len(found))
        kept = store.base().get({each.conflict.of for each in losers if each.conflict})
        places = Places(store)
        found.extend(
            _conflict(settings, places, Which(each, kept.get(each.conflict.of)))
            for each in losers
            if each.conflict is not None and is_waiting(each)
        )
        if after:
            return found, Place(settings.id, after)
    return found, None


def one(desk: Desk, settings: SyncSettings, conflict: str) -> tuple[Conflict, str]:
    """Return a conflict, and the revision of both versions. Raises Absent."""
    store = desk.store(settings)
    which = find(store, conflict)
    return _conflict(settings, Places(store), which), revision(which)


def find(store: SharedStore, conflict: str) -> Which:
    """Return both versions of a conflict. Raises Absent."""
    node = int(conflict, 16) if _ID.fullmatch(conflict) else -1
    base = store.base()
    other = base.get([node]).get(node) if node > ROOT else None
    if other is None or other.conflict is None or not is_waiting(other):
        raise Absent("conflict", conflict, "it was decided, or one of the files was deleted")
    kept = base.get([other.conflict.of]).get(other.conflict.of)
    return Which(other, kept)


def revision(which: Which) -> str:
    """Return what changes whenever one of the versions does."""
    told = [
        None if node is None else (node.id, node.gone, node.name, node.content_gen, node.content)
        for node in which
    ]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:16]


def _conflict(settings: SyncSettings, places: Places, which: Which) -> Conflict:
    mark = which.other.conflict
    made_at = mark.endpoint if mark is not None else ""
    order = [each.id for each in settings.endpoints]
    others = [each for each in order if each != made_at]
    kept = which.kept
    if kept is None:
        name = names.original_name(which.other.name) or which.other.name
        above = _path(places, which.other).rpartition("/")[0]
        shown = Version(
            path=printable(f"{above}/{name}" if above else name),
            endpoint="",
            account="",
            media=media(name)[0],
            deleted=True,
        )
    else:
        shown = _version(settings, places, kept, [*others, made_at])
    return Conflict(
        id=f"{which.other.id:x}",
        sync=settings.id,
        kept=shown,
        other=_version(settings, places, which.other, [made_at, *others]),
    )


def _version(
    settings: SyncSettings, places: Places, node: Node, order: list[EndpointId]
) -> Version:
    """Return the facts of a version, as of the first endpoint in an order that has it."""
    accounts = {each.id: each.account for each in settings.endpoints}
    live = [each for each in order if each in node.replicas and not node.replicas[each].gone]
    endpoint = live[0] if live else ""
    content = node.content
    path = ""
    if endpoint:
        try:
            path = places.ref(endpoint, node.replicas[endpoint].entry).path
        except Vanished:
            endpoint = ""
    return Version(
        path=printable(path or _path(places, node)),
        endpoint=endpoint,
        account=accounts.get(endpoint, ""),
        size=content.size if content is not None and content.size >= 0 else None,
        modified_at=instant(content.mtime_ns / 1e9) if content is not None else None,
        media=media(node.name)[0] if node.kind is Kind.FILE else "other",
        deleted=node.gone or not endpoint,
    )


def _path(places: Places, node: Node) -> str:
    """Return where base has a node."""
    parts, parent, seen = [node.name], node.parent, {node.id}
    while parent != ROOT and parent not in seen:
        seen.add(parent)
        above = places.node(parent)
        if above is None:
            break
        parts.append(above.name)
        parent = above.parent
    return "/".join(reversed(parts))


def media(name: str) -> tuple[Literal["text", "image", "other"], str]:
    """Return how something of a name can be shown, and as what type.

    What was kept beside another is shown as the other is.
    """
    plain = (names.original_name(name) or name).lower()
    _, dot, ending = plain.rpartition(".")
    if dot and ending in IMAGES:
        return "image", IMAGES[ending]
    if (dot and ending in TEXTS) or plain in _TEXT_NAMES:
        return "text", "text/plain; charset=utf-8"
    return "other", "application/octet-stream"


# -- their bytes ---------------------------------------------------------------------------------


def content(
    desk: Desk, settings: SyncSettings, conflict: str, version: Literal["kept", "other"]
) -> Content:
    """Return a version's bytes, if it is a text or an image that is not too large.

    Raises Declined.
    """
    store = desk.store(settings)
    which = find(store, conflict)
    node = which.kept if version == "kept" else which.other
    stands = where(store, node)
    if node is None or not stands:
        raise Conflicting("not-there", "this version does not stand anywhere now")
    how, kind = media(node.name)
    if how == "other" or node.kind is not Kind.FILE:
        raise Conflicting(
            "cannot-be-shown", "only texts and images are shown", "open it with its own program"
        )
    size = max(each.size for each in stands.values())
    if size > SHOWN:
        raise TooLarge("too-large-to-show", f"it has {size:,} bytes, and {SHOWN:,} can be shown")
    endpoint, entry = next(iter(stands.items()))
    with asked(desk, settings, endpoint) as provider:
        ref = Places(store).ref(endpoint, entry.id)
        data = bytearray()
        with closing(provider.read(ref, entry.version)) as reader:
            for chunk in reader.chunks():
                data += chunk
                if len(data) > SHOWN:
                    raise TooLarge(
                        "too-large-to-show", f"it is too large: {SHOWN:,} bytes can be shown"
                    )
    return Content(bytes(data), kind, printable(node.name))


def where(store: SharedStore, node: Node | None) -> dict[EndpointId, Entry]:
    """Return the endpoints that have a node's content as base has it, with the entry."""
    found: dict[EndpointId, Entry] = {}
    for endpoint, replica in node.replicas.items() if node is not None and not node.gone else ():
        entry = store.observed(endpoint).get([replica.entry]).get(replica.entry)
        if (
            node is not None
            and entry is not None
            and not replica.gone
            and replica.version == entry.version
            and replica.content_gen == node.content_gen
        ):
            found[endpoint] = entry
    return found


@contextmanager
def asked(desk: Desk, settings: SyncSettings, endpoint: EndpointId) -> Iterator[Provider]:
    """Give an endpoint's provider; what it says instead of doing it becomes Declined.

    Who wants to be left alone is left alone.
    """
    registry, owner = desk.pipeline.registry, desk.owner
    name = next(each.account for each in settings.endpoints if each.id == endpoint)
    connected = registry.account(owner, name)
    if connected is not None and connected.not_before > desk.now():
        raise _pause(name, connected.not_before)
    try:
        yield desk.pipeline.connect(owner, settings)[endpoint]
    except Throttled as error:
        until = desk.now() + error.retry_after
        registry.pause(owner, name, until)
        raise _pause(name, until) from error
    except Stale as error:
        raise Conflicting(
            "changed-meanwhile",
            f"what stands at {name} is no longer what was shown: {printable(str(error))}",
            "look at it again in a minute",
        ) from error
    except Revoked as error:
        raise Withheld(
            "account-broken", f"{name}: {printable(str(error))}", "connect the account again"
        ) from error
    except (Unreachable, RootLost) as error:
        detail = f"{name} cannot be reached: {printable(str(error))}"
        raise Withheld("account-away", detail, "try again in a minute") from error
    except ProviderError as error:
        raise Conflicting("provider-refused", f"{name}: {printable(str(error))}") from error


def _pause(name: str, until: float) -> Withheld:
    return Withheld(
        "account-paused",
        f"{name}'s provider wants to be left alone until {clock_time(until)}",
        "try again then",
    )


def open_nodes(store: SharedStore, which: Which) -> list[NodeId]:
    """Return which of the versions something is being done about."""
    return list(store.open_of(node.id for node in which if node is not None))
