"""The values that the planner reasons about.

Two trees meet here. The *observed* tree of an endpoint is what its provider reported
(:class:`Entry`, keyed by the provider's id). The *base* tree of a sync is what the endpoints have
agreed on (:class:`Node`, keyed by a number of our own) together with what each endpoint last
confirmed of it (:class:`Replica`). All values are immutable.
"""

import enum
from collections.abc import Mapping
from typing import TypeAlias

import msgspec

EntryId: TypeAlias = str
EndpointId: TypeAlias = str
NodeId: TypeAlias = int

ROOT: NodeId = 0
"""The node of every endpoint's root folder. It is never created, moved or deleted."""

ROOT_ENTRY: EntryId = "/"
"""The entry id under which every provider reports the root folder of an endpoint."""


UNKNOWN_SIZE = -1
"""The size of what has none before it is read, as the export of an online document."""


class Kind(enum.StrEnum):
    """What stands at a place."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"  # a symbolic link kept as a link; its bytes are its target


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A file or folder as a provider reports it. An id never names things of two kinds.

    ``version`` is opaque and differs whenever the content, or metadata that is kept in step
    (executable bit, modified time), may have changed, as far as the endpoint is asked to notice
    (``--compare``); it never changes on a move or rename.
    For folders it is ``""``. ``hashes`` is in the form of :mod:`syncoxiders.core.hashes` and
    speaks of exactly this version; ``size`` may be :data:`UNKNOWN_SIZE`. ``executable`` is None
    where the provider keeps no such bit.
    ``provisional`` says that the content may have changed since without the version showing it
    (a modified time too close to the look); the next look reads the content to make sure.
    ``mark`` is the provider's own note about identity (a birth time, say), opaque to the engine.
    ``foreign`` says that it belongs to somebody else, who may withdraw it: where it vanishes it
    need not have been deleted. ``lost`` is the engine's own: it vanished, and is taken neither
    for there nor for deleted.
    """

    id: EntryId
    parent: EntryId
    name: str
    kind: Kind
    version: str = ""
    size: int = 0
    mtime_ns: int = 0
    hashes: str = ""
    executable: bool | None = None
    provisional: bool = False
    mark: str = ""
    foreign: bool = False
    lost: bool = False


class Ref(msgspec.Struct, frozen=True, gc=False):
    """How the engine names an entry to a provider: its id, and where it was last seen.

    ``path`` holds the names from the root down, joined by ``/``; the root is ``""``. A provider
    that has ids uses the id; one that works by paths uses the path and makes sure that the id
    (and, where one is given, the version) is what stands there.
    """

    id: EntryId
    path: str


class Content(msgspec.Struct, frozen=True, gc=False):
    """The content that the endpoints agree on for a file or link.

    ``size`` is :data:`UNKNOWN_SIZE` until somebody has read it, where its source does not tell.
    """

    size: int
    hashes: str = ""
    mtime_ns: int = 0
    executable: bool | None = None


class Replica(msgspec.Struct, frozen=True, gc=False):
    """What one endpoint last confirmed of a node.

    ``parent`` and ``name`` are its place in that endpoint's own terms: ``name`` may be mapped
    from the node's name. ``content_gen`` and ``place_gen`` are the node's generations that this
    endpoint has reached; one that is lower than the node's is *behind*. With ``gone`` the
    endpoint confirmed the deletion. With ``hidden`` it is a folder that was deleted elsewhere
    and still stands here because it holds content that a filter hides: it is left alone until
    something visible appears in it. With ``left`` what stands here is the endpoint's own, which
    the sync's mode leaves as it is (or, behind, will replace, keeping it in the trash): content
    or place is not what base agrees on.
    """

    entry: EntryId
    version: str
    parent: EntryId
    name: str
    content_gen: int
    place_gen: int
    gone: bool = False
    hidden: bool = False
    left: bool = False


class Conflict(msgspec.Struct, frozen=True, gc=False):
    """Marks a node as the kept loser of a conflict."""

    of: NodeId
    endpoint: EndpointId


class Node(msgspec.Struct, frozen=True, gc=False):
    """One file or folder that the endpoints share, by identity and not by path.

    ``content`` is None for folders. ``past`` lists digests of earlier agreed contents, newest
    first, so that a copy which turns up with one of them is known to be merely behind.
    ``gone`` marks a tombstone: it stays until every endpoint has confirmed. ``out`` marks a node
    that a filter hid when it was last planned. ``merge_failed`` names the pair of versions for
    which an automatic merge was tried in vain. ``unanswered`` are endpoints, away by now, that may
    have got a part of this tombstone by an action of which nobody has told yet. ``remade`` are
    endpoints at which this folder was deleted with all that was in it, though it lives: what is
    still to be deleted elsewhere lives as well, if the folder turns out to have been moved there.
    """

    id: NodeId
    parent: NodeId
    name: str
    kind: Kind
    content: Content | None = None
    content_gen: int = 1
    place_gen: int = 1
    gone: bool = False
    out: bool = False
    past: tuple[str, ...] = ()
    conflict: Conflict | None = None
    merge_failed: str = ""
    replicas: Mapping[EndpointId, Replica] = {}
    unanswered: tuple[EndpointId, ...] = ()
    remade: tuple[EndpointId, ...] = ()


class Mode(enum.StrEnum):
    """Which endpoints' changes count, and where they go."""

    TWO_WAY = "two-way"
    ONE_WAY = "one-way"
    COPY = "copy"
    MOVE = "move"


class Traits(msgspec.Struct, frozen=True):
    """What the planner must know of a provider; see the provider's own capabilities.

    ``stable_ids``: an id survives a rename and a move. ``cheap_hash``: a content hash costs no
    network transfer. ``case_insensitive`` and ``normalizing``: two names that differ only in
    case, or only in Unicode form, cannot stand side by side. ``forbidden`` lists characters that
    no name may hold, ``leading`` those that none may begin with, ``reserved`` whole names
    (compared without case and extension).
    ``trims`` says that a trailing dot or space is not kept, ``bmp_only`` that no character beyond
    U+FFFF is (emoji, mostly). ``max_name`` is in UTF-8 bytes.
    ``keeps_replaced``: content that is deleted or replaced can be kept in a trash or versions.
    ``sets_meta``: modified time and executable bit can be set without a transfer.
    """

    stable_ids: bool = True
    cheap_hash: bool = False
    keeps_mtime: bool = True
    keeps_replaced: bool = True
    sets_meta: bool = False
    keeps_executable: bool = False
    keeps_links: bool = False
    keeps_empty_folders: bool = True
    case_insensitive: bool = False
    normalizing: bool = False
    accepts_any_bytes: bool = False
    forbidden: str = ""
    leading: str = ""
    reserved: tuple[str, ...] = ()
    trims: bool = False
    bmp_only: bool = False
    max_name: int = 255


class Endpoint(msgspec.Struct, frozen=True):
    """One side of a sync. ``label`` names it in conflict copies and messages."""

    id: EndpointId
    label: str
    traits: Traits = Traits()


class ActionKind(enum.StrEnum):
    """What an action does at its endpoint."""

    PROBE = "probe"  # compute a content hash of what stands there
    MAKE_FOLDER = "make-folder"
    CREATE = "create"  # transfer content to a new entry
    UPDATE = "update"  # replace the content of an existing entry
    META = "meta"  # set modified time and executable bit, the content being equal
    MOVE = "move"  # bring an existing entry to another place
    DELETE = "delete"


class Source(msgspec.Struct, frozen=True, gc=False):
    """Where content comes from: an entry at an endpoint, pinned to a version."""

    endpoint: EndpointId
    entry: EntryId
    version: str


class Action(msgspec.Struct, frozen=True, gc=False):
    """One provider operation with its precondition and its reason.

    ``entry`` and ``expect`` are the entry acted upon and the version that must stand there
    (precondition). ``parent`` and ``name`` say where the entry is to stand: the parent as a node,
    the name in the endpoint's own terms. ``source`` is the content to bring (its version is also
    the *reason*, checked just before). ``because`` is the reason of a delete or move: the
    endpoint and entry whose absence or place brought it about. ``after`` lists ids of actions of
    the same plan that must have succeeded. ``keep`` asks that the replaced or deleted content be
    kept in the provider's trash or versions. ``content_gen`` and ``place_gen`` are what the
    endpoint has reached once the action succeeds.
    """

    id: str
    kind: ActionKind
    endpoint: EndpointId
    node: NodeId
    entry: EntryId = ""
    expect: str = ""
    parent: NodeId = ROOT
    name: str = ""
    size: int = 0
    source: Source | None = None
    because: Source | None = None
    after: tuple[str, ...] = ()
    keep: bool = False
    content_gen: int = 0
    place_gen: int = 0
