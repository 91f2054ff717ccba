"""The change feed, ``delta``.

Source: https://learn.microsoft.com/graph/api/driveitem-delta
"""

import datetime as dt
import secrets
from dataclasses import dataclass, field, replace
from typing import Any

from tests.emulators.onedrive import errors, facets
from tests.emulators.onedrive.addressing import Address
from tests.emulators.onedrive.drive import Drive
from tests.emulators.onedrive.items import Item
from tests.emulators.onedrive.reading import number, select
from tests.emulators.onedrive.service import Service
from tests.emulators.serving import Request, Response

LATEST = "latest"


@dataclass(frozen=True)
class _Cursor:
    """Where a reader of the feed stands.

    ``since`` is the change that was told last; ``todo`` the ids that are still to be told in
    this round, which covers what happened up to ``until``. ``known`` are those that stood in the
    folder when the round before ended: what left it has to be told. ``whole`` marks an enumeration.
    """

    scope: str
    since: int
    until: int = 0
    todo: tuple[str, ...] = ()
    begun: bool = False
    whole: bool = False
    known: frozenset[str] = field(default=frozenset())


class Feed:
    """The cursors that were given out, and how far each has read."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._cursors: dict[str, _Cursor] = {}
        self._expired: dict[str, str] = {}

    def expire(self, code: str = "resyncChangesApplyDifferences") -> None:
        """Let every cursor given out so far be answered with 410 and this code."""
        self._expired |= dict.fromkeys(self._cursors, code)
        self._cursors.clear()

    def delta(self, service: Service, request: Request, address: Address) -> Response:
        """Answer a page of what changed."""
        drive, found = service.find(address)
        if drive.type != "personal" and found is not drive.root:
            # https://github.com/OneDrive/onedrive-api-docs/issues/842
            raise errors.failure(501, "notSupported", "view.delta can only be called on the root.")
        seen = service.seen(drive)
        scope = seen.by_id.get(found.id)
        if scope is None:
            raise errors.not_found("Item does not exist")
        token = address.argument or request.query.get("token", "")
        top = max(
            1, min(number(request, "$top", service.quirks.page_size), service.quirks.page_size)
        )
        if token == LATEST:
            done = self._done(scope, seen.seq)
            return Response(200, {"value": [], "@odata.deltaLink": self._link(request, done)})
        cursor = self._cursor(request, seen, scope, token)
        with_parents = "deltaexcludeparent" not in request.headers
        if not cursor.begun:
            cursor = self._begin(seen, scope, cursor, with_parents=with_parents)
        return self._page(request, seen, scope, cursor, top)

    def _cursor(self, request: Request, drive: Drive, scope: Item, token: str) -> _Cursor:
        if not token:
            return _Cursor(scope.id, 0, whole=True)
        if token in self._cursors and self._cursors[token].scope == scope.id:
            return self._cursors[token]
        if token in self._expired:
            fresh = _Cursor(scope.id, 0, whole=True)
            raise errors.resync(self._expired[token], self._link(request, fresh))
        if drive.type != "personal":  # a time will do there
            try:
                since = dt.datetime.fromisoformat(token).timestamp()
            except ValueError:
                pass
            else:
                older = [each.seq for each in drive.changed_since(0) if each.modified < since]
                return _Cursor(scope.id, max(older, default=0))
        raise errors.invalid("The token is malformed", "invalidParameterFormat")

    def _begin(self, drive: Drive, scope: Item, cursor: _Cursor, *, with_parents: bool) -> _Cursor:
        """Find out what is to be told in a round."""
        todo = self._changed(drive, scope, cursor)
        if with_parents:
            todo = _with_parents(scope, todo)
        ids = tuple(item.id for item in todo)
        return replace(cursor, until=drive.seq, todo=ids, begun=True)

    def _changed(self, drive: Drive, scope: Item, cursor: _Cursor) -> list[Item]:
        if cursor.whole:
            return list(scope.below())
        found = []
        for item in drive.changed_since(cursor.since):
            inside = item.is_inside(scope)
            if not inside and item.id not in cursor.known:
                continue
            if not item.deleted or self._is_told(item):
                found.append(item)
        return found

    def _is_told(self, gone: Item) -> bool:
        """Say whether the feed tells that this item is gone."""
        told = self._service.quirks.deletes
        within = gone.parent is not None and gone.parent.deleted
        return told == "all" or (told == "top" and not within)

    def _page(
        self, request: Request, drive: Drive, scope: Item, cursor: _Cursor, top: int
    ) -> Response:
        now, rest = cursor.todo[:top], cursor.todo[top:]
        if not rest and drive.seq > cursor.until:
            # What changed while the pages were read is told again, as it is by now.
            later = self._begin(
                drive, scope, _Cursor(scope.id, cursor.until, known=cursor.known), with_parents=True
            )
            rest = later.todo
            if cursor.whole and self._service.quirks.enumeration_hides_deletes:
                rest = tuple(item_id for item_id in rest if item_id in drive.by_id)
            cursor = replace(cursor, until=drive.seq)
        repeats = min(self._service.quirks.repeats, len(now) - 1)
        if rest and repeats > 0:
            rest = now[-repeats:] + rest
        value = [
            select(request, shown)
            for shown in (self._show(drive, scope, item_id) for item_id in now)
            if shown is not None
        ]
        answer: dict[str, Any] = {"value": value}
        if rest:
            answer["@odata.nextLink"] = self._link(request, replace(cursor, todo=rest))
        else:
            done = self._done(scope, cursor.until)
            answer["@odata.deltaLink"] = self._link(request, done)
        return Response(200, answer)

    def _show(self, drive: Drive, scope: Item, item_id: str) -> dict[str, Any] | None:
        item = drive.by_id.get(item_id) or drive.dead(item_id)
        if item is None:
            return None
        shown = facets.in_feed(drive, item, self._service.quirks.hashes)
        if not item.deleted and not item.is_inside(scope):
            shown = facets.gone(drive, shown)
        return shown

    @staticmethod
    def _done(scope: Item, until: int) -> _Cursor:
        inside = frozenset(item.id for item in scope.below()) if scope.parent else frozenset()
        return _Cursor(scope.id, until, known=inside)

    def _link(self, request: Request, cursor: _Cursor) -> str:
        token = secrets.token_urlsafe(24)
        self._cursors[token] = cursor
        path = request.path.partition("/delta")[0]
        kept = [
            f"{name}={request.query[name]}" for name in ("$top", "$select") if name in request.query
        ]
        return f"{request.base}{path}/delta?" + "&".join([f"token={token}", *kept])


def _with_parents(scope: Item, items: list[Item]) -> list[Item]:
    """Return items with the folders around them, each folder before what is in it."""
    chosen: dict[str, Item] = {}
    for item in items:
        for up in (*reversed(list(item.ancestors())), item):
            if up.is_inside(scope) or up is item:
                chosen.setdefault(up.id, up)
    return list(chosen.values())
