"""Searching all files of all accounts, and walking through them, by their indexes alone."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice
from typing import TypeAlias

import msgspec

from syncoxiders.api.shapes.files import File
from syncoxiders.core import words
from syncoxiders.core.filetypes import FOLDER, TYPES, Type
from syncoxiders.core.indexed import shown
from syncoxiders.engine.desk.declined import Absent
from syncoxiders.engine.indexing import places_of
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.index import (
    Hit,
    Index,
    IndexBroken,
    Opened,
    Place,
    Position,
    Query,
    Shown,
    Sort,
)
from syncoxiders.ports.registry import Registry

Places: TypeAlias = Mapping[Place, Account]
"""Endpoints of an owner's syncs, and the accounts that they are at."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Asked(msgspec.Struct, frozen=True):
    """What a person looks for; see :class:`~syncoxiders.ports.index.Query`.

    ``q`` are words that a name has to have, phrases in quotes.
    """

    q: str = ""
    type: Type | None = None
    min_size: int | None = None
    max_size: int | None = None
    after: datetime | None = None
    before: datetime | None = None
    sort: Sort = "relevance"


class Folder(msgspec.Struct, frozen=True):
    """A folder of a sync's endpoint; its path is ``""`` for the root."""

    endpoint: str
    path: str = ""


class Page(msgspec.Struct, frozen=True):
    """What was found; the following page goes on ``past`` a position, None on the last.

    ``as_of`` is when the index that has learned of nothing for longest last did, 0 if none was
    asked; ``pending`` are syncs of which there are endpoints without an index.
    """

    items: list[File]
    past: Position | None = None
    as_of: float = 0.0
    pending: Sequence[str] = ()


def search(
    index: Index, places: Places, asked: Asked, *, past: Position | None, limit: int
) -> Page:
    """Look for files at places (:func:`places_among`). Raises StateUnavailable."""
    query = Query(
        words=words.wanted(asked.q) if asked.q.strip() else None,
        type=None if asked.type is None else TYPES.index(asked.type),
        min_size=asked.min_size,
        max_size=asked.max_size,
        after=_micros(asked.after),
        before=_micros(asked.before),
        sort=asked.sort,
        past=past,
        limit=limit + 1,
    )
    found: list[list[tuple[Hit, Place]]] = []
    changed: list[float] = []
    pending: dict[str, None] = {}
    for place, opened in index.open(sorted(places)):
        hits = _found(opened, query)
        if opened is None or hits is None:
            pending[place.sync] = None
        else:
            changed.append(opened.changed)
            found.append([(hit, place) for hit in hits])
    best = list(islice(merge(*found, key=lambda each: each[0].position), limit + 1))
    return Page(
        [file_of(place, places[place], hit) for hit, place in best[:limit]],
        best[limit - 1][0].position if len(best) > limit else None,
        min(changed, default=0.0),
        list(pending),
    )


def browse(
    index: Index,
    places: Places,
    folder: Folder,
    *,
    past: Position | None,
    limit: int,
) -> Page:
    """Return what is in a folder of one place: folders first, by name, with what is in them.

    Raises Absent, StateUnavailable.
    """
    for place, opened in index.open(list(places)):
        hits: list[Hit] | None = None
        amounts: dict[int, int] = {}
        try:
            if opened is not None:
                number = opened.folder(shown(folder.path))
                if number is None:
                    raise Absent("folder", folder.path)
                query = Query(sort="name", below=number, past=past, limit=limit + 1)
                hits = opened.find(query)
                inside = [hit.position.number for hit in hits if hit.type == FOLDER]
                amounts = {each: opened.amount(each) for each in inside}
        except IndexBroken:
            hits = None
        if opened is None or hits is None:
            return Page([], pending=[place.sync])
        return Page(
            [
                file_of(place, places[place], hit, amounts.get(hit.position.number))
                for hit in hits[:limit]
            ],
            hits[limit - 1].position if len(hits) > limit else None,
            opened.changed,
        )
    raise Absent("endpoint", folder.endpoint)


def places_among(
    registry: Registry, owner: str, *, sync: str = "", endpoint: str = "", account: str = ""
) -> Places:
    """Return the places that are asked for, ``""`` for all. Raises Absent, StateUnavailable."""
    known = {each.account.name: each.account for each in registry.accounts(owner)}
    if account and account not in known:
        raise Absent("account", account)
    syncs = registry.syncs(owner)
    if sync and sync not in {each.id for each in syncs}:
        raise Absent("sync", sync)
    return {
        Place(owner, of, each): known.get(at, Account(at, ""))
        for (of, each), at in places_of(syncs).items()
        if sync in ("", of) and endpoint in ("", each) and account in ("", at)
    }


def file_of(place: Place, account: Account, found: Hit | Shown, size: int | None = None) -> File:
    """Return an entry as the API shows it; ``size`` is a folder's."""
    return File(
        name=found.path.rpartition("/")[2],
        path=found.path,
        account=account.name,
        kind=account.kind,
        sync=place.sync,
        endpoint=place.endpoint,
        type=TYPES[found.type],
        size=found.size if found.size >= 0 else size,
        modified_at=_EPOCH + timedelta(microseconds=found.modified) if found.modified else None,
    )


def _found(opened: Opened | None, query: Query) -> list[Hit] | None:
    """Return what an index finds, None where there is none."""
    try:
        return None if opened is None else opened.find(query)
    except IndexBroken:
        return None


def _micros(at: datetime | None) -> int | None:
    """Return an instant in microseconds since the epoch; without a zone it is in UTC."""
    if at is None:
        return None
    aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)
