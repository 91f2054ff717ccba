"""Listings and the feed.

The feed, ``delta``, tells what stands now, an item more than once if need be, of which the last
counts. Without a token it tells of everything. It follows any folder of a personal drive; of other
drives only all (https://github.com/OneDrive/onedrive-api-docs/issues/842), so that there what lies
outside the root is told as well, and a look at a root that is a folder goes folder by folder.
Source: https://learn.microsoft.com/graph/api/driveitem-delta
"""

import urllib.parse
from collections.abc import Iterable, Iterator
from typing import Any

from syncoxiders.adapters.providers.listing import Listed, rescan_by_folder, rescan_whole
from syncoxiders.adapters.providers.onedrive._client import Client
from syncoxiders.adapters.providers.onedrive._items import SELECT, Item, LeftOut, is_complete
from syncoxiders.adapters.providers.onedrive._places import Places, below
from syncoxiders.core.model import ROOT_ENTRY, Entry, Kind, Ref
from syncoxiders.ports.errors import CursorExpired, RootLost, Unreachable, Vanished
from syncoxiders.ports.provider import Change, FolderDelta, Known, Page, Problem

PAGE = 1000
"""So many items are asked for at once; the service may give fewer."""

_OPTIONS = f"$top={PAGE}&$select={urllib.parse.quote(SELECT, safe=',')}"
_NEXT, _DELTA = "@odata.nextLink", "@odata.deltaLink"
_MALFORMED, _GONE = 400, 410


class Listing:
    """Looks at one root."""

    def __init__(self, client: Client, places: Places) -> None:
        self._client = client
        self._places = places

    def rescan(self, known: Known, folders: Iterable[Ref] | None) -> Iterator[FolderDelta]:
        """Compare the whole tree, or some folders, with what is known. Raises RootLost."""
        try:
            if folders is None and self._follows_root():
                yield from self._whole(known)
            else:
                yield from rescan_by_folder(self._folder, known, folders)
        except Vanished as exc:
            self._places.confirm_root()
            raise RootLost(f"there is no folder /{self._places.path} in the drive") from exc

    def is_empty(self, ref: Ref) -> bool:
        """Say whether nothing at all is in a folder."""
        address = f"{self._places.address(self._places.id_of(ref))}/children?$top=1&$select=id"
        page = self._client.call("GET", address, ref.path)
        while not page.get("value") and page.get(_NEXT):
            page = self._client.call("GET", page[_NEXT], ref.path)
        return not page.get("value")

    def _follows_root(self) -> bool:
        """Say whether the feed of just the root can be had."""
        return self._places.personal or not self._places.root().place

    def _folder(self, ref: Ref) -> Listed:
        """List one folder. Raises Vanished."""
        entries: dict[str, Entry] = {}
        problems: dict[str, Problem] = {}
        address = f"{self._places.address(self._places.id_of(ref))}/children?{_OPTIONS}"
        for item in self._pages(address, ref.path):
            found = self._described(item, ref.id)
            if isinstance(found, Entry):
                entries[found.id] = found
            elif found is not None:
                path = below(ref, item["name"])
                problems[path] = Problem(path, found.reason, unreadable=False)
        return Listed(list(entries.values()), tuple(problems.values()))

    def _whole(self, known: Known) -> Iterator[FolderDelta]:
        tree = _Tree()
        root = self._places.root().id
        for item in self._pages(f"{self._scope()}/delta?{_OPTIONS}", self._places.path):
            if "deleted" in item:
                if item["id"] == root:
                    raise Vanished("the root is gone")
                tree.remove(item["id"])
            elif item["id"] != root and "root" not in item:
                found = self._described(item, None)
                if found is None:
                    tree.remove(item["id"])
                else:
                    tree.put(item, found, self._places.parent_of(item))
        yield from rescan_whole(tree.entries(), tree.problems(), known)

    def _described(self, item: Item, parent: str | None) -> Entry | LeftOut | None:
        """Return what a listed item tells of; None if it went before it told enough."""
        complete = self._completed(item)
        return None if complete is None else self._places.described(complete, parent)

    def _completed(self, item: Item) -> Item | None:
        """Return an item with what tells its version, asked for where a listing leaves it out."""
        if is_complete(item, personal=self._places.personal):
            return item
        return self._places.item(Ref(item["id"], item.get("name", "")))

    def _pages(self, address: str, about: str) -> Iterator[dict[str, Any]]:
        link = address
        while link:
            page = self._client.call("GET", link, about, meaning={_GONE: Unreachable})
            yield from page.get("value", ())
            link = page.get(_NEXT, "")

    # The feed

    def _scope(self) -> str:
        """Return the folder that is followed."""
        root = self._places.root()
        if root.place and self._places.personal:
            return self._places.address(root.id)
        return f"{self._places.base}/root"

    def start_cursor(self) -> str:
        """Return a cursor for changes from now on: a link, which is opaque."""
        link = f"{self._scope()}/delta?token=latest&{_OPTIONS}"
        while True:
            page = self._client.call("GET", link, self._places.path)
            if page.get(_DELTA):
                return str(page[_DELTA])
            link = page.get(_NEXT, "")
            if not link:
                raise Unreachable("OneDrive gives no cursor for its changes")

    def changes(self, cursor: str) -> Page:
        """Return the changes after a cursor. Raises CursorExpired, RootLost.

        After a loss of the cursor, of whichever kind, everything is looked at; what stands on
        one side alone is then judged by base, not by the service.
        """
        try:
            page = self._client.call(
                "GET", cursor, self._places.path, meaning={_MALFORMED: CursorExpired}
            )
        except Vanished as exc:
            self._places.confirm_root()
            raise CursorExpired("the folder that the feed is of is gone") from exc
        changes = [change for item in page.get("value", ()) for change in self._changes(item)]
        link = page.get(_NEXT) or page.get(_DELTA)
        if not link:
            raise Unreachable("OneDrive does not tell where its changes go on")
        return Page(str(link), _NEXT in page, tuple(changes))

    def _changes(self, item: Item) -> Iterator[Change]:
        if item["id"] == self._places.root().id:
            if "deleted" in item:
                self._places.confirm_root()
            return
        if "root" in item:
            return
        found = None if "deleted" in item else self._described(item, None)
        # What is left out may have been a folder, or ours, before it became what it is.
        yield Change(found) if isinstance(found, Entry) else Change(id=item["id"])


class _Tree:
    """An enumeration, as its items leave it: the last that is told of one counts."""

    def __init__(self) -> None:
        self._found: dict[str, Entry] = {}
        self._left_out: dict[str, tuple[str, str, str]] = {}

    def put(self, item: Item, found: Entry | LeftOut, parent: str) -> None:
        """Take in what an item tells of."""
        self.remove(item["id"])
        if isinstance(found, Entry):
            self._found[found.id] = found
        else:
            self._left_out[item["id"]] = (parent, item["name"], found.reason)

    def remove(self, item_id: str) -> None:
        """Forget an item."""
        self._found.pop(item_id, None)
        self._left_out.pop(item_id, None)

    def entries(self) -> Iterable[Entry]:
        """Return what is there."""
        return self._found.values()

    def problems(self) -> Iterator[Problem]:
        """Yield what had to be left out."""
        for parent, name, reason in self._left_out.values():
            way = self._way(parent)
            if way is not None:
                yield Problem("/".join([*way, name]), reason, unreadable=False)

    def _way(self, folder: str) -> list[str] | None:
        """Return the names from the root down to a folder, None where there is no way."""
        way: list[str] = []
        while folder != ROOT_ENTRY:
            above = self._found.get(folder)
            if above is None or above.kind is not Kind.FOLDER or len(way) > len(self._found):
                return None
            way.append(above.name)
            folder = above.parent
        return way[::-1]
