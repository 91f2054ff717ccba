"""The hands of people in the emulated Drive do what the contract of providers says of them."""

import abc
from collections.abc import Iterator

import pytest

from syncoxiders.ports.provider import Provider
from tests.contracts.provider_harness import Harness
from tests.emulators.drive import People
from tests.emulators.drive.world import World, served

THEN = 1_500_000_000_123_456_789


@pytest.fixture
def w() -> Iterator[World]:
    with served("Work") as world:
        yield world


class _Opened(People, abc.ABC):
    @abc.abstractmethod
    def open(self) -> Provider:
        """Return the provider that the hands are held against."""


def _is_harness(people: _Opened) -> Harness:
    """Return the same: with ``open`` the hands are a harness, which the type checker sees."""
    return people


class TestHands:
    def test_root(self, w: World) -> None:
        """The root is a folder of the given name in My Drive."""
        root = w.get(w.people.root)
        assert (root["name"], root["parents"]) == ("Work", [w.get("root", "id")["id"]])

    def test_write_in_place(self, w: World) -> None:
        """Writing keeps the file, adds a revision, and sets the time if there is one."""
        w.people.write("folder/file", b"one", mtime_ns=THEN)
        before = w.get(w.people.id("folder/file"))
        assert before["modifiedTime"] == "2017-07-14T02:40:00.123Z"
        w.people.write("folder/file", b"two", mtime_ns=THEN + 10**9)
        after = w.get(w.people.id("folder/file"))
        assert after["id"] == before["id"]
        assert after["modifiedTime"] == "2017-07-14T02:40:01.123Z"
        assert after["headRevisionId"] != before["headRevisionId"]
        assert w.people.kept() == [b"one"]
        w.people.write("folder/file", b"three")
        assert w.get(before["id"], "modifiedTime")["modifiedTime"] > after["modifiedTime"]

    def test_replace(self, w: World) -> None:
        """Replacing makes another file, and nothing is kept of the old one."""
        w.people.write("file", b"one")
        before = w.people.id("file")
        w.people.replace("file", b"two", mtime_ns=THEN)
        assert w.people.id("file") != before
        assert w.get(w.people.id("file"))["modifiedTime"] == "2017-07-14T02:40:00.123Z"
        assert (w.people.tree(), w.people.kept()) == ({"file": b"two"}, [])

    def test_remove(self, w: World) -> None:
        """Removing is for good, with everything in it."""
        w.people.write("folder/file", b"one")
        w.people.remove("folder")
        assert (w.people.tree(), w.people.kept()) == ({}, [])
        with pytest.raises(LookupError):
            w.people.remove("folder")

    def test_rename(self, w: World) -> None:
        """A rename keeps the file and its time, also where it takes another's place."""
        w.people.write("from/file", b"one", mtime_ns=THEN)
        w.people.write("to", b"two")
        before = w.get(w.people.id("from/file"), "id,modifiedTime,headRevisionId")
        w.people.rename("from/file", "to")
        assert w.people.tree() == {"from": None, "to": b"one"}
        assert w.get(w.people.id("to"), "id,modifiedTime,headRevisionId") == before
        w.people.rename("to", "deep/er/file")
        assert w.people.id("deep/er/file") == before["id"]

    def test_what_drive_does_not_know(self, w: World) -> None:
        """There are no links, and nothing that cannot be read: nothing is done."""
        assert not w.people.link("link", "target")
        w.people.write("file", b"one")
        assert not w.people.deny("file")
        assert w.people.tree() == {"file": b"one"}

    def test_lost_root(self, w: World) -> None:
        """A root that is lost is in the trash."""
        w.people.write("file", b"one")
        assert w.people.lose_root()
        assert w.get(w.people.root, "trashed") == {"trashed": True}
        assert w.people.kept() == [b"one"]

    def test_exchanged_root(self, w: World) -> None:
        """A root that is exchanged is another folder of its name."""
        w.people.write("file", b"one")
        before = w.people.root
        assert w.people.exchange_root()
        assert w.people.root != before
        assert w.people.tree() == {}
        assert w.names("name = 'Work' and trashed = false") == ["Work"]

    def test_tree(self, w: World) -> None:
        """The tree shows folders, documents, shortcuts, and every one of one name."""
        w.people.mkdir("empty")
        w.people.add_document("doc", b"words")
        w.people.edit_document("doc", b"other words")
        file = w.people.add_duplicate("same", b"one")
        again = w.people.add_duplicate("same", b"two")
        w.people.add_shortcut("short", "same")
        w.people.write("gone", b"three")
        gone = w.people.id("gone")
        w.people.trash("gone")
        assert w.people.tree() == {
            "empty": None,
            "doc": b"other words",
            "same": b"one",
            f"same#{again}": b"two",
            "short": file.encode(),
        }
        w.people.untrash(gone)
        w.people.touch("gone", mtime_ns=THEN)
        assert w.people.tree()["gone"] == b"three"
        assert w.get(gone)["modifiedTime"] == "2017-07-14T02:40:00.123Z"
