"""The Drive of one user: its files, who sees what when, and the feed of changes."""

import dataclasses
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.emulators.drive import errors
from tests.emulators.drive.model import FOLDER, ME, File, Revision, new_id, new_root_id


@dataclass(frozen=True)
class _Effect:
    """What listings and feed are still to be told of."""

    at: float
    id: str
    file: File | None
    told: bool


class View:
    """Files by id, and which stand in which folder."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self._children: dict[str, dict[str, None]] = {}

    def put(self, file: File) -> None:
        self.drop(file.id, keep_place=self._parent(file.id) == file.parent)
        self.files[file.id] = file
        self._children.setdefault(file.parent, {})[file.id] = None

    def drop(self, file_id: str, *, keep_place: bool = False) -> None:
        old = self.files.pop(file_id, None)
        if old is not None and not keep_place:
            del self._children[old.parent][file_id]

    def _parent(self, file_id: str) -> str | None:
        old = self.files.get(file_id)
        return None if old is None else old.parent

    def get(self, file_id: str) -> File | None:
        """Return a file that the user may see."""
        file = self.files.get(file_id)
        return file if file is not None and file.access else None

    def children(self, folder: str) -> list[File]:
        """Return what stands in a folder, trashed or not, the oldest first."""
        found = (self.get(each) for each in self._children.get(folder, ()))
        return [each for each in found if each is not None]

    def below(self, file: File) -> Iterator[File]:
        """Yield everything in a folder, however deep."""
        for child in self.children(file.id):
            yield child
            yield from self.below(child)

    def is_trashed(self, file: File) -> bool:
        """Say whether a file, or a folder that it is in, was trashed."""
        return any(each.trashed for each in self.way(file))

    def way(self, file: File) -> Iterator[File]:
        """Yield a file and the folders that it is in, up to the topmost."""
        at: File | None = file
        while at is not None:
            yield at
            at = self.get(at.parent)


class Drive(View):
    """The files as they are, and :attr:`listed`, as listings and feed show them.

    Both are the same unless listings lag: by ``lag`` seconds, or, while ``held``, until they are
    let go. The feed names the latest change of each file only. ``told`` is called at each change.
    While ``trash_tells_all``, trashing a folder is told of everything in it as well.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__()
        self.now = now
        self.lag = 0.0
        self.held = False
        self.trash_tells_all = False
        self.limit = 15 << 30
        self.told: Callable[[], None] = lambda: None
        self.generated: dict[str, str] = {}
        self.listed = View()
        self._late: deque[_Effect] = deque()
        self._feed: list[tuple[str, float]] = []
        self._latest: dict[str, int] = {}
        self.root = File(new_root_id(), "My Drive", FOLDER, "", self.ms(), self.ms())
        self._apply(_Effect(0.0, self.root.id, self.root, told=False))
        self.put(self.root)

    def ms(self) -> int:
        """Return the time in milliseconds."""
        return int(self.now() * 1000)

    def resolve(self, file_id: str) -> str:
        """Return the id that ``root`` stands for, any other as it is."""
        return self.root.id if file_id == "root" else file_id

    def need(self, file_id: str) -> File:
        """Return a file; raises Failure if the user sees none."""
        found = self.get(self.resolve(file_id))
        if found is None:
            raise errors.not_found(file_id)
        return found

    def need_folder(self, file_id: str) -> File:
        """Return a folder that can take in files; raises Failure."""
        found = self.need(file_id)
        if not found.is_folder:
            raise errors.failure(
                403,
                "parentNotAFolder",
                "The specified parent is not a folder.",
                location="parents",
                locationType="parameter",
            )
        if found.access == "reader":
            raise errors.forbidden()
        return found

    @property
    def used(self) -> int:
        """How many bytes of the user's storage are taken."""
        return sum(each.quota for each in self.files.values() if each.owner == ME)

    # Changing

    def new(self, name: str, mime: str, parent: str, **values: object) -> File:
        """Return a file that is not there yet."""
        at = self.ms()
        file = File(new_id(), name, mime, parent, at, at)
        return dataclasses.replace(file, **values)  # type: ignore[arg-type]  # fields by name

    def revision(self, data: bytes, mime: str, modified: int, original: str = "") -> Revision:
        """Return bytes that are new now."""
        return Revision(data, mime, modified, self.ms(), original)

    def save(self, file: File, *, told: bool = True) -> File:
        """Put a file in its place, or a new state of it; returns it with its version.

        Without ``told`` its version alone shows that something happened.
        """
        old = self.files.get(file.id)
        if old is not None:
            file = dataclasses.replace(file, version=old.version + 1)
        self.put(file)
        self._happened(file.id, file, told=told)
        trashes = old is not None and file.trashed is not old.trashed
        if trashes and self.trash_tells_all:
            for each in list(self.below(file)):
                self._happened(each.id, each, told=True)
        return file

    def destroy(self, file: File) -> None:
        """Remove a file for good, with everything in it; what others own there goes its way."""
        for child in list(self.below(file)):
            self.drop(child.id)
            self._happened(child.id, None, told=True)
        self.drop(file.id)
        self._happened(file.id, None, told=True)

    def _happened(self, file_id: str, file: File | None, *, told: bool) -> None:
        self._late.append(_Effect(self.now(), file_id, file, told))
        if told:
            self.told()

    # What listings and feed show

    def catch_up(self) -> None:
        """Let listings and feed show everything that has happened."""
        while self._late:
            self._apply(self._late.popleft())

    def look(self) -> View:
        """Return the files as listings show them now."""
        due = self.now() - self.lag
        while self._late and not self.held and self._late[0].at <= due:
            self._apply(self._late.popleft())
        return self.listed

    def _apply(self, effect: _Effect) -> None:
        if effect.file is None:
            self.listed.drop(effect.id)
        else:
            self.listed.put(effect.file)
        if effect.told:
            self._latest[effect.id] = len(self._feed)
            self._feed.append((effect.id, effect.at))

    def feed_end(self) -> int:
        """Return the number of the change to come."""
        self.look()
        return len(self._feed)

    def feed(self, start: int) -> Iterator[tuple[int, str, float]]:
        """Yield number, id and time of changes, each file's latest only."""
        for number in range(start, self.feed_end()):
            file_id, at = self._feed[number]
            if self._latest[file_id] == number:
                yield number, file_id, at
