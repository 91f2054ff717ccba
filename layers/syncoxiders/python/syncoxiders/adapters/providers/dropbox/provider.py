"""A folder of a Dropbox as a storage provider.

- Entries go by Dropbox's ids, which survive moves; a new file at an old path has a new id. The
  root is Dropbox's folder at a path, told of as ``/``.
- A version speaks of content and modified time (:mod:`._metadata`), never of ``rev``; a write
  looks for the revision of the version that is expected and then names it to Dropbox, which
  refuses any other (:mod:`._write`). Deletions name it, too (``parent_rev``).
- Moving and copying, and deleting a folder, have no precondition at Dropbox: what is there is
  looked at just before, and what was moved or copied just after. A folder that is filled between
  a look at it and its deletion goes to Dropbox's deleted files with what is in it.
- One writer at a time holds the lock of a namespace, so that each write goes through the pace as
  one; many small files are committed by one write (:mod:`._batch`).
- What was deleted or replaced can be had back from Dropbox for 30 days at least.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from syncoxiders.adapters.providers.dropbox._batch import Carrier
from syncoxiders.adapters.providers.dropbox._client import Client
from syncoxiders.adapters.providers.dropbox._listing import Listing
from syncoxiders.adapters.providers.dropbox._metadata import (
    TRAITS,
    check_name,
)
from syncoxiders.adapters.providers.dropbox._places import Places, below
from syncoxiders.adapters.providers.dropbox._read import Download, open_version
from syncoxiders.adapters.providers.dropbox._relocate import Relocator
from syncoxiders.adapters.providers.dropbox._sdk import files
from syncoxiders.adapters.providers.dropbox._sessions import Continued
from syncoxiders.adapters.providers.dropbox._write import Writer, entry_at
from syncoxiders.adapters.providers.dropbox.policies import Documents, Limits
from syncoxiders.core import hashes
from syncoxiders.core.digests import DROPBOX, digests_of
from syncoxiders.core.model import Entry, Ref, Traits
from syncoxiders.ports.accounts import Account, Tokens
from syncoxiders.ports.errors import NotEmpty, ProviderError, Stale
from syncoxiders.ports.pace import Pace
from syncoxiders.ports.provider import (
    Attributes,
    Carry,
    FolderDelta,
    Known,
    Page,
    Provider,
    Quota,
    Session,
)


class DropboxProvider:
    """A :class:`~syncoxiders.ports.provider.Provider`; see the module.

    It also ``Rescans``, ``Feeds``, ``Copies``, ``Carries``, ``Measures`` and has ``Sessions``.
    """

    upload_hashes = (DROPBOX,)

    def __init__(
        self,
        account: Account,
        tokens: Tokens,
        root: str,
        *,
        pace: Pace,
        documents: Documents,
        limits: Limits,
        timeout: float,
    ) -> None:
        self.account = account
        self._limits = limits
        self._client = Client(account, tokens, pace, timeout)
        self._places = Places(self._client, root, documents)
        self._writer = Writer(self._client, self._places, limits)
        self._relocator = Relocator(self._client, self._places, self._writer)
        self._listing = Listing(self._client, self._places, self._relocator)
        self._sessions = Continued(self._writer)

    @property
    def traits(self) -> Traits:
        """What the planner must know of a Dropbox."""
        return TRAITS

    def close(self) -> None:
        """Close what connections are held."""
        self._client.close()

    # Looking

    def root(self) -> str:
        """Return the id of the root folder, or of the account whose whole Dropbox it is."""
        return self._places.find_root().id if self._places.path else self._places.account()

    def get(self, ref: Ref) -> Entry | None:
        """Return the entry as it stands now; what stands outside the root is not there."""
        return self._places.get(ref)

    def at(self, parent: Ref, name: str) -> Entry | None:
        """Return what stands at the place now."""
        return self._places.at(parent, name)

    def rescan(self, known: Known, folders: Iterable[Ref] | None = None) -> Iterator[FolderDelta]:
        """Compare the whole tree, by one recursive listing, or just these folders."""
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
        """Return the content hashes of the version; for all but Dropbox's own it is read."""
        if tuple(algorithms) == (DROPBOX,):
            content_hash = self._places.expected(ref, version).content_hash
            if content_hash:
                return hashes.encode({DROPBOX: content_hash})
        reader = self.read(ref, version)
        try:
            return digests_of(reader.chunks(), [DROPBOX, *algorithms]).text()
        finally:
            reader.close()

    # Writing

    def make_folder(self, parent: Ref, name: str) -> Entry:
        """Create a folder; where its parent goes at that moment, that is made anew.

        Of all that is written only folders cannot be addressed by their parent's id.
        """
        check_name(name)
        path = f"{self._places.path_of(parent)}/{name}"
        try:
            made = self._client.call(
                lambda api: api.files_create_folder_v2(path),
                below(parent, name),
                repeatable=False,
                writes=True,
            )
        except ProviderError as error:
            raise self._places.judge(error, parent) from error
        return entry_at(made.metadata, parent)

    def upload(
        self,
        parent: Ref,
        name: str,
        chunks: Iterable[memoryview | bytes],
        *,
        size: int,  # noqa: ARG002 -- a hint: what comes is counted
        attributes: Attributes,
        replaces: tuple[Ref, str] | None = None,
        keep: bool = False,  # noqa: ARG002 -- Dropbox keeps every replaced revision
        verify: bool = True,
    ) -> Entry:
        """Write content; what is larger than one request goes through a session."""
        target = self._writer.target(parent, name, attributes, replaces)
        return self._writer.upload(target, chunks, verify=verify)

    def move(self, ref: Ref, version: str, parent: Ref, name: str) -> Entry:
        """Bring an entry to a place where nothing stands."""
        return self._relocator.move(ref, version, parent, name)

    def delete(self, ref: Ref, version: str) -> None:
        """Delete a file or empty folder, to Dropbox's deleted files."""
        metadata = self._places.expected(ref, version)
        rev = None
        if isinstance(metadata, files.FileMetadata):
            rev = metadata.rev
        elif not self._listing.is_empty(ref):
            raise NotEmpty(f"{ref.path} is not empty")
        self._client.call(
            lambda api: api.files_delete_v2(ref.id, parent_rev=rev),
            ref.path,
            repeatable=False,
            writes=True,
            meaning={"conflict": Stale},
        )

    def settle(self) -> None:
        """Dropbox answers a write when it is kept."""

    # Sessions

    def session_chunk(self, size: int) -> int:
        """Return how many bytes each chunk has, but the last: a multiple of 4 MiB."""
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
        del size, keep
        return self._sessions.begin(parent, name, attributes, replaces)

    def append(self, session: Session, chunk: memoryview | bytes, *, last: bool) -> Session:
        """Send the bytes from ``session.offset`` on."""
        del last
        return self._sessions.append(session, chunk)

    def resume(self, session: Session) -> Session | None:
        """Return the session as Dropbox has it."""
        return self._sessions.resume(session)

    def finish(self, session: Session, hashes: str) -> Entry:
        """Put the content in its place and return the entry."""
        return self._sessions.finish(session, hashes)

    def abandon(self, session: Session) -> None:
        """Give an upload up."""
        self._sessions.abandon(session)

    # Copying and carrying

    def can_copy(self, source: Provider) -> bool:
        """Say whether a provider is of the same account."""
        return isinstance(source, DropboxProvider) and source.account == self.account

    def copy(
        self, source: Ref, version: str, parent: Ref, name: str, attributes: Attributes
    ) -> Entry:
        """Make a new file of a version, which keeps the modified time of its source.

        Another time cannot be set; the answer tells.
        """
        del attributes
        return self._relocator.copy(source, version, parent, name)

    def can_carry(self, source: Provider) -> bool:
        """Take files from everybody."""
        del source
        return True

    def carry(
        self, source: Provider, items: Sequence[Carry], *, verify: bool = True
    ) -> list[Entry | ProviderError]:
        """Read many small files and bring them here by few requests."""
        return Carrier(self._writer, verify=verify).carry(source, items)

    # Measuring

    def quota(self) -> Quota:
        """Return what is used and allotted: to the account, or to its team where that counts."""
        usage: Any = self._client.call(lambda api: api.users_get_space_usage())
        allocation = usage.allocation
        if allocation.is_individual():
            return Quota(usage.used, allocation.get_individual().allocated)
        if allocation.is_team():
            team = allocation.get_team()
            own = team.user_within_team_space_allocated
            return Quota(usage.used, own) if own else Quota(team.used, team.allocated)
        return Quota(usage.used)
