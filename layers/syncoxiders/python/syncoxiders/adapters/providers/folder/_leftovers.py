"""What an interrupted run left under temporary names."""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress

from syncoxiders.adapters.providers.folder._errors import shown
from syncoxiders.adapters.providers.folder._fds import Directories, Directory
from syncoxiders.adapters.providers.folder._look import TEMPORARY
from syncoxiders.adapters.providers.folder._place import TemporaryNames
from syncoxiders.adapters.providers.folder._trash import Trash


class Leftovers:
    """Removes what was only ours, and brings to the trash what may be a person's."""

    def __init__(self, directories: Directories, names: TemporaryNames, trash: Trash) -> None:
        self._directories = directories
        self._names = names
        self._trash = trash
        self._untold: list[str] = []

    def is_one(self, name: str) -> bool:
        """Say whether a name is temporary, and of another run than this."""
        return name.startswith(TEMPORARY) and not self._names.is_own(name)

    def tidy(self, directory: Directory, name: str) -> None:
        """Take what stands under a temporary name away. Raises OSError."""
        if self._names.is_partial(name):
            os.unlink(name, dir_fd=directory.fd)
            return
        kept = self._trash.keep(directory, name, "recovered-" + name[len(TEMPORARY) + 1 :])
        place = shown(directory.path) or "the topmost folder"
        self._untold.append(
            f"An interrupted write left a file in {place}; it is kept as {shown(kept.path)}."
        )

    def recover(self, found: Iterable[tuple[str, str]], on_rescue: Callable[[str], None]) -> None:
        """Tidy what looks found, given by path of folder and name."""
        for path, name in found:
            if self.is_one(name):
                # What cannot be brought away now, the next run comes across again.
                with suppress(OSError):
                    self.tidy(self._directories.current(path), name)
        while self._untold:
            on_rescue(self._untold.pop(0))
