"""Keys as paths: which key an entry has, which entry a key is, and what keys are no paths.

An id is the path below the root with a ``/`` before it, and one behind it for folders, so that
an id never names things of two kinds. A folder stands where a key begins with its path and a
``/``: its *marker*, an object of no bytes with just that key, or any key below it.
"""

from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId, Kind, Ref
from syncoxiders.ports.errors import Refused, Vanished

MAX_KEY = 1024
"""The length of a key in UTF-8 bytes.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
"""

OWN = ".syncoxiders-trash"
"""The folder at the top of the root that is ours: its keys are no entries."""


class Keys:
    """The keys below a root: a bucket's, or those that begin with ``prefix``.

    ``prefix`` is ``""`` or ends in ``/``. A *folder's key* is its prefix: it ends in ``/``, or
    is ``prefix`` itself for the root.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.own = f"{prefix}{OWN}/"
        self.max_name = MAX_KEY - len(prefix.encode()) - 1

    # From entries to keys

    def of(self, ref: Ref) -> str:
        """Return the key of an entry; a folder's ends in ``/``, and the root's is the prefix."""
        if ref.id == ROOT_ENTRY:
            return self.prefix
        if ref.id:
            return self.prefix + ref.id[1:]
        return self.prefix + ref.path

    def folder(self, ref: Ref) -> str:
        """Return the key of what should be a folder; raises Vanished where it is none."""
        key = self.of(ref)
        if not ref.id and key != self.prefix:
            key += "/"
        if key != self.prefix and not key.endswith("/"):
            raise Vanished(f"{ref.path} is no folder")
        return key

    def place(self, folder: str, name: str, *, kind: Kind = Kind.FILE) -> str:
        """Return the key of a name in a folder; raises Refused for what cannot be held."""
        self.check_name(name)
        if folder == self.prefix and name == OWN:
            raise Refused(f"{name} is where SyncOxiders keeps what was deleted")
        key = folder + name + ("/" if kind is Kind.FOLDER else "")
        self.check_length(key)
        return key

    def check_length(self, key: str) -> None:
        """Raise Refused for a key that is longer than S3 keeps."""
        length = len(key.encode())
        if length > MAX_KEY:
            raise Refused(
                f"{self.path(key)}: S3 keeps keys of up to {MAX_KEY} bytes, this one has {length}"
            )

    def check_name(self, name: str) -> None:
        """Raise Refused for what is no name, or cannot be one here."""
        if name in {"", ".", ".."} or "/" in name or "\0" in name:
            raise Refused(f"{name!r} is not a name that can be kept here")
        try:
            length = len(name.encode())
        except UnicodeEncodeError as exc:
            raise Refused(f"{name!r} is not valid Unicode") from exc
        if length > self.max_name:
            raise Refused(f"a name of {length} bytes is too long for S3")

    # From keys to entries

    def path(self, key: str) -> str:
        """Return the path of a key below the root."""
        return key[len(self.prefix) :].removesuffix("/")

    def id(self, key: str) -> EntryId:
        """Return the id of what a key is."""
        return "/" + key[len(self.prefix) :]

    def name(self, key: str) -> str:
        """Return the last name of a key."""
        return key.removesuffix("/").rpartition("/")[2]

    def parent(self, key: str) -> str:
        """Return the key of the folder that a key is in."""
        return key[: len(key.removesuffix("/")) - len(self.name(key))]

    def folder_entry(self, key: str) -> Entry:
        """Return a folder as an entry."""
        return Entry(
            id=self.id(key), parent=self.id(self.parent(key)), name=self.name(key), kind=Kind.FOLDER
        )


def why_no_path(name: str) -> str:
    """Say, for a person, why a key with this name in it is no path; ``""`` where it is one."""
    if not name:
        return "its key has an empty name in it (two slashes, or one at the beginning)"
    if name in {".", ".."}:
        return f"its key has {name!r} for a name"
    return "its key has a NUL in it" if "\0" in name else ""


def quoted(key: str) -> str:
    """Return a key as it can be shown."""
    return key.encode("unicode_escape").decode() if not key.isprintable() else key
