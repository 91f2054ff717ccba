"""Writes to storage that takes no preconditions: look before, act, look at what came of it.

Drive v3 has neither etags nor If-Match, and allows several entries of one name. What is done
blindly here is seen afterwards and taken back; what a person wrote in between comes first:

- something new is made under an id fetched before, so that it comes into being once however
  often it is asked for. If it turns out that an older entry of the name stands beside it, ours
  goes to the trash;
- when content was replaced, the revisions tell whether the one before ours is the one that was
  meant. If a person's slipped in between, it is put back on top, and ours stays below it among
  the revisions.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from syncoxiders.adapters.providers.drive._api import Api
from syncoxiders.adapters.providers.drive._files import File, Revision
from syncoxiders.adapters.providers.drive._places import Places
from syncoxiders.adapters.providers.drive._read import Reading
from syncoxiders.core import hashes
from syncoxiders.core.digests import digests_of
from syncoxiders.ports.errors import (
    Denied,
    Occupied,
    ProviderError,
    Stale,
    Unreachable,
    Vanished,
)

Put = Callable[[File, Revision, Iterable[bytes]], None]
"""Writes bytes over a file as it stands, as a revision was, and makes sure of it."""


class Effects:
    """What is common to all that writes; ``put_back`` is set by who writes content."""

    def __init__(self, api: Api, places: Places, reading: Reading) -> None:
        self._api = api
        self._places = places
        self._reading = reading
        self.put_back: Put

    # Something new

    def check_free(self, folder: str, name: str, own_id: str = "") -> None:
        """Raise Occupied if something else than our own stands at a place."""
        if any(file.id != own_id for file in self._places.occupants(folder, name)):
            raise Occupied(f"{name} stands there already")

    def made(self, folder: str, name: str, make: Callable[[str], File]) -> File:
        """Make something new at a place where nothing stands; ``make`` is given its id."""
        with self._places.turn("place", folder, name):
            self.check_free(folder, name)
            file_id = self._api.new_id()
            file = self.heard(file_id, lambda: make(file_id))
            return self.settled(file, folder, name)

    def heard(self, file_id: str, make: Callable[[], File]) -> File:
        """Make a file, or find the one of its id if it came into being without an answer."""
        try:
            return make()
        except (Occupied, Unreachable):
            file = self._api.find(file_id)
            if file is None:
                raise
            return file

    def settled(
        self, file: File, folder: str, name: str, others: Sequence[File] | None = None
    ) -> File:
        """Return what we made, or take it back if it may not stay.

        ``others`` are what stands at its place by now, where that was asked for already.
        """
        if file.trashed:
            self.withdraw(file)
            raise Vanished(f"the folder for {name} is in the trash")
        if others is None:
            others = self._places.occupants(folder, name)
        if any(other.age < file.age for other in others if other.id != file.id):
            self.withdraw(file)
            raise Occupied(f"{name} was put there by somebody else")
        return file

    def withdraw(self, file: File) -> None:
        """Bring what we made to the trash."""
        with suppress(Vanished):
            self._api.update(file.id, {"trashed": True}, file.name)

    # Something replaced

    def replaced(self, file: File, before: str, about: str) -> None:
        """Make sure that what a file was replaced at is the revision that was meant.

        ``file`` is as our writing left it. Raises Stale when somebody was quicker, whose content
        then stands there again.
        """
        if file.trashed:
            raise Vanished(f"{about} was brought to the trash")
        with suppress(Denied):  # who may write can nearly always read revisions
            between = self._between(file, before, about)
            if between:
                self.restore(file, between[-1], about)
                raise Stale(
                    f"{about} was written by somebody else meanwhile, and is as they left it"
                )

    def restore(self, file: File, revision: Revision, about: str) -> None:
        """Put a revision back on top, unless somebody has written since ``file`` was ours."""
        now = self._api.find(file.id)
        if now is None or now.trashed or now.revision != file.revision:
            return
        self.put_back(now, revision, self._reading.revision(file.id, revision.id, about))

    def take_back(self, file: File, before: str, about: str) -> None:
        """Put what we replaced back on top."""
        for revision in self._api.revisions(file.id, about):
            if revision.id == before:
                self.restore(file, revision, about)

    def _between(self, file: File, before: str, about: str) -> list[Revision]:
        """Return what was written after a revision and before ours, and is not ours.

        Ours may be there several times: an answer was lost, and it was sent again.
        """
        revisions = self._api.revisions(file.id, about)
        ids = [each.id for each in revisions]
        if before not in ids:
            return []  # it is purged, or merged: nothing more can be known
        end = ids.index(file.revision) if file.revision in ids else len(ids)
        later = revisions[ids.index(before) + 1 : end]
        return [each for each in later if each.md5_checksum != file.md5_checksum]

    # Proof

    def is_proved(self, file: File, given: str, about: str) -> bool:
        """Say whether Drive holds the bytes of these hashes; it is read where it does not say."""
        verdict = hashes.equal(file.hashes, given)
        if verdict is None:
            read = self._reading.revision(file.id, file.head_revision_id, about)
            verdict = hashes.equal(digests_of(read).text(), given)
        return verdict is True

    @staticmethod
    def not_proved(about: str) -> ProviderError:
        """Return the error for bytes that did not arrive as they were sent."""
        return Unreachable(f"{about}: Google Drive does not hold what was sent to it")
