"""Every pair of kinds of places, and every three of them, kept in step by the command."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from syncoxiders.adapters import vault
from syncoxiders.engine import pacing
from tests.cli.conftest import Said, Shell
from tests.emulators.clouds import PLACES, Cloud, Local, place

Place = Cloud | Local
PAIRS = [pytest.param(each, id=" ".join(each)) for each in itertools.combinations(PLACES, 2)]
THREES = [pytest.param(each, id=" ".join(each)) for each in itertools.combinations(PLACES, 3)]

WHEN = 1_600_000_000_000_000_000
HOUR = 3600 * 10**9


class Group:
    """Places that are kept in step."""

    def __init__(self, shell: Shell, places: list[Place]) -> None:
        self._shell = shell
        self.places = places
        self.later = 0

    def sync(self, *args: str) -> Said:
        """Run, which has to go well; all places are equal then."""
        said = self._shell("sync", *(each.place for each in self.places), *args)
        assert said.code == 0, said
        for each in self.places[1:]:
            assert each.tree() == self.places[0].tree()
        return said

    def tree(self) -> dict[str, bytes | None]:
        return self.places[0].tree()

    def rests(self) -> None:
        """Make sure that a further run finds nothing to do."""
        before = [each.uploads() for each in self.places if isinstance(each, Cloud)]
        assert "nothing to do" in self.sync().out
        assert [each.uploads() for each in self.places if isinstance(each, Cloud)] == before

    def write(self, number: int, path: str, data: bytes) -> None:
        """Write in one of the places, an hour after whatever was written before."""
        self.later += HOUR
        self.places[number].people.write(path, data, mtime_ns=WHEN + self.later)


@pytest.fixture
def group(
    request: pytest.FixtureRequest, shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Group]:
    monkeypatch.setenv(vault.CHOICE, "file")
    monkeypatch.setattr(pacing, "FIRST_PAUSE", 0.01)
    with ExitStack() as stack:
        yield Group(shell, [stack.enter_context(place(each, tmp_path)) for each in request.param])


@pytest.mark.parametrize("group", [*PAIRS, *THREES], indirect=True)
def test_union(group: Group) -> None:
    """A first run brings everything everywhere and carries nothing that is equal."""
    for number, each in enumerate(group.places):
        group.write(number, f"own/from {number}", f"from {number}".encode())
        group.write(number, "same/ünï cödé", b"equal")
        each.people.mkdir("empty")
    group.sync()
    own = {f"own/from {number}": f"from {number}".encode() for number, _ in enumerate(group.places)}
    assert group.tree() == {
        "empty": None,
        "own": None,
        **own,
        "same": None,
        "same/ünï cödé": b"equal",
    }
    group.rests()


@pytest.mark.parametrize("group", [*PAIRS, *THREES], indirect=True)
def test_changes(group: Group) -> None:
    """What is edited, renamed and deleted at any place is so at the others."""
    first, last = group.places[0].people, group.places[-1].people
    for number, _ in enumerate(group.places):
        for name in ("edited", "deleted", "renamed", "folder/inner/file", "stays"):
            group.write(0, f"{number}/{name}", f"{number} {name}".encode())
    group.sync()
    expected: dict[str, bytes | None] = {}
    for number, each in enumerate(group.places):
        group.write(number, f"{number}/edited", f"edited at {number}".encode())
        each.people.remove(f"{number}/deleted")
        each.people.rename(f"{number}/renamed", f"{number}/other name")
        each.people.rename(f"{number}/folder", f"{number}/moved")
        expected |= {
            f"{number}": None,
            f"{number}/edited": f"edited at {number}".encode(),
            f"{number}/other name": f"{number} renamed".encode(),
            f"{number}/moved": None,
            f"{number}/moved/inner": None,
            f"{number}/moved/inner/file": f"{number} folder/inner/file".encode(),
            f"{number}/stays": f"{number} stays".encode(),
        }
    group.sync()
    assert group.tree() == expected
    first.rename("0/stays", "0/moved/stays")
    last.remove("0/moved/inner")
    group.sync()
    assert group.tree().keys() == expected.keys() - {
        "0/stays",
        "0/moved/inner",
        "0/moved/inner/file",
    } | {"0/moved/stays"}
    group.rests()


@pytest.mark.parametrize("group", [*PAIRS, *THREES], indirect=True)
def test_conflict(group: Group) -> None:
    """Of several edits the newest keeps the name, and the others are kept beside it."""
    group.write(0, "folder/file.txt", b"base")
    group.sync()
    for number, _ in enumerate(group.places):
        group.write(number, "folder/file.txt", f"edited at {number}".encode())
    group.sync()
    tree = group.tree()
    assert tree.pop("folder/file.txt") == f"edited at {len(group.places) - 1}".encode()
    assert sorted(data for data in tree.values() if data) == [
        f"edited at {number}".encode() for number, _ in enumerate(group.places[:-1])
    ]
    assert all(".conflict-" in path for path, data in tree.items() if data)
    group.rests()
