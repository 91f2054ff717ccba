"""Google Drive as a provider."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing

from syncoxiders.adapters.providers.drive._api import Api
from syncoxiders.adapters.providers.drive._carry import Carrier
from syncoxiders.adapters.providers.drive._change import Changing
from syncoxiders.adapters.providers.drive._documents import Documents, Policy
from syncoxiders.adapters.providers.drive._effects import Effects
from syncoxiders.adapters.providers.drive._feed import Feeding
from syncoxiders.adapters.providers.drive._look import Looking
from syncoxiders.adapters.providers.drive._names import MAX_BYTES
from syncoxiders.adapters.providers.drive._places import BY_ID, Places
from syncoxiders.adapters.providers.drive._read import Reading
from syncoxiders.adapters.providers.drive._resumable import CHUNK
from syncoxiders.adapters.providers.drive._sessions import Sessions
from syncoxiders.adapters.providers.drive._upload import PROOF, Uploading
from syncoxiders.adapters.providers.drive._wire import Wire
from syncoxiders.core import hashes
from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId, Ref, Traits
from syncoxiders.ports.accounts import Account, Tokens
from syncoxiders.ports.errors import ProviderError
from syncoxiders.ports.pace import Pace
from syncoxiders.ports.provider import (
    Attributes,
    Carry,
    FolderDelta,
    Known,
    Page,
    Provider,
    Quota,
    Reader,
    Session,
)
from syncoxiders.ports.push import Channel

TRAITS = Traits(sets_meta=True, max_name=MAX_BYTES)
"""Drive tells names by case and Unicode form, and holds any character (see :mod:`._names`).

It lists hashes of its own accord; those of other algorithms, and of documents, cost a transfer.
What is replaced stays among a file's revisions, what is deleted in the trash, for 30 days
(https://support.google.com/drive/answer/2409045, https://support.google.com/drive/answer/2375102).
"""


class DriveProvider:
    """A folder at Google Drive: all that the port has for a cloud.

    It is a Provider that Rescans, Feeds, SetsMeta, Measures, has Sessions, Copies and Pushes.
    """

    def __init__(
        self, account: Account, tokens: Tokens, root: str, *, pace: Pace, documents: Policy
    ) -> None:
        self.account = account
        settings = account.settings
        self._wire = Wire(tokens, account.name)
        self._api = Api(
            self._wire,
            pace,
            settings.get("url", ""),
            drive_id=settings.get("drive_id", ""),
            inside=root.removeprefix(BY_ID) if root.startswith(BY_ID) else "",
        )
        shown = Documents(documents)
        self._places = places = Places(self._api, shown, root)
        self._reading = Reading(self._api, places, shown)
        self._effects = effects = Effects(self._api, places, self._reading)
        self._uploading = Uploading(self._api, places, shown, effects)
        self._sessions = Sessions(self._api, places, effects, self._uploading)
        self._changing = Changing(self._api, places, shown, effects)
        self._looking = Looking(self._api, places, shown)
        self._feeding = Feeding(self._api, places, shown)
        self._documents = shown

    @property
    def traits(self) -> Traits:
        """What the planner must know of this provider."""
        return TRAITS

    def close(self) -> None:
        """Close what connections are held."""
        self._wire.close()

    # Looking

    def root(self) -> str:
        """Return the id of the root folder."""
        return self._places.mark()

    def get(self, ref: Ref) -> Entry | None:
        """Return the entry as it stands now, wherever that is; None if it is deleted or trashed."""
        places = self._places
        if ref.id == ROOT_ENTRY:
            places.check_root()
            return places.root_entry()
        file = self._api.find(ref.id)
        if file is None or file.trashed or self._documents.left_out(file):
            places.check_root()
            return None
        return places.entry(file, places.name_of(file, ref.path.rpartition("/")[2]))

    def at(self, parent: Ref, name: str) -> Entry | None:
        """Return what stands at the place now, or None."""
        found = self._places.at(self._places.drive_id(parent.id), name)
        return None if found is None else self._places.entry(found, name)

    def read(self, ref: Ref, version: str, offset: int = 0) -> Reader:
        """Begin to read the version from a byte on."""
        return self._reading.open(ref, version, offset)

    def hash(self, ref: Ref, version: str, algorithms: Sequence[str] = (hashes.OWN,)) -> str:
        """Return the content hashes of the version."""
        return self._reading.hash(ref, version, algorithms)

    def rescan(self, known: Known, folders: Iterable[Ref] | None = None) -> Iterator[FolderDelta]:
        """Compare the tree, or these folders, with what is known."""
        return self._looking.rescan(known, folders)

    def start_cursor(self) -> str:
        """Return a cursor for changes from now on."""
        return self._feeding.start_cursor()

    def changes(self, cursor: str) -> Page:
        """Return the changes after the cursor."""
        return self._feeding.changes(cursor)

    def heirs(self, places: Iterable[tuple[EntryId, str]]) -> list[Entry]:
        """Return what is shown by now under names that were left, each with its folder's id."""
        return self._feeding.heirs(places)

    def quota(self) -> Quota:
        """Return how much of the account's storage is used."""
        told = self._api.storage()
        return Quota(told.usage, told.limit)

    # Writing

    def make_folder(self, parent: Ref, name: str) -> Entry:
        """Create a folder."""
        return self._changing.make_folder(parent, name)

    def upload(
        self,
        parent: Ref,
        name: str,
        chunks: Iterable[memoryview | bytes],
        *,
        size: int,  # noqa: ARG002 -- a hint, not needed
        attributes: Attributes,
        replaces: tuple[Ref, str] | None = None,
        keep: bool = False,  # noqa: ARG002 -- Drive keeps what is replaced in any case
        verify: bool = True,
    ) -> Entry:
        """Write content; what is replaced stays among the file's revisions."""
        target = self._uploading.aim(parent, name, attributes, replaces)
        return self._uploading.write(target, chunks, verify=verify)

    def can_carry(self, source: Provider) -> bool:
        """Say whether files are taken from another provider: from anybody."""
        del source
        return True

    def carry(
        self, source: Provider, items: Sequence[Carry], *, verify: bool = True
    ) -> list[Entry | ProviderError]:
        """Read many small files and bring them here, looking at their places all together."""
        carrier = Carrier(self._places, self._effects, self._uploading, verify=verify)
        return carrier.carry(source, items)

    def move(self, ref: Ref, version: str, parent: Ref, name: str) -> Entry:
        """Bring an entry to a place where nothing stands, with one request."""
        return self._changing.move(ref, version, parent, name)

    def delete(self, ref: Ref, version: str) -> None:
        """Bring a file or empty folder to the trash."""
        self._changing.delete(ref, version)

    def set_meta(self, ref: Ref, version: str, attributes: Attributes) -> Entry:
        """Set the modified time."""
        return self._changing.set_meta(ref, version, attributes)

    def settle(self) -> None:
        """Do nothing: what Drive has said to be written is."""

    # Uploads that survive the process

    @property
    def upload_hashes(self) -> tuple[str, ...]:
        """What every file at Drive has, besides our own, which nearly all have."""
        return PROOF

    def session_chunk(self, size: int) -> int:
        """Return how many bytes each chunk but the last has."""
        del size
        return CHUNK

    def begin(
        self,
        parent: Ref,
        name: str,
        *,
        size: int,
        attributes: Attributes,
        replaces: tuple[Ref, str] | None = None,
        keep: bool = False,  # noqa: ARG002 -- as for uploads
    ) -> Session:
        """Open an upload."""
        return self._sessions.begin(self._uploading.aim(parent, name, attributes, replaces), size)

    def append(self, session: Session, chunk: memoryview | bytes, *, last: bool) -> Session:
        """Send the bytes from the session's offset on."""
        return self._sessions.append(session, chunk, last=last)

    def resume(self, session: Session) -> Session | None:
        """Return the session as Google has it."""
        return self._sessions.resume(session)

    def finish(self, session: Session, hashes: str) -> Entry:
        """Make sure of what was written, and return it."""
        return self._sessions.finish(session, hashes)

    def abandon(self, session: Session) -> None:
        """Give an upload up."""
        self._sessions.abandon(session)

    # Copies within the account

    def can_copy(self, source: Provider) -> bool:
        """Say whether another endpoint is of the same account."""
        return isinstance(source, DriveProvider) and source.account == self.account

    def copy(
        self, source: Ref, version: str, parent: Ref, name: str, attributes: Attributes
    ) -> Entry:
        """Make a new file of a version."""

        def fetch() -> Entry:
            with closing(self.read(source, version)) as reader:
                return self.upload(parent, name, reader.chunks(), size=0, attributes=attributes)

        return self._changing.copy(source, version, parent, name, attributes, fetch=fetch)

    # Pushes

    def open_channel(self, address: str, channel: str, secret: str, expires: float) -> Channel:
        """Open a channel under an id and a secret of ours; it lasts a week at most."""
        return self._feeding.open_channel(address, channel, secret, expires)

    def renew_channel(self, channel: Channel, address: str, expires: float) -> Channel:
        """Return another channel that overlaps with this one."""
        return self._feeding.renew_channel(channel, address, expires)

    def close_channel(self, channel: Channel) -> None:
        """Close a channel; it need not be there any more."""
        self._feeding.close_channel(channel)
