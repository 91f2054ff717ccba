"""A folder of a OneDrive, or of a SharePoint library, as a storage provider.

- Entries go by Graph's ids, which survive moves within a drive. The root is the folder at a path,
  told of as ``/``.
- A version speaks of content and modified time (:mod:`._items`), never of the eTag, which changes
  with a rename as well; a write looks for the eTag of the version that is expected and then names
  it, and Graph refuses any other (:mod:`._write`, :mod:`._change`).
- What was replaced stays as a version, what was deleted in the recycle bin.
- Notebooks of OneNote, and shortcuts to what others share, are reported and not entered.
- Graph copies by itself, but only some time after it was asked to, and gives the copy a new
  modified time. To wait for it is not an adapter's, and to have the account pause for it would hold
  up everything else; so files are copied here by reading and writing.
"""

from collections.abc import Iterable, Iterator, Sequence

from syncoxiders.adapters.providers.onedrive._change import Changer
from syncoxiders.adapters.providers.onedrive._channels import Channels
from syncoxiders.adapters.providers.onedrive._client import Client
from syncoxiders.adapters.providers.onedrive._items import hashes_of, is_file
from syncoxiders.adapters.providers.onedrive._listing import Listing
from syncoxiders.adapters.providers.onedrive._places import Places
from syncoxiders.adapters.providers.onedrive._read import Download, open_version
from syncoxiders.adapters.providers.onedrive._sessions import Continued
from syncoxiders.adapters.providers.onedrive._write import Writer
from syncoxiders.adapters.providers.onedrive.limits import Limits
from syncoxiders.core import hashes
from syncoxiders.core.digests import QUICKXOR, digests_of
from syncoxiders.core.model import Entry, Ref, Traits
from syncoxiders.ports.accounts import Account, Tokens
from syncoxiders.ports.pace import Pace
from syncoxiders.ports.provider import Attributes, FolderDelta, Known, Page, Quota, Session
from syncoxiders.ports.push import Channel


class OneDriveProvider:
    """A :class:`~syncoxiders.ports.provider.Provider`; see the module.

    It also ``Rescans``, ``Feeds``, ``SetsMeta``, ``Measures``, ``Pushes`` and has ``Sessions``.
    """

    upload_hashes = (QUICKXOR,)

    def __init__(
        self,
        account: Account,
        tokens: Tokens,
        root: str,
        *,
        pace: Pace,
        limits: Limits,
        timeout: float,
    ) -> None:
        self._limits = limits
        self._client = Client(account, tokens, pace, timeout)
        self._places = Places(self._client, root, account.settings)
        self._listing = Listing(self._client, self._places)
        self._changer = Changer(self._client, self._places, self._listing)
        self._writer = Writer(self._client, self._places, limits)
        self._sessions = Continued(self._writer)
        self._channels = Channels(self._client, self._places)

    @property
    def traits(self) -> Traits:
        """What the planner must know of the drive."""
        return self._places.traits

    def close(self) -> None:
        """Close what connections are held."""
        self._client.close()

    # Looking

    def root(self) -> str:
        """Return the id of the root folder."""
        return self._places.find_root().id

    def get(self, ref: Ref) -> Entry | None:
        """Return the entry as it stands now; what stands outside the root is not there."""
        return self._places.get(ref)

    def at(self, parent: Ref, name: str) -> Entry | None:
        """Return what stands at the place now."""
        return self._places.at(parent, name)

    def rescan(self, known: Known, folders: Iterable[Ref] | None = None) -> Iterator[FolderDelta]:
        """Compare the whole tree, or just these folders."""
        return self._listing.rescan(known, folders)

    def start_cursor(self) -> str:
        """Return a cursor for changes from now on."""
        return self._listing.start_cursor()

    def changes(self, cursor: str) -> Page:
        """Return the changes after the cursor. Raises CursorExpired, RootLost."""
        return self._listing.changes(cursor)

    # Reading

    def read(self, ref: Ref, version: str, offset: int = 0) -> Download:
        """Begin to read the version from a byte on."""
        return open_version(self._client, self._places, ref, version, offset)

    def hash(self, ref: Ref, version: str, algorithms: Sequence[str] = (hashes.OWN,)) -> str:
        """Return the content hashes of the version; it is read for those that are not told."""
        item = self._places.expected(ref, version)
        told = hashes_of(item) if is_file(item) else ""
        if told and hashes.decode(told).keys() >= set(algorithms):
            return told
        reader = self.read(ref, version)
        try:
            return digests_of(reader.chunks(), [QUICKXOR, *algorithms]).text()
        finally:
            reader.close()

    # Writing

    def make_folder(self, parent: Ref, name: str) -> Entry:
        """Create a folder."""
        return self._changer.make_folder(parent, name)

    def upload(
        self,
        parent: Ref,
        name: str,
        chunks: Iterable[memoryview | bytes],
        *,
        size: int,  # noqa: ARG002 -- a hint: what comes is counted
        attributes: Attributes,
        replaces: tuple[Ref, str] | None = None,
        keep: bool = False,  # noqa: ARG002 -- OneDrive keeps every replaced version
        verify: bool = True,
    ) -> Entry:
        """Write content, once all of it has come."""
        target = self._writer.target(parent, name, attributes, replaces)
        return self._writer.upload(target, chunks, verify=verify)

    def move(self, ref: Ref, version: str, parent: Ref, name: str) -> Entry:
        """Bring an entry to a place where nothing stands."""
        return self._changer.move(ref, version, parent, name)

    def delete(self, ref: Ref, version: str) -> None:
        """Delete a file or empty folder, to the recycle bin."""
        self._changer.delete(ref, version)

    def set_meta(self, ref: Ref, version: str, attributes: Attributes) -> Entry:
        """Set the modified time; there is no executable bit."""
        return self._changer.set_times(ref, version, attributes)

    def settle(self) -> None:
        """OneDrive answers a write when it is kept."""

    # Sessions

    def session_chunk(self, size: int) -> int:
        """Return how many bytes each chunk has, but the last: a multiple of 320 KiB."""
        del size
        return self._limits.chunk

    def begin(
        self,
        parent: Ref,
        name: str,
        *,
        size: int,
        attributes: Attributes,
        replaces: tuple[Ref, str] | None = None,
        keep: bool = False,
    ) -> Session:
        """Open an upload, unless it shows already that it would end in vain."""
        del keep
        return self._sessions.begin(parent, name, size, attributes, replaces)

    def append(self, session: Session, chunk: memoryview | bytes, *, last: bool) -> Session:
        """Send the bytes from ``session.offset`` on; the last ones put the file in its place."""
        return self._sessions.append(session, chunk, last=last)

    def resume(self, session: Session) -> Session | None:
        """Return the session as OneDrive has it."""
        return self._sessions.resume(session)

    def finish(self, session: Session, hashes: str) -> Entry:
        """Prove what is in its place, and return the entry."""
        return self._sessions.finish(session, hashes)

    def abandon(self, session: Session) -> None:
        """Give an upload up."""
        self._sessions.abandon(session)

    # Measuring

    def quota(self) -> Quota:
        """Return what is used and what there is, of the person's or the site's storage."""
        told = self._client.call("GET", self._places.base).get("quota") or {}
        return Quota(int(told.get("used") or 0), int(told.get("total") or 0))

    # Pushes

    def open_channel(self, address: str, channel: str, secret: str, expires: float) -> Channel:
        """Open a channel, which lives for 29 days at most."""
        return self._channels.open(address, channel, secret, expires)

    def renew_channel(self, channel: Channel, address: str, expires: float) -> Channel:
        """Let a channel live longer."""
        return self._channels.renew(channel, address, expires)

    def close_channel(self, channel: Channel) -> None:
        """Close a channel."""
        self._channels.close(channel)
