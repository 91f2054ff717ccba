"""Writing files: what goes where, under which precondition, and the proof of it.

A new file is made with ``conflictBehavior`` *fail*; one that replaces goes to the item itself,
under the eTag that it had when its version was looked at just before.

Files go through upload sessions, small ones too, since only a session sets the modified time
together with the content: to set it afterwards is a second request as well, leaves a file with a
wrong time if nobody comes to it, and makes a second version of the file on business drives
(https://github.com/OneDrive/onedrive-api-docs/issues/778). Only what is empty, which a session
cannot hold, what has no time to set, and what a session is refused for goes by one plain request.
Its time is then set under the eTag that the first answer told, and the second answer tells the
version. Whoever dies in between leaves the content with the time of its upload: the journal's
recovery knows the file by its hash and takes the time for an edit; the next look brings that time
to the other endpoints, or another upload's to it, and no byte is sent for it.

SharePoint writes properties into documents that it is given, mostly Office's, so that what stands
there afterwards is not what was sent, though all of it was accepted
(https://github.com/OneDrive/onedrive-api-docs/issues/935). To send it again would bring the same
about, without an end. The answer then has no version and no hash: base takes the upload for done,
and the next look finds, at this endpoint alone, an edit. What SharePoint made of the document goes
to the other endpoints once, and nothing comes back here.
"""

import tempfile
from collections.abc import Iterable
from contextlib import suppress
from typing import IO

import msgspec
from msgspec import structs

from syncoxiders.adapters.providers.onedrive._client import Client
from syncoxiders.adapters.providers.onedrive._errors import Meaning
from syncoxiders.adapters.providers.onedrive._items import (
    Item,
    LeftOut,
    check_name,
    hashes_of,
    is_file,
    may_be_rewritten,
    size_of,
    times,
)
from syncoxiders.adapters.providers.onedrive._places import Places, below
from syncoxiders.adapters.providers.onedrive._read import open_version
from syncoxiders.adapters.providers.onedrive._uploads import Piece, Uploads
from syncoxiders.adapters.providers.onedrive.limits import Limits
from syncoxiders.core import hashes, names
from syncoxiders.core.digests import QUICKXOR, Digests, digests_of
from syncoxiders.core.model import Entry, Kind, Ref
from syncoxiders.ports.errors import (
    Denied,
    Occupied,
    ProviderError,
    Refused,
    Stale,
)
from syncoxiders.ports.provider import Attributes

BEHAVIOR = "@microsoft.graph.conflictBehavior"
REPLACING: Meaning = {409: Stale}


class Target(msgspec.Struct, frozen=True):
    """Where content goes, and which item stands there, with its eTag; both empty for nothing."""

    parent: Ref
    name: str
    mtime_ns: int | None = None
    item: str = ""
    etag: str = ""

    @property
    def path(self) -> str:
        """The path, for a person."""
        return below(self.parent, self.name)

    @property
    def precondition(self) -> dict[str, str]:
        """The headers that let nothing else be replaced."""
        return {"If-Match": self.etag} if self.item else {}

    @property
    def behavior(self) -> str:
        """What becomes of what stands at the place."""
        return "replace" if self.item else "fail"

    @property
    def meaning(self) -> Meaning:
        """What statuses mean to a write there."""
        return REPLACING if self.item else {}


class Held(Denied):
    """A session is refused since another one that nobody ends is open for the name."""


class Writer:
    """Uploads, and what sessions have in common with them."""

    def __init__(self, client: Client, places: Places, limits: Limits) -> None:
        self.client = client
        self.places = places
        self.limits = limits
        self.uploads = Uploads(client)

    def target(
        self, parent: Ref, name: str, attributes: Attributes, replaces: tuple[Ref, str] | None
    ) -> Target:
        """Return where an upload goes. Raises Refused, Stale, Vanished."""
        check_name(name, self.places.traits)
        if attributes.kind is not Kind.FILE:
            raise Refused("OneDrive keeps no symbolic links")
        if replaces is None:
            return Target(parent, name, attributes.mtime_ns)
        item = self.places.expected(*replaces)
        if not is_file(item):
            raise Stale(f"{replaces[0].path} is no file")
        same = names.folded(item["name"], self.places.traits) == names.folded(
            name, self.places.traits
        )
        if not same or self.places.parent_of(item) != parent.id:
            raise Stale(f"{replaces[0].path} was moved")
        return Target(parent, name, attributes.mtime_ns, item["id"], item["eTag"])

    def upload(
        self, target: Target, chunks: Iterable[memoryview | bytes], *, verify: bool
    ) -> Entry:
        """Write content, once all of it is here: a session is told its size beforehand."""
        digests = Digests([QUICKXOR] if verify else [])
        with tempfile.SpooledTemporaryFile(max_size=self.limits.chunk) as file:
            for chunk in chunks:
                digests.update(chunk)
                file.write(chunk)
            file.seek(0)
            item = self._send(target, file, digests.size)
        return self.written(target, item, digests.size, digests.text(), verify=verify)

    def _send(self, target: Target, file: IO[bytes], size: int) -> Item:
        if size == 0 or (target.mtime_ns is None and size <= self.limits.single):
            return self._whole(target, file.read())
        try:
            return self._by_session(target, file, size)
        except Held:
            if size > self.limits.single:
                raise
        file.seek(0)
        return self._whole(target, file.read())

    # Whole

    def _whole(self, target: Target, data: bytes) -> Item:
        """Write a file by one request, and set its time by another."""
        item = self._put(target, data)
        told = times(target.mtime_ns)
        if told is None:
            return item
        with suppress(Stale):  # somebody has written since, and that shows as an edit
            item = self.client.call(
                "PATCH",
                self.places.address(item["id"]),
                target.path,
                json={"fileSystemInfo": told},
                headers={"If-Match": item["eTag"]},
            )
        return item

    def _put(self, target: Target, data: bytes) -> Item:
        headers = {"Content-Type": "application/octet-stream", **target.precondition}
        with self.places.writing_into(target.parent):
            return self.client.call(
                "PUT",
                f"{self._address(target)}/content?{BEHAVIOR}={target.behavior}",
                target.path,
                content=data,
                headers=headers,
                repeatable=False,
                meaning=target.meaning,
            )

    def _address(self, target: Target) -> str:
        if target.item:
            return self.places.address(target.item)
        return self.places.child(target.parent, target.name)

    # By a session

    def begin(self, target: Target, size: int) -> tuple[str, float]:
        """Open a session and return its address, which is secret, and when it ends.

        On business drives a name for which a session is open is taken, though nothing stands
        there (https://github.com/OneDrive/onedrive-api-docs/issues/747): Held.
        """
        about: dict[str, object] = {BEHAVIOR: target.behavior}
        told = times(target.mtime_ns)
        if told is not None:
            about["fileSystemInfo"] = told
        if self.places.personal:  # others do not take it
            about["fileSize"] = size
        with self.places.writing_into(target.parent):
            try:
                return self.uploads.begin(
                    self._address(target), target.path, about, target.precondition
                )
            except Occupied as error:
                if self._is_free(target):
                    raise Held(
                        f"{target.path}: an upload of it was broken off, and Microsoft keeps its "
                        "name until that upload ends by itself"
                    ) from error
                if target.item:
                    raise Stale(f"{target.path} is not what was expected") from error
                raise

    def _is_free(self, target: Target) -> bool:
        """Say whether just what was expected stands at a place."""
        there = self.places.standing(target.parent, target.name)
        if there is None:
            return not target.item
        return (there["id"], there["eTag"]) == (target.item, target.etag)

    def _by_session(self, target: Target, file: IO[bytes], size: int) -> Item:
        url, _ = self.begin(target, size)
        try:
            offset = 0
            while True:
                data = file.read(self.limits.chunk)
                part = Piece(url, target.path, offset, data, size)
                if part.end == size:
                    return self.complete(target, part)
                self.uploads.append(part)
                offset = part.end
        except BaseException:
            with suppress(ProviderError):
                self.uploads.cancel(url)
            raise

    def complete(self, target: Target, piece: Piece) -> Item:
        """Send a session's last piece, which puts the file in its place; returns the item.

        What is to be replaced is looked at just before, since the reference only says that the
        session's first request honours If-Match. Whoever writes in the moment that is left finds
        the own content in the file's versions.
        """
        if target.item:
            there = self.places.item(Ref(target.item, target.path))
            if there is None or there["eTag"] != target.etag:
                raise Stale(f"{target.path} is not what was expected")
        with self.places.writing_into(target.parent):
            return self.uploads.complete(piece, target.meaning)

    # Proof

    def written(self, target: Target, item: Item, size: int, own: str, *, verify: bool) -> Entry:
        """Return the entry of what was written, proved by its hash.

        ``own`` are the hashes of what was given. What SharePoint rewrote has no version, see the
        module; anything else that is not what was given is taken back: Stale.
        """
        equal = size_of(item) == size and hashes.equal(hashes_of(item), own) is not False
        if equal and verify and hashes.equal(hashes_of(item), own) is None:
            item, equal = self._proved(target, item, own)
        if equal:
            entry = self.entry(target, item)
            return structs.replace(entry, hashes=hashes.merged(entry.hashes, own))
        if self._is_rewritten(target, item, size):
            return self.unsettled(target, item)
        self._take_back(target, item)
        raise Stale(f"{target.path} did not arrive as it was sent")

    def unsettled(self, target: Target, item: Item) -> Entry:
        """Return an entry that the next look takes for an edit of what was given."""
        return structs.replace(self.entry(target, item), version="", hashes="")

    def entry(self, target: Target, item: Item) -> Entry:
        """Return the entry of an item that was brought to a target's place."""
        found = self.places.described(item, target.parent.id)
        if isinstance(found, LeftOut):
            raise Refused(f"{target.path} {found.reason}")
        return found

    def _proved(self, target: Target, item: Item, own: str) -> tuple[Item, bool]:
        """Say whether what stands there is what was given; without a hash it is read."""
        ref = Ref(item["id"], target.path)
        now = self.places.item(ref)
        if now is None or now["eTag"] != item["eTag"]:
            return item, True  # somebody has changed it since: nothing can be proved any more
        equal = hashes.equal(hashes_of(now), own)
        if equal is None:
            reader = open_version(self.client, self.places, ref, self.places.version(now), 0)
            try:
                equal = hashes.equal(digests_of(reader.chunks()).text(), own)
            except Stale:
                return item, True
            finally:
                reader.close()
            now = self.places.item(ref) or now  # having been read, it may have a hash
        return now, bool(equal)

    def _is_rewritten(self, target: Target, item: Item, size: int) -> bool:
        """Say whether the service changed what it was given.

        It does so on business drives only. It took exactly as many bytes as were announced, so
        that another size is its own doing; equal size in another content may be damage, save in
        the documents that it is known to change.
        """
        if self.places.personal:
            return False
        return size_of(item) != size or may_be_rewritten(target.name)

    def _take_back(self, target: Target, item: Item) -> None:
        """Undo a write, unless somebody has written since."""
        address = self.places.address(item["id"])
        with suppress(ProviderError):
            if not target.item:
                self.client.call("DELETE", address, target.path, headers={"If-Match": item["eTag"]})
                return
            now = self.places.item(Ref(item["id"], target.path))
            versions = self.client.call("GET", f"{address}/versions", target.path).get("value", [])
            if now is not None and now["eTag"] == item["eTag"] and len(versions) > 1:
                before = f"{address}/versions/{versions[1]['id']}/restoreVersion"
                self.client.call("POST", before, target.path)
