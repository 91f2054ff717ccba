"""The port to a storage provider.

:class:`Provider` is the small part that every adapter has. What only some can do is a protocol
of its own, asked for with ``isinstance``; the engine never asks for a provider's name.
Adapters hold no tree, never sleep, never retry: errors of :mod:`syncoxiders.ports.errors` say
what should happen next. All calls may be made from several threads.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from syncoxiders.core import hashes
from syncoxiders.core.model import Entry, EntryId, Kind, Ref, Traits
from syncoxiders.ports.errors import ProviderError


class Problem(msgspec.Struct, frozen=True):
    """Something a look had to leave out. ``path`` is below the root; ``reason`` is for a person.

    With ``unreadable`` what stands there (and below) is unknown: nothing that was known there
    may be taken for deleted. Otherwise it was left out on purpose (a special file, say).
    """

    path: str
    reason: str
    unreadable: bool = True


class FolderDelta(msgspec.Struct, frozen=True):
    """How one folder differs from what was known of it.

    ``changed`` are entries that are new here or differ in any field; ``missing`` are ids that
    were known in this folder and do not stand in it any more (they may turn up in another
    folder's ``changed``). A folder without differences yields no delta. One that was to be
    compared may be told of as ``absent`` where it does not stand any more: of what is in it
    nothing was seen.
    """

    folder: EntryId
    changed: tuple[Entry, ...] = ()
    missing: tuple[EntryId, ...] = ()
    problems: tuple[Problem, ...] = ()
    absent: bool = False


class Attributes(msgspec.Struct, frozen=True):
    """What an upload sets besides the bytes; None leaves it to the provider."""

    kind: Kind = Kind.FILE
    mtime_ns: int | None = None
    executable: bool | None = None


class Known(Protocol):
    """What the engine already knows of an endpoint's tree, for a rescan."""

    def children(self, folder: EntryId) -> list[Entry]:
        """Return the entries known to stand in the folder, in no particular order."""


class Reader(Protocol):
    """Content being read, pinned to one version."""

    @property
    def entry(self) -> Entry:
        """The entry as it was when reading began."""

    def chunks(self, size: int = 1 << 20) -> Iterator[memoryview | bytes]:
        """Yield the bytes in order, at most ``size`` at once; a chunk is valid until the next.

        After the last byte it makes sure that the version still stands, else raises
        :class:`~syncoxiders.ports.errors.Changing`.
        """

    def close(self) -> None:
        """Release what reading holds. May be called twice."""


class Provider(Protocol):
    """An endpoint's storage, rooted at the endpoint's folder."""

    @property
    def traits(self) -> Traits:
        """What the planner must know of this provider."""

    def root(self) -> str:
        """Make sure the root is there; return a mark that changes if it is another folder.

        Raises RootLost when it is missing or no folder, Unreachable, Denied.
        """

    def get(self, ref: Ref) -> Entry | None:
        """Return the entry as it stands now, or None where it is known not to be there.

        A provider that has ids finds it wherever it was moved to; one that works by paths
        returns what stands at the path only if it is the entry meant. Raises Unreachable or
        Denied rather than guess.
        """

    def at(self, parent: Ref, name: str) -> Entry | None:
        """Return what stands at the place now, or None."""

    def read(self, ref: Ref, version: str, offset: int = 0) -> Reader:
        """Begin to read the version from a byte on. Raises Stale, Vanished, Denied, Unreachable.

        An ``offset`` at or beyond the end gives no bytes.
        """

    def make_folder(self, parent: Ref, name: str) -> Entry:
        """Create a folder. Raises Occupied, Vanished (no parent), Refused, Full, Denied."""

    def upload(
        self,
        parent: Ref,
        name: str,
        chunks: Iterable[memoryview | bytes],
        *,
        size: int,
        attributes: Attributes,
        replaces: tuple[Ref, str] | None = None,
        keep: bool = False,
        verify: bool = True,
    ) -> Entry:
        """Write content; the place shows the old content or the new, never a part.

        Without ``replaces`` nothing may stand there, else Occupied. With ``replaces`` (an entry
        and its version) exactly that is replaced, else Stale, and what was there stays. With
        ``keep`` the replaced content goes to trash or versions. With ``verify`` what was written
        is proved against what was given. An exception from ``chunks`` leaves nothing behind.
        ``size`` is a hint. Returns the entry with the hash of the bytes given. For links the
        bytes are the target.
        """

    def move(self, ref: Ref, version: str, parent: Ref, name: str) -> Entry:
        """Bring an entry to a place where nothing stands, in one step.

        ``version`` is its expected version ("" for folders). Raises Stale or Vanished if it is
        not there as expected, Occupied if something stands at the place.
        """

    def delete(self, ref: Ref, version: str) -> None:
        """Delete a file, link or *empty* folder, to the trash where there is one.

        Raises Stale, Vanished (it is already gone), NotEmpty.
        """

    def hash(self, ref: Ref, version: str, algorithms: Sequence[str] = (hashes.OWN,)) -> str:
        """Return the content hashes of the version, by these algorithms of :mod:`core.digests`.

        In the form of :mod:`core.hashes`; the bytes are read where the provider does not have
        them. Raises what reading raises.
        """

    def settle(self) -> None:
        """Make everything written so far survive a power loss."""

    def close(self) -> None:
        """Release what is held: connections, processes. Nothing is asked of it afterwards."""


@runtime_checkable
class Rescans(Protocol):
    """A provider that can find changes by comparing with what is known.

    One without a feed has to; one with a feed does so for its first look and after a lost cursor.
    """

    def rescan(self, known: Known, folders: Iterable[Ref] | None = None) -> Iterator[FolderDelta]:
        """Compare the whole tree (or just these folders, without descending into known ones).

        Folders that are new are always descended into. Each delta is complete for its folder.
        """


class Carry(msgspec.Struct, frozen=True, gc=False):
    """A new file to be made from one of another provider; see :meth:`Provider.upload`."""

    source: Ref
    version: str
    parent: Ref
    name: str
    size: int
    attributes: Attributes


@runtime_checkable
class Carries(Protocol):
    """A provider that takes many small files from some other providers at little cost each."""

    def can_carry(self, source: Provider) -> bool:
        """Say whether it takes files from that provider."""

    def carry(
        self, source: Provider, items: Sequence[Carry], *, verify: bool = True
    ) -> list[Entry | ProviderError]:
        """Do for each item what reading it and uploading it without ``replaces`` would.

        Returns what each upload would have returned or raised, in order.
        """


class Change(msgspec.Struct, frozen=True):
    """One event of a change feed: what stands somewhere now, or that something is gone.

    With ``entry`` it stands as told; an ``entry`` whose ``parent`` is ``""`` stands in the folder
    that ``path`` (from the root down, joined by ``/``) names. Without it, ``id`` is gone, or, for
    a feed that does not name ids, whatever stood at ``path``, with everything in it. ``lost``
    marks what may be there still, while we may not see it any more.
    """

    entry: Entry | None = None
    id: EntryId = ""
    path: str = ""
    lost: bool = False


class Page(msgspec.Struct, frozen=True):
    """One page of a change feed, in the order in which it is to be applied: the last one wins.

    It may repeat what was told before, and tell of entries outside the root: those are in
    folders that cannot be followed up to it. Of a folder that was moved, or came into the root,
    its content need not be told.
    """

    cursor: str
    more: bool
    changes: tuple[Change, ...] = ()


@runtime_checkable
class Feeds(Protocol):
    """A provider with a change feed."""

    def start_cursor(self) -> str:
        """Return a cursor for changes from now on."""

    def changes(self, cursor: str) -> Page:
        """Return the changes after the cursor. Raises CursorExpired."""


class Session(msgspec.Struct, frozen=True):
    """An upload under way, to be kept where it survives the process.

    ``token`` is the provider's, opaque and secret. ``offset`` says how many bytes are there,
    ``expires`` until when (seconds since the epoch, 0 if that is not known) it can be continued.
    """

    token: str
    offset: int = 0
    expires: float = 0.0


@runtime_checkable
class TellsApart(Protocol):
    """A provider with a feed that shows entries of one name under names that tell them apart.

    When one of them is renamed or moved another may be shown under the name that it left; the
    feed, which does not know what it had been called, need not tell of that.
    """

    def heirs(self, places: Iterable[tuple[EntryId, str]]) -> list[Entry]:
        """Return what is shown by now under names that were left, each with its folder's id.

        A folder that is gone has nothing. Raises what :meth:`Feeds.changes` raises.
        """


@runtime_checkable
class Sessions(Protocol):
    """A provider whose uploads of large files can be continued by another process.

    Nothing stands at the place before :meth:`finish`, or, where the provider has it so, before
    the last :meth:`append`; the preconditions of :meth:`Provider.upload` hold then as well.
    """

    def session_chunk(self, size: int) -> int:
        """Return how many bytes each chunk of an upload of ``size`` bytes has, but the last."""

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
        """Open an upload. Raises what :meth:`Provider.upload` raises, as far as it shows now."""

    def append(self, session: Session, chunk: memoryview | bytes, *, last: bool) -> Session:
        """Send the bytes from ``session.offset`` on; returns the session to go on with.

        Raises Stale where the provider holds another number of bytes (see :meth:`resume`), or
        the session is no more.
        """

    def resume(self, session: Session) -> Session | None:
        """Return the session as the provider has it, or None if it cannot be continued."""

    def finish(self, session: Session, hashes: str) -> Entry:
        """Put the content in its place and return the entry, as :meth:`Provider.upload` does.

        ``hashes`` are those of all bytes sent: of :attr:`upload_hashes` and our own. What was
        written is proved against them.
        """

    def abandon(self, session: Session) -> None:
        """Give an upload up; it need not be there any more."""

    @property
    def upload_hashes(self) -> tuple[str, ...]:
        """The algorithms, besides our own, by which :meth:`finish` proves what was written."""


@runtime_checkable
class Parts(Protocol):
    """A provider with sessions whose pieces may be sent at the same time, in any order.

    For that :meth:`Sessions.append` is given the session as it was begun, with the ``offset`` of
    each piece; only the last piece has to wait for all others.
    """

    @property
    def at_once(self) -> int:
        """How many pieces of one upload may be under way."""


@runtime_checkable
class Copies(Protocol):
    """A provider that copies within its storage, so that no byte passes through us."""

    def can_copy(self, source: Provider) -> bool:
        """Say whether what another provider has is within the same storage, and copied by it."""

    def copy(
        self, source: Ref, version: str, parent: Ref, name: str, attributes: Attributes
    ) -> Entry:
        """Make a new file of a version. Raises what reading and uploading raise."""


class Quota(msgspec.Struct, frozen=True):
    """How much of an account's storage is used, in bytes; ``total`` is 0 where it has no bound."""

    used: int
    total: int = 0


@runtime_checkable
class Measures(Protocol):
    """A provider that knows how full it is."""

    def quota(self) -> Quota:
        """Return what is used and what there is."""


@runtime_checkable
class SetsMeta(Protocol):
    """A provider that can set modified time and executable bit without a transfer."""

    def set_meta(self, ref: Ref, version: str, attributes: Attributes) -> Entry:
        """Set what is not None; returns the entry with its new version. Raises Stale."""


@runtime_checkable
class Recovers(Protocol):
    """A provider whose interrupted writes may leave something behind."""

    def recover(self, on_rescue: Callable[[str], None]) -> None:
        """Tidy what an interrupted run left; a person's bytes found there are kept.

        ``on_rescue`` is told, in a sentence, of everything that was kept and where.
        """


@runtime_checkable
class Finishes(Protocol):
    """A provider whose effects may take several steps, and so be interrupted half way."""

    def finish_interrupted(self) -> None:
        """Bring such effects to their end before anybody looks: half done they look like people's.

        Not called where nothing may be changed. Raises what :meth:`Provider.root` raises.
        """


Providers = Mapping[str, Provider]
"""The providers of a sync's endpoints, by endpoint id."""
