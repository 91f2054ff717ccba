"""Deleting: what stands at a place is taken from there first, and looked at before it is gone."""

import os
import stat
from contextlib import suppress
from errno import EEXIST, ENOTEMPTY

from syncoxiders.adapters.providers.folder._errors import fail, shown
from syncoxiders.adapters.providers.folder._fds import Directories, Directory, names_in
from syncoxiders.adapters.providers.folder._leftovers import Leftovers
from syncoxiders.adapters.providers.folder._place import TemporaryNames, move, same_thing
from syncoxiders.adapters.providers.folder._trash import Trash
from syncoxiders.adapters.providers.folder._write import Writer
from syncoxiders.core.model import Ref
from syncoxiders.ports.errors import NotEmpty, Stale

_NOT_EMPTY = frozenset({ENOTEMPTY, EEXIST})


class Deleter:
    """Deletes entries, to the trash if it ``keeps`` what is deleted. Raises the port's errors."""

    def __init__(
        self,
        directories: Directories,
        writer: Writer,
        names: TemporaryNames,
        trash: Trash,
        leftovers: Leftovers,
        *,
        keeps: bool,
    ) -> None:
        self._directories = directories
        self._writer = writer
        self._names = names
        self._trash = trash
        self._leftovers = leftovers
        self._keeps = keeps

    def delete(self, directory: Directory, name: str, ref: Ref, version: str) -> None:
        """Delete the version of a file or link, or an empty folder."""
        before = self._writer.expect(directory, name, ref, version).st
        try:
            if stat.S_ISDIR(before.st_mode):
                self._delete_folder(directory, name, ref)
            elif self._keeps:
                kept = self._trash.keep(directory, name, name)
                after = os.stat(kept.name, dir_fd=kept.folder.fd, follow_symlinks=False)
                if not same_thing(before, after):
                    with suppress(FileExistsError):  # then the trash is where it can be found
                        move(kept.folder.fd, kept.name, directory.fd, name)
                    raise Stale(f"{shown(ref.path)} was changed meanwhile")
            else:
                self._delete_for_good(directory, name, ref, before)
        except OSError as exc:
            fail(exc, ref.path)

    def _delete_for_good(
        self, directory: Directory, name: str, ref: Ref, before: os.stat_result
    ) -> None:
        aside = self._names.new()
        move(directory.fd, name, directory.fd, aside)
        after = os.stat(aside, dir_fd=directory.fd, follow_symlinks=False)
        if not same_thing(before, after):
            self._writer.restore(directory, aside, name)
            raise Stale(f"{shown(ref.path)} was changed meanwhile")
        os.unlink(aside, dir_fd=directory.fd)

    def _delete_folder(self, directory: Directory, name: str, ref: Ref) -> None:
        try:
            os.rmdir(name, dir_fd=directory.fd)
        except OSError as exc:
            if exc.errno not in _NOT_EMPTY:
                raise
            inner = self._directories.current(ref.path)
            content = names_in(inner.fd)
            if not all(self._leftovers.is_one(each) for each in content):
                raise NotEmpty(f"{shown(ref.path)} is not empty") from exc
            for each in content:
                self._leftovers.tidy(inner, each)
            os.rmdir(name, dir_fd=directory.fd)
        self._directories.forget(ref.path)
