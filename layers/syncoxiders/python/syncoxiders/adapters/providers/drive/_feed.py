"""The change feed, and the channels by which Drive pushes that there is something in it."""

import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress

from syncoxiders.adapters.providers.drive._api import Api, quoted
from syncoxiders.adapters.providers.drive._documents import Documents
from syncoxiders.adapters.providers.drive._files import File
from syncoxiders.adapters.providers.drive._places import Places
from syncoxiders.ports.errors import Vanished
from syncoxiders.ports.provider import Change, Page
from syncoxiders.ports.push import Channel

WEEK = 7 * 86_400.0
"""How long a channel for changes can last.

https://developers.google.com/workspace/drive/api/guides/push#optional-properties
"""

_QUERY = 1200
"""Characters of a query, so that its address stays within 2 KB."""


class Feeding:
    """Tells what has changed, and has Drive tell that something has."""

    def __init__(self, api: Api, places: Places, documents: Documents) -> None:
        self._api = api
        self._places = places
        self._documents = documents

    def start_cursor(self) -> str:
        """Return a cursor for changes from now on."""
        self._places.check_root()  # which also finds out whether it is in a shared drive
        return self._api.start_token()

    def changes(self, cursor: str) -> Page:
        """Return the changes after the cursor.

        The feed is the whole drive's: entries outside the root are passed on. Something removed
        may be deleted, or not be shared with the account any more; something trashed is gone.
        """
        root = self._places.root
        page = self._api.changes(cursor)
        files = [each.file for each in page.changes if each.file is not None and not each.removed]
        shown = [each for each in files if not each.trashed and not self._documents.left_out(each)]
        names = self._names(shown)
        changes: list[Change] = []
        for item in page.changes:
            if item.file_id in {"", root}:
                continue  # of the drive itself; of the root its own check tells
            if item.removed or item.file is None:
                changes.append(Change(id=item.file_id, lost=True))
            elif item.file.trashed:
                changes.append(Change(id=item.file_id))
            elif item.file_id in names:
                changes.append(Change(self._places.entry(item.file, names[item.file_id])))
        more = bool(page.next_page_token)
        return Page(page.next_page_token or page.new_start_page_token, more, tuple(changes))

    def _names(self, files: list[File]) -> dict[str, str]:
        """Return, by id, the names under which files are shown, each in its folder."""
        by_folder: dict[str, dict[str, File]] = defaultdict(dict)
        for file in files:
            by_folder[file.parent][file.id] = file
        told = {file.id for file in files}
        for parts in self._queries(by_folder):
            for sibling in self._siblings(parts):
                if sibling.id not in told and sibling.parent in by_folder:
                    by_folder[sibling.parent][sibling.id] = sibling
        names: dict[str, str] = {}
        for siblings in by_folder.values():
            names |= self._places.names(siblings.values())
        return names

    def _siblings(self, parts: list[str]) -> list[File]:
        """Return what any of the queries finds; a folder that went meanwhile holds nothing."""
        try:
            return self._api.all(f"trashed = false and ({' or '.join(parts)})", "names in folders")
        except Vanished:
            return [file for part in parts for file in self._siblings([part])] if parts[1:] else []

    def _queries(self, by_folder: dict[str, dict[str, File]]) -> Iterator[list[str]]:
        """Yield queries for what has the names of files in their folders, some to a request."""
        parts: list[str] = []
        for folder, files in by_folder.items():
            for plain in {self._documents.plain(file) for file in files.values()} if folder else ():
                part = f"({quoted(folder)} in parents and ({self._places.name_query([plain])}))"
                if parts and sum(map(len, [*parts, part])) > _QUERY:
                    yield parts
                    parts = []
                parts.append(part)
        if parts:
            yield parts

    # Channels

    def open_channel(self, address: str, channel: str, secret: str, expires: float) -> Channel:
        """Open a channel, which lasts a week at most."""
        until = min(expires, time.time() + WEEK)
        answer = self._api.watch(
            self.start_cursor(),
            {
                "id": channel,
                "type": "web_hook",
                "address": address,
                "token": secret,
                "expiration": str(int(until * 1000)),
            },
        )
        return Channel(channel, secret, answer.expiration / 1000 or until, answer.resource_id)

    def renew_channel(self, channel: Channel, address: str, expires: float) -> Channel:
        """Return another channel: none can be renewed, so the old one overlaps with it."""
        return self.open_channel(address, str(uuid.uuid4()), channel.secret, expires)

    def close_channel(self, channel: Channel) -> None:
        """Close a channel; it need not be there any more."""
        with suppress(Vanished):
            self._api.stop(channel.id, channel.token)
