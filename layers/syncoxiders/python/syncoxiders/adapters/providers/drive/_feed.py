"""The change feed, and the channels by which Drive pushes that there is something in it."""

import time
import urllib.parse
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from syncoxiders.adapters.providers.drive._api import Api, quoted
from syncoxiders.adapters.providers.drive._documents import Documents
from syncoxiders.adapters.providers.drive._files import File
from syncoxiders.adapters.providers.drive._places import Places
from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId
from syncoxiders.ports.errors import Vanished
from syncoxiders.ports.provider import Change, Page
from syncoxiders.ports.push import Channel

WEEK = 7 * 86_400.0
"""How long a channel for changes can last.

https://developers.google.com/workspace/drive/api/guides/push#optional-properties
"""

_QUERY = 1500
"""Characters of a query as it is encoded, so that its address stays within 2 KB."""

_OR, _FOLDER = 4, 80
"""Characters that join conditions, and that a folder takes."""


class Feeding:
    """Tells what has changed, and has Drive tell that something has."""

    def __init__(self, api: Api, places: Places, documents: Documents) -> None:
        self._api = api
        self._places = places
        self._documents = documents

    def start_cursor(self) -> str:
        """Return a cursor for changes from now on."""
        self._places.check_root()
        return self._api.start_token()

    def changes(self, cursor: str) -> Page:
        """Return the changes after the cursor.

        The feed is the whole drive's: entries outside the root are passed on. Something removed
        may be deleted, or not be shared with the account any more; something trashed is gone.
        What has the name of something that came or went is told of as well, since it may be
        shown under another name now. Of something that was renamed or moved Drive does not tell
        what it had been called: whoever knows that asks for the :meth:`heirs` of the name.
        """
        root = self._places.root
        page = self._api.changes(cursor)
        # Of the drive itself nothing is told, nor of the root, of which its own check tells.
        items = [item for item in page.changes if item.file_id not in {"", root}]
        told = {item.file_id: item.file for item in items if not item.removed}
        shown = self._shown([file for file in told.values() if file is not None])
        changes: list[Change] = []
        for item in items:
            entry = shown.pop(item.file_id, None)
            if item.removed or item.file is None:
                changes.append(Change(id=item.file_id, lost=True))
            elif item.file.trashed:
                changes.append(Change(id=item.file_id))
            elif entry is not None:
                changes.append(Change(entry))
        changes += [Change(entry) for entry in shown.values()]
        more = bool(page.next_page_token)
        return Page(page.next_page_token or page.new_start_page_token, more, tuple(changes))

    def heirs(self, places: Iterable[tuple[EntryId, str]]) -> list[Entry]:
        """Return what is shown by now under names that were left, each with its folder's id."""
        root = self._places.root
        left: dict[str, set[str]] = defaultdict(set)
        for folder, name in places:
            left[root if folder == ROOT_ENTRY else folder].add(name)
        by_folder: dict[str, dict[str, File]] = defaultdict(dict)
        for query in self._queries(left):
            for file in self._siblings(query):
                if self._documents.plain(file) in left[file.parent]:
                    by_folder[file.parent][file.id] = file
        return [
            self._places.entry(inside[file_id], name)
            for folder, inside in by_folder.items()
            for file_id, name in self._places.names(inside.values()).items()
            if name in left[folder]
        ]

    def _shown(self, files: list[File]) -> dict[str, Entry]:
        """Return, by id, files and what has their names in their folders, as they are shown."""
        told = {file.id for file in files}
        by_folder: dict[str, dict[str, File]] = defaultdict(dict)
        plain: dict[str, set[str]] = defaultdict(set)
        for file in files:
            if self._documents.left_out(file):
                continue
            if not file.trashed:
                by_folder[file.parent][file.id] = file
            if file.explicitly_trashed or not file.trashed:  # else its folder went with it
                plain[file.parent].add(self._documents.plain(file))
        for query in self._queries(plain):
            for sibling in self._siblings(query):
                if sibling.id in told:
                    continue
                if self._documents.plain(sibling) in plain[sibling.parent]:
                    by_folder[sibling.parent][sibling.id] = sibling
        return {
            file_id: self._places.entry(inside[file_id], name)
            for inside in by_folder.values()
            for file_id, name in self._places.names(inside.values()).items()
        }

    def _siblings(self, query: Mapping[str, list[str]]) -> list[File]:
        """Return what matches conditions in folders; one that went meanwhile holds nothing."""
        parts = [
            f"({quoted(folder)} in parents and ({' or '.join(names)}))"
            for folder, names in query.items()
        ]
        try:
            return self._api.all(f"trashed = false and ({' or '.join(parts)})", "names in folders")
        except Vanished:
            if len(query) == 1:
                return []
            return [file for each in query.items() for file in self._siblings(dict([each]))]

    def _queries(self, plain: Mapping[str, set[str]]) -> Iterator[Mapping[str, list[str]]]:
        """Yield conditions for what has these names, by folder, as many as fit into a request."""
        query: dict[str, list[str]] = {}
        length = 0
        for folder, names in plain.items():
            for name in sorted(names) if folder else ():
                condition = self._places.name_query([name])
                more = len(urllib.parse.quote_plus(condition)) + _OR
                more += _FOLDER if folder not in query else 0
                if query and length + more > _QUERY:
                    yield query
                    query, length = {}, 0
                    more += _FOLDER
                query.setdefault(folder, []).append(condition)
                length += more
        if query:
            yield query

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
