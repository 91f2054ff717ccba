"""Moving: what stands at a place is brought to one where nothing stands, in one step."""

import os
import stat
from collections.abc import Callable

from msgspec import structs

from syncoxiders.adapters.providers.folder._errors import fail, shown
from syncoxiders.adapters.providers.folder._fds import Directory, names_in
from syncoxiders.adapters.providers.folder._identity import UNSEEN, plain_version
from syncoxiders.adapters.providers.folder._look import Lookout
from syncoxiders.adapters.providers.folder._place import move, same_thing
from syncoxiders.adapters.providers.folder._write import Writer
from syncoxiders.core.model import Entry, Ref
from syncoxiders.ports.errors import Refused, Stale, Vanished


class Mover:
    """Brings entries to other places. Raises the port's errors."""

    def __init__(self, lookout: Lookout, writer: Writer) -> None:
        self._lookout = lookout
        self._writer = writer

    def move(
        self,
        source: Directory,
        ref: Ref,
        version: str,
        target: Directory,
        name: str,
        *,
        alike: bool,
        wrote: Callable[[Directory], None],
    ) -> Entry:
        """Bring the version of an entry from its folder to another, or to another name.

        ``alike`` says that case or Unicode form does not matter here; ``wrote`` hears of the folder
        that the entry was brought to, as soon as it was.
        """
        old_name = ref.path.rpartition("/")[2]
        if f"{target.path}/".startswith(f"{ref.path}/"):
            raise Stale(f"{shown(ref.path)} cannot be brought into itself")
        before = self._writer.expect(source, old_name, ref, version)
        path = target.below(name)
        if before.found.linked and target.id != source.id:
            raise Refused(f"{shown(ref.path)}: a link that is followed stays in its folder")
        try:
            self._rename(source, old_name, target, name, before.st, alike=alike)
            wrote(target)
            after = os.stat(name, dir_fd=target.fd, follow_symlinks=False)
            if not same_thing(before.st, after):
                move(target.fd, name, source.fd, old_name)
                raise Stale(f"{shown(ref.path)} was changed meanwhile")
            if stat.S_ISDIR(after.st_mode):
                self._lookout.directories.forget(ref.path)
            found = self._lookout.find(target, name)
            entry = None if found is None else self._lookout.entry(target, name, found)
        except OSError as exc:
            fail(exc, path)
        if entry is None:
            raise Vanished(f"{shown(path)} was taken away at once")
        if entry.version == plain_version(version):
            entry = structs.replace(entry, version=version)
            if version.startswith(UNSEEN):
                self._lookout.unseen[entry.id] = version
        return entry

    @staticmethod
    def _rename(
        source: Directory,
        old: str,
        target: Directory,
        new: str,
        st: os.stat_result,
        *,
        alike: bool,
    ) -> None:
        try:
            move(source.fd, old, target.fd, new)
        except FileExistsError:
            # Where case or Unicode form does not matter, the new name finds the old entry.
            if not alike or source.id != target.id:
                raise
            there = os.stat(new, dir_fd=target.fd, follow_symlinks=False)
            if not os.path.samestat(there, st) or new in names_in(target.fd):
                raise
            os.rename(old, new, src_dir_fd=source.fd, dst_dir_fd=target.fd)
