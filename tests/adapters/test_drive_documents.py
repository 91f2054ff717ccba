"""Google-native documents, shortcuts and what may not be touched, at Google Drive."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from syncoxiders.adapters.providers.drive.provider import DriveProvider
from syncoxiders.core import hashes
from syncoxiders.core.digests import digests_of
from syncoxiders.core.model import UNKNOWN_SIZE, Entry, Kind, Ref
from syncoxiders.ports.errors import Changing, Denied, Occupied, Refused, Stale
from syncoxiders.ports.provider import Attributes, Problem
from tests.adapters.drive_support import PLAIN, Stage, serving, staged
from tests.contracts.provider_harness import ROOT_REF, KnownTree
from tests.emulators.drive import formats
from tests.emulators.drive.model import DOCUMENT
from tests.emulators.serving import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def s(server: Server) -> Iterator[Stage]:
    with staged(server) as stage:
        yield stage


def problems(provider: DriveProvider) -> list[Problem]:
    return [problem for delta in provider.rescan(KnownTree()) for problem in delta.problems]


class TestExport:
    @pytest.mark.parametrize(
        ("mime", "name"),
        [
            (DOCUMENT, "doc.docx"),
            (formats.SPREADSHEET, "doc.xlsx"),
            (formats.PRESENTATION, "doc.pptx"),
            (formats.DRAWING, "doc.png"),
        ],
    )
    def test_companion(self, s: Stage, mime: str, name: str) -> None:
        """A document is a file in an Office format, whose size nobody knows before it is read."""
        doc = s.people.add_document("doc", b"text", mime=mime)
        assert s.look() == [name]
        entry = s.entry(name)
        assert (entry.id, entry.kind, entry.size) == (doc, Kind.FILE, UNKNOWN_SIZE)
        assert entry.hashes == ""
        assert s.provider.get(Ref(doc, "elsewhere")) == entry
        content = s.read(name)
        assert content.startswith(b"%" + name[4:].encode())
        assert content.endswith(b"text")
        told = s.provider.hash(Ref(doc, name), entry.version)
        assert told == digests_of([content]).text()

    def test_feed(self, s: Stage) -> None:
        """The feed tells of it by the same name."""
        cursor = s.provider.start_cursor()
        s.people.add_document("doc")
        (change,) = s.drain(cursor)
        assert change.entry == s.entry("doc.docx")

    def test_version(self, s: Stage) -> None:
        """An edit is another version, and a rename is not."""
        s.people.add_document("doc", b"one")
        one = s.entry("doc.docx")
        s.people.rename("doc", "renamed")
        assert s.entry("renamed.docx").version == one.version
        s.tick()
        s.people.edit_document("renamed", b"two")
        two = s.entry("renamed.docx")
        assert two.version != one.version
        with pytest.raises(Stale):
            s.provider.read(Ref(one.id, "renamed.docx"), one.version)

    def test_edited_while_it_is_read(self, s: Stage) -> None:
        """A document that is edited while it is exported raises Changing at the end."""
        s.people.add_document("doc", b"one")
        entry = s.entry("doc.docx")
        reader = s.provider.read(Ref(entry.id, "doc.docx"), entry.version)
        s.tick()
        s.people.edit_document("doc", b"two")
        with pytest.raises(Changing):
            list(reader.chunks())

    def test_beyond_ten_megabytes(self, s: Stage) -> None:
        """What is too large to be exported comes by its export link."""
        text = b"x" * (formats.EXPORT_LIMIT + 1)
        s.people.add_document("doc", text)
        asked = s.requests(lambda: s.read("doc.docx"))
        assert s.read("doc.docx").endswith(text)
        assert any("/feeds/download/" in each for each in asked)

    def test_no_two_exports_are_alike(self, s: Stage) -> None:
        """A companion is read from its start only: the rest of another export would not fit."""
        s.emulator.files.vary = True
        s.people.add_document("doc")
        entry = s.entry("doc.docx")
        with pytest.raises(Stale):
            s.provider.read(Ref(entry.id, "doc.docx"), entry.version, 3)

    def test_is_not_written_to(self, s: Stage) -> None:
        """What is written to a companion is refused, with a word on where to edit it."""
        s.people.add_document("doc", b"precious")
        entry = s.entry("doc.docx")
        with pytest.raises(Refused, match="edit it in Google Docs"):
            s.upload("doc.docx", b"ours", replaces=entry)
        with pytest.raises(Refused, match="edit it in Google Docs"):
            s.provider.set_meta(Ref(entry.id, "doc.docx"), entry.version, Attributes(mtime_ns=1))
        assert s.people.tree() == {"doc": b"precious"}

    def test_move(self, s: Stage) -> None:
        """Moving and renaming a companion moves and renames the document."""
        s.people.add_document("doc", b"precious")
        s.people.mkdir("folder")
        entry = s.entry("doc.docx")
        ref = Ref(entry.id, "doc.docx")
        moved = s.provider.move(ref, entry.version, s.ref("folder"), "renamed.docx")
        assert s.people.tree() == {"folder": None, "folder/renamed": b"precious"}
        assert (moved.name, moved.version) == ("renamed.docx", entry.version)

    @pytest.mark.parametrize("name", ["renamed.txt", ".docx"])
    def test_ending_stays(self, s: Stage, name: str) -> None:
        """A companion cannot be renamed to what no document is shown as."""
        s.people.add_document("doc")
        entry = s.entry("doc.docx")
        with pytest.raises(Refused, match="ends in"):
            s.provider.move(Ref(entry.id, "doc.docx"), entry.version, ROOT_REF, name)

    def test_delete(self, s: Stage) -> None:
        """Deleting a companion brings the document to the trash."""
        doc = s.people.add_document("doc", b"precious")
        entry = s.entry("doc.docx")
        s.provider.delete(Ref(doc, "doc.docx"), entry.version)
        assert s.people.tree() == {}
        s.people.untrash(doc)
        assert s.people.tree() == {"doc": b"precious"}

    def test_file_of_a_companions_name(self, s: Stage) -> None:
        """A file beside a document that is shown under its name has a name of its own."""
        s.people.write("doc.docx", b"file")
        s.tick()
        s.people.add_document("doc", b"document")
        s.look()
        entries = s.known.paths()
        (twin,) = entries.keys() - {"doc.docx"}
        assert s.read("doc.docx") == b"file"
        assert s.read(twin).endswith(b"document")
        for name, entry in entries.items():
            assert s.provider.at(ROOT_REF, name) == entry

    def test_place_is_occupied(self, s: Stage) -> None:
        """Where a companion stands no file is created: Occupied."""
        s.people.add_document("doc")
        with pytest.raises(Occupied):
            s.upload("doc.docx", b"ours")

    def test_copy(self, s: Stage) -> None:
        """A copy of a companion is a file of its bytes, not a document."""
        s.people.add_document("doc", b"text")
        entry = s.entry("doc.docx")
        ref = Ref(entry.id, "doc.docx")
        copy = s.provider.copy(ref, entry.version, ROOT_REF, "copy.docx", PLAIN)
        assert s.people.tree()["copy.docx"] == s.read("doc.docx")
        assert copy.size == len(s.read("doc.docx"))

    def test_what_cannot_be_exported(self, s: Stage) -> None:
        """A form has no Office format: there is a note of it, and nothing is unreadable."""
        s.people.add_document("folder/form", mime=formats.FORM)
        s.look()
        (problem,) = problems(s.provider)
        assert (problem.path, problem.unreadable) == ("folder/form", False)
        assert "form" in problem.reason
        assert s.known.paths().keys() == {"folder"}


class TestLink:
    @pytest.fixture
    def provider(self, s: Stage) -> DriveProvider:
        return s.open(documents="link")

    def at(self, provider: DriveProvider, name: str) -> Entry:
        entry = provider.at(ROOT_REF, name)
        assert entry is not None
        return entry

    def test_content(self, s: Stage, provider: DriveProvider) -> None:
        """A document is a small file that opens it in a browser, and is always the same."""
        doc = s.people.add_document("doc", b"one")
        entry = self.at(provider, "doc.url")
        content = s.read("doc.url", provider)
        assert content.startswith(b"[InternetShortcut]\r\nURL=https://drive.google.com/")
        assert doc.encode() in content
        assert entry.size == len(content)
        assert hashes.equal(entry.hashes, digests_of([content]).text()) is True
        s.tick()
        s.people.edit_document("doc", b"two")
        assert self.at(provider, "doc.url") == entry
        assert s.look(provider) == ["doc.url"]
        assert s.look(provider) == []
        reader = provider.read(Ref(doc, "doc.url"), entry.version, 3)
        assert b"".join(bytes(chunk) for chunk in reader.chunks()) == content[3:]
        reader.close()

    def test_whatever_it_is(self, s: Stage, provider: DriveProvider) -> None:
        """What cannot be exported can be linked to."""
        s.people.add_document("form", mime=formats.FORM)
        assert self.at(provider, "form.url").size > 0

    def test_is_not_written_to(self, s: Stage, provider: DriveProvider) -> None:
        """A link is not written to either."""
        s.people.add_document("doc")
        entry = self.at(provider, "doc.url")
        with pytest.raises(Refused):
            s.upload("doc.url", b"ours", replaces=entry, provider=provider)


class TestSkip:
    def test_note(self, s: Stage) -> None:
        """A document is left out with a note, and stands in the way of nothing else."""
        doc = s.people.add_document("folder/doc")
        provider = s.open(documents="skip")
        assert s.look(provider) == ["folder"]
        assert [(p.path, p.unreadable) for p in problems(provider)] == [("folder/doc", False)]
        assert provider.get(Ref(doc, "folder/doc")) is None
        assert provider.at(s.ref("folder"), "doc") is None
        cursor = provider.start_cursor()
        s.people.edit_document("folder/doc", b"more")
        assert s.drain(cursor, provider) == []


class TestShortcut:
    def test_is_not_followed(self, s: Stage) -> None:
        """A shortcut is left out with a note, even one that leads around in a circle."""
        s.people.mkdir("folder")
        shortcut = s.people.add_shortcut("folder/shortcut", "folder")
        assert s.look() == ["folder"]
        (problem,) = problems(s.provider)
        assert (problem.path, problem.unreadable) == ("folder/shortcut", False)
        assert "shortcut" in problem.reason
        assert s.provider.get(Ref(shortcut, "folder/shortcut")) is None

    def test_feed(self, s: Stage) -> None:
        """The feed tells nothing of it."""
        s.people.write("file", b"content")
        cursor = s.provider.start_cursor()
        s.people.add_shortcut("shortcut", "file")
        assert s.drain(cursor) == []

    def test_file_beside_it(self, s: Stage) -> None:
        """A file of its name stands beside it: it is not kept away by what nobody is shown."""
        s.people.write("file", b"content")
        shortcut = s.people.add_shortcut("shortcut", "file")
        entry = s.upload("shortcut", b"ours")
        assert entry.id != shortcut
        assert s.entry("shortcut") == entry
        assert s.look() == ["file", "shortcut"]
        assert s.known.paths()["shortcut"] == entry


class TestForeign:
    def test_file_of_another(self, s: Stage) -> None:
        """What another owns and shared into the tree is read, written and told to be foreign."""
        s.people.share_in("folder/theirs", b"old")
        s.people.write("folder/ours", b"ours")
        s.look()
        assert s.known.paths()["folder/theirs"].foreign
        assert not s.known.paths()["folder/ours"].foreign
        old = s.entry("folder/theirs")
        assert s.read("folder/theirs") == b"old"
        s.upload("folder/theirs", b"new", replaces=old)
        assert s.people.tree()["folder/theirs"] == b"new"

    def test_may_only_be_read(self, s: Stage) -> None:
        """What may not be edited is Denied, and stays as it was."""
        s.people.share_in("theirs", b"precious", access="reader")
        entry = s.entry("theirs")
        ref = Ref(entry.id, "theirs")
        deeds: list[Any] = [
            lambda: s.upload("theirs", b"ours", replaces=entry),
            lambda: s.provider.move(ref, entry.version, ROOT_REF, "moved"),
            lambda: s.provider.set_meta(ref, entry.version, Attributes(mtime_ns=1)),
            lambda: s.provider.delete(ref, entry.version),
        ]
        for deed in deeds:
            with pytest.raises(Denied):
                deed()
        assert s.people.tree() == {"theirs": b"precious"}

    def test_may_not_be_downloaded(self, s: Stage) -> None:
        """What may not be downloaded is Denied when it is read."""
        file_id = s.people.share_in("theirs", b"secret", access="reader")
        s.emulator.drive.save(dataclasses.replace(s.emulator.drive.need(file_id), restricted=True))
        entry = s.entry("theirs")
        with pytest.raises(Denied, match="download"):
            s.provider.read(Ref(entry.id, "theirs"), entry.version)

    def test_malware(self, s: Stage) -> None:
        """What Google takes for malware is Denied when it is read."""
        s.people.write("virus", b"virus")
        s.people.flag_abusive("virus")
        entry = s.entry("virus")
        with pytest.raises(Denied, match="malware"):
            s.provider.read(Ref(entry.id, "virus"), entry.version)

    def test_unshared(self, s: Stage) -> None:
        """What is not shared any more is told as lost, and not found."""
        file_id = s.people.share_in("theirs", b"content")
        cursor = s.provider.start_cursor()
        s.people.unshare(file_id)
        (change,) = s.drain(cursor)
        assert (change.entry, change.id, change.lost) == (None, file_id, True)
        assert s.provider.get(Ref(file_id, "theirs")) is None
