"""Moving, renaming and copying within a Dropbox: case, names, and what was cut off."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from syncoxiders.core.model import Kind, Ref
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import Occupied, Refused, Unreachable
from syncoxiders.ports.provider import Attributes
from tests.adapters.dropbox_support import ROOT, Box, looked, served, shown, told
from tests.contracts.provider_harness import KnownTree


@pytest.fixture
def box() -> Iterator[Box]:
    with served() as box:
        yield box


class TestCase:
    def test_two_moves(self, box: Box) -> None:
        """Dropbox leaves a name's case as it is; by way of another name it is changed."""
        file = box.upload("folder.txt", b"content")
        with box.requests() as made:
            moved = box.provider.move(Ref(file.id, "folder.txt"), file.version, ROOT, "FOLDER.txt")
        assert made == ["get_metadata", "move_v2", "move_v2", "move_v2"]
        assert (moved.id, moved.name, moved.version) == (file.id, "FOLDER.txt", file.version)
        assert box.people.tree() == {"FOLDER.txt": b"content"}

    def test_in_another_folder_one_move_is_enough(self, box: Box) -> None:
        """Whatever moves to another folder gets its name's case at once."""
        box.people.mkdir("folder")
        file = box.upload("name", b"content")
        folder = box.ref("folder")
        with box.requests() as made:
            box.provider.move(Ref(file.id, "name"), file.version, folder, "NAME")
        assert made == ["get_metadata", "move_v2"]
        assert box.people.tree() == {"folder": None, "folder/NAME": b"content"}

    def test_unicode_form_is_let_be(self, box: Box) -> None:
        """Another Unicode form of a name is the same name: one move, and the answer is true."""
        file = box.upload("caf\u00e9", b"content")
        with box.requests() as made:
            moved = box.provider.move(Ref(file.id, "caf\u00e9"), file.version, ROOT, "cafe\u0301")
        assert made.count("move_v2") == 1
        assert list(box.people.tree()) == [moved.name]

    def test_second_move_fails(self, box: Box) -> None:
        """Where the way to the new case is barred the old name is back."""
        file = box.upload("name", b"content")
        box.emulator.faults.add("status", path="move_v2", skip=2, status=500)
        with pytest.raises(Unreachable):
            box.provider.move(Ref(file.id, "name"), file.version, ROOT, "NAME")
        assert box.people.tree() == {"name": b"content"}

    def test_place_is_taken_between_the_moves(self, box: Box) -> None:
        """What a person puts there between the moves stays: Occupied, nothing is lost."""
        file = box.upload("name", b"content")
        inner = box.provider._relocator._move
        calls = []

        def move(ref: Ref, parent: Ref, name: str) -> Any:
            calls.append(name)
            if len(calls) == 3:
                box.people.write("Name", b"person's")
            return inner(ref, parent, name)

        box.provider._relocator._move = move  # type: ignore[method-assign]  # a person's timing
        with pytest.raises(Occupied):
            box.provider.move(Ref(file.id, "name"), file.version, ROOT, "NAME")
        assert sorted(filter(None, box.people.tree().values())) == [b"content", b"person's"]

    @pytest.mark.parametrize("look", ["feed", "everything", "folder"])
    def test_cut_off_between_the_moves(self, box: Box, look: str) -> None:
        """Whoever dies between the moves leaves it to the next look, which finishes it."""
        box.people.mkdir("folder")
        file = box.upload("folder/name", b"content")
        folder = box.ref("folder")
        other = box.open()
        cursor = other.start_cursor()
        inner, calls = box.provider._relocator._move, itertools.count()

        def move(ref: Ref, parent: Ref, name: str) -> Any:
            if next(calls) == 2:
                raise KeyboardInterrupt
            return inner(ref, parent, name)

        box.provider._relocator._move = move  # type: ignore[method-assign]  # a power cut
        with pytest.raises(KeyboardInterrupt):
            box.provider.move(Ref(file.id, "folder/name"), file.version, folder, "NAME")
        assert "folder/NAME" not in box.people.tree()
        if look == "feed":
            assert shown(told(other, cursor)) == ["-folder/name", "folder/NAME"]
        else:
            known = KnownTree()
            refs = None if look == "everything" else [folder]
            names = [e.name for delta in other.rescan(known, refs) for e in delta.changed]
            assert "NAME" in names
        assert box.people.tree() == {"folder": None, "folder/NAME": b"content"}

    def test_cut_off_and_taken(self, box: Box) -> None:
        """Where the place has been taken since, what was cut off is told of as it stands."""
        name = "name (SyncOxiders is renaming this)"
        box.people.write(name, b"content")
        box.people.write("name", b"person's")
        assert looked(box.provider).keys() == {"name", name}
        assert box.people.tree().keys() == {"name", name}

    def test_in_its_own_way(self, box: Box) -> None:
        """Where Dropbox takes the entry itself for a conflict the name is changed all the same."""
        file = box.upload("name", b"content")
        body = {
            "error_summary": "to/conflict/file/..",
            "error": {".tag": "to", "to": {".tag": "conflict", "conflict": {".tag": "file"}}},
        }
        headers = {"Content-Type": "application/json"}
        box.emulator.faults.add("status", path="move_v2", status=409, body=body, headers=headers)
        box.provider.move(Ref(file.id, "name"), file.version, ROOT, "NAME")
        assert box.people.tree() == {"NAME": b"content"}


class TestNames:
    @pytest.mark.parametrize(
        "name",
        ["Desktop.ini", ".DS_Store", "Icon\r", ".dropbox", "a\\b", "del\x7f", "\U0001f600", "end "],
        ids=ascii,
    )
    def test_refused_without_asking(self, box: Box, name: str) -> None:
        """A name that Dropbox would not hold is refused before a byte is sent, and named."""
        file = box.upload("file", b"content")
        ref = Ref(file.id, "file")
        acts: list[Callable[[], object]] = [
            lambda: box.provider.make_folder(ROOT, name),
            lambda: box.provider.upload(ROOT, name, [], size=0, attributes=Attributes()),
            lambda: box.provider.begin(ROOT, name, size=1, attributes=Attributes()),
        ]
        with box.requests() as made:
            for act in acts:
                with pytest.raises(Refused, match="cannot hold the name"):
                    act()
        assert made == []
        with pytest.raises(Refused):
            box.provider.move(ref, file.version, ROOT, name)
        assert box.people.tree() == {"file": b"content"}

    def test_links_are_refused(self, box: Box) -> None:
        """The API makes no symbolic links."""
        link = Attributes(kind=Kind.LINK)
        with pytest.raises(Refused, match="link"):
            box.provider.upload(ROOT, "link", [b"target"], size=6, attributes=link)


class TestCopying:
    def test_across_roots(self, box: Box) -> None:
        """Two folders of one account are one storage; another account is not."""
        other = box.open(root="")
        assert box.provider.can_copy(other)
        file = box.upload("file", b"content")
        made = other.copy(Ref(file.id, "x"), file.version, ROOT, "outside", Attributes())
        assert (made.parent, made.name) == (ROOT.id, "outside")
        box.account = Account("other", "dropbox", settings=box.account.settings)
        assert not box.provider.can_copy(box.open())

    def test_folder(self, box: Box) -> None:
        """A folder is not copied as if it were a file."""
        folder = box.provider.make_folder(ROOT, "folder")
        with pytest.raises(Refused):
            box.provider.copy(Ref(folder.id, "folder"), "", ROOT, "copy", Attributes())
        assert box.people.tree() == {"folder": None}
