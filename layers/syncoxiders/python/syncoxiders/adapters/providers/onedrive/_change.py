"""Folders, moves, deletions and times: one request each, under the eTag of what is changed."""

from typing import Any

from syncoxiders.adapters.providers.onedrive._client import Client
from syncoxiders.adapters.providers.onedrive._items import (
    Item,
    LeftOut,
    check_name,
    is_folder,
    kept_times,
    times,
)
from syncoxiders.adapters.providers.onedrive._listing import Listing
from syncoxiders.adapters.providers.onedrive._places import Places, below
from syncoxiders.adapters.providers.onedrive._write import BEHAVIOR
from syncoxiders.core.model import Entry, Ref
from syncoxiders.ports.errors import NotEmpty, Refused, Stale
from syncoxiders.ports.provider import Attributes


class Changer:
    """Changes what stands below one root."""

    def __init__(self, client: Client, places: Places, listing: Listing) -> None:
        self._client = client
        self._places = places
        self._listing = listing

    def make_folder(self, parent: Ref, name: str) -> Entry:
        """Create a folder."""
        check_name(name, self._places.traits)
        with self._places.writing_into(parent):
            made = self._client.call(
                "POST",
                f"{self._places.address(self._places.id_of(parent))}/children",
                below(parent, name),
                json={"name": name, "folder": {}, BEHAVIOR: "fail"},
                repeatable=False,
            )
        return self._entry(made, parent)

    def move(self, ref: Ref, version: str, parent: Ref, name: str) -> Entry:
        """Bring an entry to a place where nothing stands.

        Its times are told again, or the service may give it new ones (seen by the authors of
        rclone: ``backend/onedrive``, ``Move``).
        """
        check_name(name, self._places.traits)
        item = self._places.expected(ref, version)
        changes: dict[str, Any] = {"fileSystemInfo": kept_times(item)}
        if item["name"] != name:
            changes["name"] = name
        folder = self._places.id_of(parent)
        if (item.get("parentReference") or {}).get("id") != folder:
            changes["parentReference"] = {"id": folder}
        with self._places.writing_into(parent):
            moved = self._patch(item, changes, ref.path)
        return self._entry(moved, parent)

    def set_times(self, ref: Ref, version: str, attributes: Attributes) -> Entry:
        """Set the modified time."""
        item = self._places.expected(ref, version)
        told = times(attributes.mtime_ns)
        if is_folder(item):
            raise Stale(f"{ref.path} is a folder")
        if told is not None:
            item = self._patch(item, {"fileSystemInfo": told}, ref.path)
        found = self._places.described(item)
        if isinstance(found, LeftOut):
            raise Refused(f"{ref.path} {found.reason}")
        return found

    def delete(self, ref: Ref, version: str) -> None:
        """Delete a file or empty folder, to the recycle bin.

        The cTag of a folder on a personal drive changes with what is in it, so that a folder that
        is filled meanwhile is not deleted there. Elsewhere it would go with what came into it in
        that moment, to the recycle bin.
        Source: https://learn.microsoft.com/graph/api/driveitem-delete
        """
        item = self._places.expected(ref, version)
        tag = item["eTag"]
        if is_folder(item):
            tag = item.get("cTag") or tag
            if not self._listing.is_empty(ref):
                raise NotEmpty(f"{ref.path} is not empty")
        self._client.call(
            "DELETE",
            self._places.address(item["id"]),
            ref.path,
            headers={"If-Match": tag},
            repeatable=False,
        )

    def _patch(self, item: Item, changes: dict[str, Any], about: str) -> Item:
        return self._client.call(
            "PATCH",
            f"{self._places.address(item['id'])}?{BEHAVIOR}=fail",
            about,
            json=changes,
            headers={"If-Match": item["eTag"]},
            repeatable=False,
        )

    def _entry(self, item: Item, parent: Ref) -> Entry:
        found = self._places.described(item, parent.id)
        if isinstance(found, LeftOut):
            raise Refused(f"{below(parent, item['name'])} {found.reason}")
        return found
