"""Routes that make folders, move, copy, delete and restore, one by one and in batches."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.emulators.dropbox import paths
from tests.emulators.dropbox.committing import conflict, free_path
from tests.emulators.dropbox.jobs import Jobs
from tests.emulators.dropbox.locking import WriteLock
from tests.emulators.dropbox.refusals import Refused, within
from tests.emulators.dropbox.routes import Route
from tests.emulators.dropbox.storage import Storage
from tests.emulators.dropbox.tree import File, Folder, Node
from tests.emulators.serving import Failure, Response

MOST_FILES = 10_000
MOST_AT_ONCE = 20
"""How many folders are made without a job; the real number is not told."""


class Relocating:
    """``create_folder``, ``move``, ``copy``, ``delete``, ``restore``.

    A folder with ``most_files`` things in it can still be moved, or copied, at once.
    """

    def __init__(self, storage: Storage, lock: WriteLock) -> None:
        self._storage = storage
        self._tree = storage.tree
        self._lock = lock
        self.most_files = MOST_FILES
        self.jobs = Jobs()

    def routes(self) -> Iterator[Route]:
        scope, check = "files.content.write", self.jobs.check
        yield Route("files/create_folder_v2", scope, self._create_folder, writes=True)
        yield Route("files/create_folder_batch", scope, self._create_folders, writes=True)
        yield Route("files/create_folder_batch/check", scope, check)
        yield Route("files/move_v2", scope, self._move, writes=True)
        yield Route("files/move_batch_v2", scope, self._move_batch, writes=True)
        yield Route("files/move_batch/check_v2", scope, check)
        yield Route("files/copy_v2", scope, self._copy, writes=True)
        yield Route("files/copy_batch_v2", scope, self._copy_batch, writes=True)
        yield Route("files/copy_batch/check_v2", scope, check)
        yield Route("files/delete_v2", scope, self._delete, writes=True)
        yield Route("files/delete_batch", scope, self._delete_batch, writes=True)
        yield Route("files/delete_batch/check", scope, check)
        yield Route("files/restore", scope, self._restore, writes=True)
        yield Route("files/permanently_delete", "files.permanent_delete", self._destroy)

    def _create_folder(self, argument: Any, body: bytes) -> dict[str, Any]:
        del body
        return self._made(argument.path, autorename=argument.autorename)

    def _create_folders(self, argument: Any, body: bytes) -> dict[str, Any]:
        """Make many folders, at once if they are few; a path that is repeated counts once."""
        del body

        def outcome(path: str) -> dict[str, Any]:
            try:
                made = self._made(path, autorename=argument.autorename)
            except Refused as refused:
                return {".tag": "failure", "failure": refused.body}
            return {".tag": "success", **made}

        outcomes = {path: outcome(path) for path in dict.fromkeys(argument.paths)}
        result = {"entries": [outcomes[path] for path in argument.paths]}
        if argument.force_async or len(argument.paths) > MOST_AT_ONCE:
            return self.jobs.launch(result)
        return {".tag": "complete", **result}

    def _made(self, path: str, *, autorename: bool) -> dict[str, Any]:
        with within("path"):
            self._lock.check()
            place = self._free(self._storage.absolute(path), autorename=autorename)
            folder = self._tree.make_folder(place)
        return {"metadata": self._storage.folder(folder)}

    def _restore(self, argument: Any, body: bytes) -> dict[str, Any]:
        del body
        revision = self._tree.by_rev.get(argument.rev)
        if revision is None:
            raise Refused("invalid_revision")
        with within("path_write"):
            self._lock.check()
            path = self._storage.absolute(argument.path)
            self._storage.check_writable(path)
            file = self._tree.restore(path, revision)
        return self._storage.file(file)

    # Moving and copying

    def _move(self, argument: Any, body: bytes) -> dict[str, Any]:
        del body
        with within("to"):
            self._lock.check()
        return {"metadata": self._relocate(argument, self._moved, argument.autorename)}

    def _copy(self, argument: Any, body: bytes) -> dict[str, Any]:
        del body
        with within("to"):
            self._lock.check()
        return {"metadata": self._relocate(argument, self._copied, argument.autorename)}

    def _move_batch(self, argument: Any, body: bytes) -> dict[str, Any]:
        del body
        return self._relocate_batch(argument, self._moved)

    def _copy_batch(self, argument: Any, body: bytes) -> dict[str, Any]:
        del body
        return self._relocate_batch(argument, self._copied)

    def _relocate_batch(
        self, argument: Any, action: Callable[[Node, str, bool], Node]
    ) -> dict[str, Any]:
        def outcome(entry: Any) -> dict[str, Any]:
            try:
                self._lock.check()
            except Refused as refused:
                return {".tag": "failure", "failure": refused.body}
            try:
                metadata = self._relocate(entry, action, argument.autorename)
            except Refused as refused:
                return {".tag": "failure", "failure": refused.within("relocation_error").body}
            return {".tag": "success", "success": metadata}

        return self.jobs.launch({"entries": [outcome(entry) for entry in argument.entries]})

    def _relocate(
        self, argument: Any, action: Callable[[Node, str, bool], Node], autorename: bool
    ) -> dict[str, Any]:
        with within("from_lookup"):
            node = self._storage.locate(argument.from_path)
        if node is self._tree.root:
            raise Refused("from_write", "malformed_path")
        with within("to"):
            path = self._storage.destination(argument.to_path)
            names = paths.split(path)
            if not names:
                raise Refused("conflict", "folder")
            paths.check_new(names)
        if isinstance(node, Folder) and sum(1 for _ in node.all()) > self.most_files:
            raise Refused("too_many_files")
        return self._storage.metadata(action(node, path, autorename))

    def _moved(self, node: Node, path: str, autorename: bool) -> Node:
        """Move a node; another spelling of its own path leaves it as it is, usually.

        Case-only renames are "not supported" by the documentation; the request succeeds and
        changes nothing. Source: https://github.com/takezoh/obsidian-air-sync/issues/47
        """
        if paths.key(path) == node.key:
            if self._tree.respells:
                self._tree.respell(node, path.rpartition("/")[2])
            return node
        self._check_not_inside(node, path)
        with within("from_write"):
            self._storage.check_writable(node.path)
        with within("to"):
            self._tree.move(node, self._free(path, autorename=autorename))
        return node

    def _copied(self, node: Node, path: str, autorename: bool) -> Node:
        self._check_not_inside(node, path)
        try:
            with within("to"):
                return self._tree.copy(node, self._free(path, autorename=autorename))
        except Refused as refused:
            if "insufficient_space" in refused.tags:
                raise Refused("insufficient_quota") from refused
            raise

    @staticmethod
    def _check_not_inside(node: Node, path: str) -> None:
        if isinstance(node, Folder) and paths.is_below(paths.key(path), node.key):
            raise Refused("cant_move_folder_into_itself")

    def _free(self, path: str, *, autorename: bool) -> str:
        """Return a path where something can be made; raises Refused as a ``WriteError``."""
        names = paths.split(path)
        paths.check_new(names)
        self._storage.check_writable(path)
        standing = self._tree.find(path)
        if standing is None:
            return path
        if not autorename or standing is self._tree.root:
            raise conflict(standing)
        return free_path(self._storage, path, paths.numbered)

    # Deleting

    def _delete(self, argument: Any, body: bytes) -> dict[str, Any]:
        """Delete, and return the metadata of what was there, not ``DeletedMetadata``."""
        del body
        self._lock.check()
        return self._deleted(argument)

    def _deleted(self, argument: Any) -> dict[str, Any]:
        with within("path_lookup"):
            node = self._storage.locate(argument.path)
        if node is self._tree.root:
            raise Refused("path_write", "malformed_path")
        if argument.parent_rev is not None and not (
            isinstance(node, File) and node.current.rev == argument.parent_rev
        ):
            raise conflict(node).within("path_write")
        with within("path_write"):
            self._storage.check_writable(node.path)
        metadata = self._storage.metadata(node)
        self._tree.delete(node)
        return {"metadata": metadata}

    def _delete_batch(self, argument: Any, body: bytes) -> dict[str, Any]:
        del body

        def outcome(entry: Any) -> dict[str, Any]:
            try:
                self._lock.check()
                return {".tag": "success", **self._deleted(entry)}
            except Refused as refused:
                return {".tag": "failure", "failure": refused.body}

        return self.jobs.launch({"entries": [outcome(entry) for entry in argument.entries]})

    def _destroy(self, argument: Any, body: bytes) -> dict[str, Any]:
        """Refuse: this is for teams only."""
        del argument, body
        refused = Refused("invalid_account_type", "endpoint")
        response = refused.response()
        raise Failure(Response(403, response.body))
