"""The Dropbox emulator as the official SDK sees it: metadata, content, exports, revisions."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from dropbox import files  # type: ignore[import-untyped]  # the SDK has no types

from syncoxiders.core.digests import DROPBOX, digests_of
from tests.emulators.dropbox import DropboxEmulator, create
from tests.emulators.dropbox.client import connected, refused


@pytest.fixture
def emulator() -> DropboxEmulator:
    emulator = create()
    emulator.strict = True
    return emulator


@pytest.fixture
def box(emulator: DropboxEmulator) -> Iterator[Any]:
    with connected(emulator) as box:
        yield box


class TestReading:
    def test_metadata(self, emulator: DropboxEmulator, box: Any) -> None:
        """A file is found by path in any case, by id, below a folder's id, and by revision."""
        emulator.people.write("Folder/File", b"one", mtime_ns=1_500_000_000_900_000_000)
        found = box.files_get_metadata("/ROOT/folder/FILE")
        assert (found.path_display, found.path_lower) == ("/Root/Folder/File", "/root/folder/file")
        assert found.client_modified.isoformat() == "2017-07-14T02:40:00"
        assert found.content_hash == digests_of([b"one"], [DROPBOX]).of(DROPBOX)
        assert found.is_downloadable
        folder = box.files_get_metadata("/Root/Folder")
        for where in (found.id, f"{folder.id}/file", f"rev:{found.rev}"):
            assert box.files_get_metadata(where) == found
        emulator.people.write("Folder/File", b"other")
        assert box.files_get_metadata(f"rev:{found.rev}").size == 3
        assert box.files_get_metadata(found.id).size == 5

    def test_deleted(self, emulator: DropboxEmulator, box: Any) -> None:
        """What is gone is not found, by path or id, unless deleted things are asked for."""
        emulator.people.write("file", b"")
        identity = box.files_get_metadata("/Root/file").id
        emulator.people.remove("file")
        for where in ("/Root/file", identity, "/Root/file/below"):
            assert refused(partial(box.files_get_metadata, where)) == ["path", "not_found"]
        found = box.files_get_metadata("/Root/FILE", include_deleted=True)
        assert isinstance(found, files.DeletedMetadata)
        assert found.path_display == "/Root/file"

    def test_root(self, box: Any) -> None:
        """The root has no metadata."""
        with pytest.raises(Exception, match="did not match pattern"):
            box.files_get_metadata("")

    @pytest.mark.parametrize("path", ["/Root//file", "/Root/file/", "/Root/../file", "/a\\b"])
    def test_malformed_path(self, box: Any, path: str) -> None:
        """What is not a path is not merely not found."""
        assert refused(lambda: box.files_get_metadata(path)) == ["path", "malformed_path"]

    def test_download(self, emulator: DropboxEmulator, box: Any) -> None:
        """Content comes with its metadata, by path, id, or of a past revision."""
        emulator.people.write("file ü", b"one")
        old = box.files_get_metadata("/Root/file ü")
        emulator.people.write("file ü", b"two")
        metadata, response = box.files_download(old.id)
        assert (metadata.name, response.content) == ("file ü", b"two")
        assert box.files_download(f"rev:{old.rev}")[1].content == b"one"
        assert box.files_download("/Root/file ü", rev=old.rev)[1].content == b"one"

    @pytest.mark.parametrize(
        ("asked", "status", "content"),
        [
            ("bytes=0-1", 206, b"01"),
            ("bytes=7-", 206, b"789"),
            ("bytes=-2", 206, b"89"),
            ("bytes=8-100", 206, b"89"),
            ("lines=1", 200, b"0123456789"),
        ],
    )
    def test_range(
        self, emulator: DropboxEmulator, box: Any, asked: str, status: int, content: bytes
    ) -> None:
        """A range is answered with just that, and says what it is."""
        emulator.people.write("file", b"0123456789")
        _, response = box.files_download("/Root/file", extra_headers={"Range": asked})
        assert (response.status_code, response.content) == (status, content)
        if status == 206:
            start = b"0123456789".index(content)
            end = start + len(content) - 1
            assert response.headers["Content-Range"] == f"bytes {start}-{end}/10"

    def test_range_beyond_the_end(self, emulator: DropboxEmulator, box: Any) -> None:
        """A range with nothing in it cannot be satisfied."""
        emulator.people.write("file", b"0123456789")
        with pytest.raises(Exception, match="416"):
            box.files_download("/Root/file", extra_headers={"Range": "bytes=10-"})

    def test_folder(self, emulator: DropboxEmulator, box: Any) -> None:
        """A folder has no content."""
        emulator.people.mkdir("folder")
        assert refused(lambda: box.files_download("/Root/folder")) == ["path", "not_file"]

    def test_paper(self, emulator: DropboxEmulator, box: Any) -> None:
        """A document without bytes is not downloaded but exported, in the formats it names."""
        emulator.people.add_paper("Notes.paper", b"# Notes")
        (entry,) = box.files_list_folder("/Root").entries
        assert not entry.is_downloadable
        assert (entry.export_info.export_as, entry.export_info.export_options) == (
            "html",
            ["html", "markdown"],
        )
        assert refused(lambda: box.files_download("/Root/Notes.paper")) == ["unsupported_file"]
        result, response = box.files_export("/Root/Notes.paper", export_format="markdown")
        assert (response.content, result.export_metadata.name) == (b"# Notes", "Notes.md")
        assert box.files_export("/Root/Notes.paper")[1].content == b"<p># Notes</p>"
        export = box.files_export
        assert refused(lambda: export("/Root/Notes.paper", export_format="pdf")) == [
            "invalid_export_format"
        ]
        without = box.files_list_folder("/Root", include_non_downloadable_files=False)
        assert without.entries == []

    def test_nothing_to_export(self, emulator: DropboxEmulator, box: Any) -> None:
        """An ordinary file is downloaded, not exported."""
        emulator.people.write("file", b"")
        assert refused(lambda: box.files_export("/Root/file")) == ["non_exportable"]

    def test_revisions(self, emulator: DropboxEmulator, box: Any) -> None:
        """Revisions of a path come newest first, in pages, also when the file is gone."""
        for number in range(3):
            emulator.people.write("file", b"x" * number)
        page = box.files_list_revisions("/Root/file", limit=2)
        assert ([each.size for each in page.entries], page.has_more) == ([2, 1], True)
        assert not page.is_deleted
        last = page.entries[-1].rev
        rest = box.files_list_revisions("/Root/file", before_rev=last)
        assert ([each.size for each in rest.entries], rest.has_more) == ([0], False)
        emulator.people.remove("file")
        gone = box.files_list_revisions("/Root/file")
        assert gone.is_deleted
        assert gone.server_deleted is not None
        assert len(gone.entries) == 3

    def test_revisions_by_id(self, emulator: DropboxEmulator, box: Any) -> None:
        """Revisions of an id are followed through moves; those of a path are not."""
        emulator.people.write("old", b"one")
        emulator.people.rename("old", "new")
        emulator.people.write("new", b"three")
        by_id = box.files_list_revisions("/Root/new", mode=files.ListRevisionsMode.id)
        assert [each.path_lower for each in by_id.entries] == [
            "/root/new", "/root/new", "/root/old",
        ]  # fmt: skip
        assert len(box.files_list_revisions("/Root/new").entries) == 2

    def test_revisions_of_what_is_no_file(self, emulator: DropboxEmulator, box: Any) -> None:
        """Folders and what never was have no revisions."""
        emulator.people.mkdir("folder")
        revisions = box.files_list_revisions
        assert refused(lambda: revisions("/Root/folder")) == ["path", "not_file"]
        assert refused(lambda: revisions("/Root/never")) == ["path", "not_found"]
