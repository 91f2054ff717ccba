"""A tree as the routes see it: addressed by path, id or revision, described as metadata."""

import time
from collections.abc import Callable
from typing import Any

from tests.emulators.dropbox import paths
from tests.emulators.dropbox.refusals import Refused
from tests.emulators.dropbox.tree import NAMESPACE, File, Folder, Node, Revision, Tree


def timestamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class Storage:
    """A tree and its descriptions.

    With ``odd_casing`` the folders in a ``path_display`` are in lower case: "in rare instances
    the casing will not correctly match", and only the last name can be relied upon.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.tree = Tree(now)
        self.odd_casing = False

    def locate(self, where: str) -> Node:
        """Return what a path or an id stands for; raises Refused as a ``LookupError``."""
        node = self.look(where)
        if node is None:
            raise Refused("not_found")
        return node

    def look(self, where: str) -> Node | None:
        """Return what stands at a path, or has an id, if anything does."""
        if where.startswith("id:"):
            identity, slash, rest = where.partition("/")
            node = self.tree.by_id.get(identity)
            if node is None or not slash:
                return node
            return self.tree.find(f"{node.path}/{rest}")
        return self.tree.find(self.absolute(where))

    def absolute(self, where: str) -> str:
        """Return the path, from the account's root, of a path, an id or a place below these."""
        if where.startswith("ns:"):
            namespace, slash, rest = where[3:].partition("/")
            if namespace != str(NAMESPACE):
                raise Refused("not_found")
            return slash + rest
        if where.startswith("id:"):
            identity, slash, rest = where.partition("/")
            node = self.tree.by_id.get(identity)
            if node is None:
                raise Refused("not_found")
            return node.path + slash + rest
        return where

    def destination(self, where: str) -> str:
        """Return the path of a place to write to; raises Refused as a ``WriteError``.

        Those have no ``not_found``: what a place in a folder that is gone gets is not documented.
        """
        try:
            return self.absolute(where)
        except Refused:
            raise Refused("malformed_path") from None

    def revision(self, where: str) -> Revision | None:
        """Return the revision that ``rev:…`` stands for; None for what is not of that form."""
        if not where.startswith("rev:"):
            return None
        found = self.tree.by_rev.get(where[4:])
        if found is None:
            raise Refused("not_found")
        return found

    def check_writable(self, path: str) -> None:
        """Raise Refused, as a ``WriteError``, if this account may not write in a folder."""
        node: Node | None = self.tree.root
        for name in paths.split(path)[:-1]:
            node = node.children.get(paths.key(name)) if isinstance(node, Folder) else None
            if isinstance(node, Folder) and node.read_only:
                raise Refused("no_write_permission")

    # Describing

    def place(self, path: str) -> dict[str, Any]:
        """Return what every metadata says of a place."""
        folder, _, name = path.rpartition("/")
        shown = paths.key(folder) if self.odd_casing else folder
        return {"name": name, "path_lower": paths.key(path), "path_display": f"{shown}/{name}"}

    def metadata(self, node: Node) -> dict[str, Any]:
        """Return the metadata of a node, with its ``.tag``."""
        if isinstance(node, Folder):
            return {".tag": "folder", **self.folder(node)}
        assert isinstance(node, File)
        return {".tag": "file", **self.file(node)}

    def folder(self, folder: Folder) -> dict[str, Any]:
        """Return ``FolderMetadata``."""
        described = {**self.place(folder.path), "id": folder.id}
        if folder.shared:
            described["shared_folder_id"] = folder.shared
            described["sharing_info"] = {
                "read_only": folder.read_only,
                "shared_folder_id": folder.shared,
                "traverse_only": False,
                "no_access": False,
            }
        else:
            described |= _shared_with(folder)
        return described

    def file(self, file: File) -> dict[str, Any]:
        """Return ``FileMetadata`` as it is now."""
        described = self.past(file.current)
        described |= self.place(file.path)
        described |= _shared_with(file)
        if file.symlink:
            described["symlink_info"] = {"target": file.symlink}
        if file.exports:
            described["is_downloadable"] = False
            described["export_info"] = {
                "export_as": next(iter(file.exports)),
                "export_options": list(file.exports),
            }
            del described["content_hash"]
        return described

    def past(self, revision: Revision) -> dict[str, Any]:
        """Return ``FileMetadata`` as it was with a revision."""
        return {
            **self.place(revision.path),
            "id": revision.file,
            "client_modified": timestamp(revision.client_modified),
            "server_modified": timestamp(revision.server_modified),
            "rev": revision.rev,
            "size": len(revision.data),
            "is_downloadable": True,
            "content_hash": revision.content_hash,
        }

    def deleted(self, path: str) -> dict[str, Any]:
        """Return ``DeletedMetadata``: it has no id."""
        return {".tag": "deleted", **self.place(path)}


def _shared_with(node: Node) -> dict[str, Any]:
    """Return the ``sharing_info`` of what is in a shared folder; nothing for what is not."""
    folder = node.folder
    while folder is not None and not folder.shared:
        folder = folder.folder
    if folder is None:
        return {}
    info = {"read_only": folder.read_only, "parent_shared_folder_id": folder.shared}
    return {"parent_shared_folder_id": folder.shared, "sharing_info": info}
