"""What becomes of content that is to be saved at a path: conflicts and new names."""

import calendar
from collections.abc import Callable
from functools import partial
from typing import Any

from syncoxiders.core.digests import DROPBOX
from tests.emulators import bulk
from tests.emulators.dropbox import paths
from tests.emulators.dropbox.refusals import Refused
from tests.emulators.dropbox.storage import Storage
from tests.emulators.dropbox.tree import OWNER, File, Folder, Node


def commit(storage: Storage, info: Any, data: bytes) -> File:
    """Save content as a ``CommitInfo`` wants it; raises Refused as a ``WriteError``.

    The same content as before makes no new revision, unless ``strict_conflict`` is set.
    """
    tree = storage.tree
    path = storage.destination(info.path)
    names = paths.split(path)
    if not names:
        raise Refused("malformed_path")
    paths.check_new(names)
    storage.check_writable(path)
    node = tree.find(path)
    modified = info.client_modified and calendar.timegm(info.client_modified.timetuple())
    rename = partial(paths.conflicted, owner=OWNER) if info.mode.is_update() else paths.numbered
    if isinstance(node, File) and not info.strict_conflict and _holds(node, data):
        return node
    if _conflicts(node, info):
        if not info.autorename:
            raise conflict(node)
        path = free_path(storage, path, rename)
    return tree.write(path, data, modified)


def _holds(file: File, data: bytes) -> bool:
    return (
        not file.exports
        and file.current.content_hash == bulk.digest(data, DROPBOX)
    )  # fmt: skip


def _conflicts(node: Node | None, info: Any) -> bool:
    """Say whether a write mode does not allow to write where a node, or nothing, stands."""
    if isinstance(node, Folder):
        return True
    if info.mode.is_update():
        if node is None:
            return bool(info.strict_conflict)
        assert isinstance(node, File)
        return bool(node.current.rev != info.mode.get_update())
    return node is not None and info.mode.is_add()


def conflict(node: Node | None) -> Refused:
    """Return the refusal to write where a node stands (None: where the expected one is gone)."""
    return Refused("conflict", "folder" if isinstance(node, Folder) else "file")


def free_path(storage: Storage, path: str, rename: Callable[[str, int], str]) -> str:
    """Return a path near to one that is taken, under a name made from its own."""
    folder, _, name = path.rpartition("/")
    number = 1
    while storage.tree.find(free := f"{folder}/{rename(name, number)}") is not None:
        number += 1
    return free
