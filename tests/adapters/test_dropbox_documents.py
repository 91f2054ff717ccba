"""Paper documents and others without bytes: files of an export that follow them."""

from collections.abc import Iterator

import pytest

from syncoxiders.adapters.providers.dropbox.provider import DropboxProvider
from syncoxiders.core import hashes
from syncoxiders.core.digests import DROPBOX, digests_of
from syncoxiders.core.model import Ref
from syncoxiders.ports.errors import Changing, Occupied, Refused, Stale, Vanished
from syncoxiders.ports.provider import Attributes, Change, Problem
from tests.adapters.dropbox_support import ROOT, Box, looked, served, shown, told
from tests.contracts.provider_harness import KnownTree, is_same


@pytest.fixture
def box() -> Iterator[Box]:
    with served() as box:
        box.people.write("folder/plain.txt", b"content")
        box.people.add_paper("folder/Notes.paper", b"# Notes")
        yield box


def test_skipped(box: Box) -> None:
    """Documents are left out unless they are asked for, and a look says so."""
    known = KnownTree()
    deltas = list(box.provider.rescan(known))
    assert [problem for delta in deltas for problem in delta.problems] == [
        Problem("folder/Notes.paper", "is a document without content of its own", False)
    ]
    assert looked(box.provider).keys() == {"folder", "folder/plain.txt"}
    (delta,) = box.provider.rescan(KnownTree(), [box.ref("folder")])
    assert [problem.path for problem in delta.problems] == ["folder/Notes.paper"]
    folder = box.ref("folder")
    assert box.provider.at(folder, "Notes.paper") is None
    with box.requests() as made:
        assert box.provider.at(folder, "Notes.paper.html") is None
    assert made == ["get_metadata"]


def test_gone(box: Box) -> None:
    """Where a document was deleted what was made of it is gone; it is told in no other way."""
    provider = box.open(documents="export")
    cursor = provider.start_cursor()
    box.people.remove("folder/Notes.paper")
    box.people.remove("folder/plain.txt")
    assert shown(told(provider, cursor)) == [
        "-folder/Notes.paper.html",
        "-folder/Notes.paper.md",
        "-folder/Notes.paper",
        "-folder/plain.txt",
    ]


def test_gone_beside_a_namesake(box: Box) -> None:
    """A file of the name that a document's would have is not gone with the document."""
    box.people.write("folder/Notes.paper.html", b"person's")
    provider = box.open(documents="export")
    cursor = provider.start_cursor()
    box.people.remove("folder/Notes.paper")
    assert "-folder/Notes.paper.html" not in shown(told(provider, cursor))


@pytest.mark.parametrize("everything", [True, False])
def test_namesake(box: Box, everything: bool) -> None:
    """Where a file has the name of what is made of a document the document is left out."""
    box.people.write("folder/Notes.paper.html", b"person's")
    provider = box.open(documents="export")
    refs = None if everything else [box.ref("folder")]
    deltas = list(provider.rescan(KnownTree(), refs))
    names = {each.name for delta in deltas for each in delta.changed}
    assert names - {"folder"} == {"Notes.paper.html", "plain.txt"}
    (problem,) = {problem for delta in deltas for problem in delta.problems}
    assert problem.path.lower() == "folder/notes.paper.html"
    assert not problem.unreadable
    found = provider.at(box.ref("folder"), "Notes.paper.html")
    assert found is not None
    assert found.size == len(b"person's")


def test_takes_a_files_place(box: Box) -> None:
    """Where a document takes a file's place the file is gone, and the other way round."""
    provider = box.open(documents="export")
    box.people.write("folder/Other.paper", b"a file")
    cursor = provider.start_cursor()
    box.people.remove("folder/Other.paper")
    box.people.add_paper("folder/Other.paper", b"# Other")
    changes = shown(told(provider, cursor))
    assert "-folder/Other.paper" in changes
    assert changes[-1] == "folder/Other.paper.html"
    cursor = provider.start_cursor()
    box.people.remove("folder/Other.paper")
    box.people.write("folder/Other.paper", b"a file")
    changes = shown(told(provider, cursor))
    assert "-folder/Other.paper.html" in changes
    assert changes[-1] == "folder/Other.paper"


def test_other_names_cost_nothing(box: Box) -> None:
    """Only a name that a document's may be is asked for twice."""
    provider = box.open(documents="export")
    folder = box.ref("folder")
    with box.requests() as made:
        assert provider.at(folder, "page.html") is None
    assert made == ["get_metadata"]


def test_of_unknown_kind(box: Box) -> None:
    """A document whose name does not tell its formats is left out."""
    box.people.add_paper("folder/Drawing.web", b"# Drawing")
    deltas = list(box.open(documents="export").rescan(KnownTree()))
    problems = [problem.path for delta in deltas for problem in delta.problems]
    assert problems == ["folder/Drawing.web"]


def test_in_a_files_place(box: Box) -> None:
    """Where a document that is left out takes a file's place the file is gone."""
    cursor = box.provider.start_cursor()
    box.people.remove("folder/plain.txt")
    box.people.add_paper("folder/plain.txt", b"# Notes")
    assert told(box.provider, cursor) == [Change(path="folder/plain.txt")]


def test_exported(box: Box) -> None:
    """An exported document is a file of its format, of unknown size until it is read."""
    provider = box.open(documents="export")
    known = KnownTree()
    looked(provider, known)
    path = "folder/Notes.paper.html"
    entry = known.paths()[path]
    assert (entry.size, entry.hashes, entry.name) == (-1, "", "Notes.paper.html")
    assert is_same(provider.at(box.ref("folder"), "Notes.paper.html"), entry)
    assert is_same(provider.get(Ref(entry.id, path)), entry)
    assert provider.at(box.ref("folder"), "Notes.paper") is None
    assert provider.at(box.ref("folder"), "plain.txt.html") is None
    assert provider.at(box.ref("folder"), "Notes.paper.md") is None  # it is exported otherwise
    box.people.write("folder/Real.paper", b"a file")
    assert provider.at(box.ref("folder"), "Real.paper.html") is None
    assert box.read(entry, provider=provider) == b"<p># Notes</p>"
    assert box.read(entry, 3, provider=provider) == b"# Notes</p>"
    assert box.read(entry, 99, provider=provider) == b""
    told = provider.hash(Ref(entry.id, path), entry.version, (DROPBOX,))
    assert hashes.equal(told, digests_of([b"<p># Notes</p>"]).text())


def test_fed(box: Box) -> None:
    """The feed tells of an exported document under the same name."""
    provider = box.open(documents="export")
    cursor = provider.start_cursor()
    box.people.add_paper("folder/Other.paper", b"# Other")
    changes = told(provider, cursor)
    assert shown(changes)[-1] == "folder/Other.paper.html"


def test_edited(box: Box) -> None:
    """An edited document is another version: the old one is Stale, or Changing meanwhile."""
    provider = box.open(documents="export")
    path = "folder/Notes.paper.html"
    old = provider.at(box.ref("folder"), "Notes.paper.html")
    assert old is not None
    reader = provider.read(Ref(old.id, path), old.version)
    box.people.add_paper("folder/Notes.paper", b"# Edited")
    with pytest.raises(Changing):
        list(reader.chunks())
    with pytest.raises(Stale):
        provider.read(Ref(old.id, path), old.version)


def test_read_only(box: Box) -> None:
    """What only an export is known of is not written, and not copied as if it were a file."""
    provider = box.open(documents="export")
    path = "folder/Notes.paper.html"
    entry = provider.at(box.ref("folder"), "Notes.paper.html")
    assert entry is not None
    ref = Ref(entry.id, path)
    before = box.people.tree()
    with pytest.raises(Refused):
        provider.copy(ref, entry.version, ROOT, "copy", Attributes())
    with pytest.raises(Refused):
        replaced(provider, box.ref("folder"), ref, entry.version)
    assert box.people.tree() == before


def test_deleted(box: Box) -> None:
    """A document is deleted in the version that is expected, and Dropbox keeps it."""
    provider = box.open(documents="export")
    old = provider.at(box.ref("folder"), "Notes.paper.html")
    assert old is not None
    ref = Ref(old.id, "folder/Notes.paper.html")
    box.people.add_paper("folder/Notes.paper", b"# Edited")
    with pytest.raises(Stale):
        provider.delete(ref, old.version)
    now = provider.get(ref)
    assert now is not None
    provider.delete(ref, now.version)
    assert "folder/Notes.paper" not in box.people.tree()


def test_moved(box: Box) -> None:
    """A document can be moved and renamed, as long as its format's extension stays."""
    provider = box.open(documents="export")
    entry = provider.at(box.ref("folder"), "Notes.paper.html")
    assert entry is not None
    ref = Ref(entry.id, "folder/Notes.paper.html")
    with pytest.raises(Refused):
        provider.move(ref, entry.version, ROOT, "Notes.txt")
    with pytest.raises(Refused):
        provider.move(ref, entry.version, ROOT, "Notes.gdoc.docx")
    moved = provider.move(ref, entry.version, ROOT, "Minutes.paper.html")
    assert (moved.id, moved.name, moved.size) == (entry.id, "Minutes.paper.html", -1)
    assert "Minutes.paper" in box.people.tree()


def test_place_is_taken(box: Box) -> None:
    """A document that is left out still stands where it stands: Occupied."""
    with pytest.raises(Occupied):
        box.upload("folder/Notes.paper", b"content")


def test_became_a_document(box: Box) -> None:
    """A file that a document has replaced cannot be read as what it was."""
    old = box.entry("folder/plain.txt")
    box.people.remove("folder/plain.txt")
    box.people.add_paper("folder/plain.txt", b"# Notes")
    with pytest.raises(Vanished):
        box.read(old)


def replaced(provider: DropboxProvider, folder: Ref, ref: Ref, version: str) -> None:
    name = ref.path.rpartition("/")[2]
    provider.upload(
        folder, name, [b"ours"], size=4, attributes=Attributes(), replaces=(ref, version)
    )
