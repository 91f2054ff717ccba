"""Routes that look at one thing: metadata, content, exports, revisions."""

from collections.abc import Iterator
from typing import Any

from syncoxiders.core.digests import DROPBOX, digests_of
from tests.emulators.dropbox import paths
from tests.emulators.dropbox.refusals import Refused, within
from tests.emulators.dropbox.routes import Answer, Route
from tests.emulators.dropbox.storage import Storage, timestamp
from tests.emulators.dropbox.tree import File, Revision


class Reading:
    """``get_metadata``, ``download``, ``export``, ``list_revisions``."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._tree = storage.tree

    def routes(self) -> Iterator[Route]:
        yield Route("files/get_metadata", "files.metadata.read", self._metadata)
        yield Route("files/list_revisions", "files.metadata.read", self._revisions)
        yield Route("files/download", "files.content.read", self._download)
        yield Route("files/export", "files.content.read", self._export)

    def _metadata(self, argument: Any, body: bytes) -> dict[str, Any]:
        del body
        storage = self._storage
        with within("path"):
            past = storage.revision(argument.path)
            if past is not None:
                return {".tag": "file", **storage.past(past)}
            node = storage.look(argument.path)
            if node is not None:
                return storage.metadata(node)
            grave = self._tree.graves.get(paths.key(argument.path))
            if grave is None or not argument.include_deleted:
                raise Refused("not_found")
            return storage.deleted(grave.path)

    def _download(self, argument: Any, body: bytes) -> Answer:
        del body
        where = f"rev:{argument.rev}" if argument.rev else argument.path
        with within("path"):
            past = self._storage.revision(where)
            if past is not None:
                return Answer(self._storage.past(past), past.data)
            file = self._file(where)
            if file.restricted:
                raise Refused("restricted_content")
        if file.exports:
            raise Refused("unsupported_file")
        return Answer(self._storage.file(file), file.current.data)

    def _export(self, argument: Any, body: bytes) -> Answer:
        del body
        with within("path"):
            file = self._file(argument.path)
        if not file.exports:
            raise Refused("non_exportable")
        form = argument.export_format or next(iter(file.exports))
        if form not in file.exports:
            raise Refused("invalid_export_format")
        data = file.exports[form]
        extension = {"markdown": "md"}.get(form, form)
        exported = {
            "name": f"{file.name.rpartition('.')[0]}.{extension}",
            "size": len(data),
            "export_hash": digests_of([data], [DROPBOX]).of(DROPBOX),
            "paper_revision": len(file.revisions),
        }
        return Answer(
            {"export_metadata": exported, "file_metadata": self._storage.file(file)}, data
        )

    def _file(self, where: str) -> File:
        node = self._storage.locate(where)
        if not isinstance(node, File):
            raise Refused("not_file")
        return node

    def _revisions(self, argument: Any, body: bytes) -> dict[str, Any]:
        """List revisions of a path (of the file that is or was there last), or of an id."""
        del body
        with within("path"):
            past = self._storage.revision(argument.path)
            path = past.path if past else self._path(argument.path)
            node = self._tree.find(path)
            if node is not None and not isinstance(node, File):
                raise Refused("not_file")
            at_path = self._tree.history.get(paths.key(path), [])
            if not at_path:
                raise Refused("not_found")
        if argument.mode.is_id():
            if argument.before_rev:
                raise Refused("before_rev_not_supported")
            file = at_path[-1].file
            found = [each for each in self._tree.by_rev.values() if each.file == file]
        else:
            found = self._before(at_path, argument.before_rev)
        newest = found[::-1]
        answer: dict[str, Any] = {
            "is_deleted": node is None,
            "entries": [self._storage.past(each) for each in newest[: argument.limit]],
            "has_more": len(newest) > argument.limit,
        }
        grave = self._tree.graves.get(paths.key(path))
        if node is None and grave is not None:
            answer["server_deleted"] = timestamp(grave.when)
        return answer

    def _path(self, where: str) -> str:
        if not where.startswith("id:") or where in self._tree.by_id:
            return self._storage.absolute(where)
        for revision in reversed(self._tree.by_rev.values()):
            if revision.file == where:
                return revision.path
        raise Refused("not_found")

    @staticmethod
    def _before(found: list[Revision], rev: str | None) -> list[Revision]:
        if not rev:
            return found
        for index, each in enumerate(found):
            if each.rev == rev:
                return found[:index]
        raise Refused("invalid_before_rev")
