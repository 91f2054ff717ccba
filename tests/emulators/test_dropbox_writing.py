"""The Dropbox emulator as the official SDK sees it: uploads, sessions, moves, deletions."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from dropbox import files  # type: ignore[import-untyped]  # the SDK has no types
from dropbox.exceptions import (  # type: ignore[import-untyped]  # the SDK has no types
    ApiError,
    AuthError,
    BadInputError,
)

from tests.emulators.dropbox import DropboxEmulator, create
from tests.emulators.dropbox.client import connected, refused

WHEN = datetime(2020, 2, 29, 12, 30, 15, tzinfo=UTC).replace(tzinfo=None)


@pytest.fixture
def emulator() -> DropboxEmulator:
    emulator = create()
    emulator.strict = True
    return emulator


@pytest.fixture
def box(emulator: DropboxEmulator) -> Iterator[Any]:
    with connected(emulator) as box:
        yield box


def update(rev: str) -> Any:
    return files.WriteMode.update(rev)


class TestUpload:
    def test_new(self, emulator: DropboxEmulator, box: Any) -> None:
        """A new file makes the folders it is in, and keeps the time it is given, in seconds."""
        answer = box.files_upload(b"content", "/Root/A/b/File", client_modified=WHEN)
        assert (answer.path_display, answer.client_modified) == ("/Root/A/b/File", WHEN)
        assert answer == box.files_get_metadata("/root/a/B/file")
        assert emulator.people.tree() == {"A": None, "A/b": None, "A/b/File": b"content"}

    def test_time_with_a_fraction(self, box: Any) -> None:
        """Times are whole seconds; the SDK cuts a fraction off, and the API takes none."""
        answer = box.files_upload(b"", "/a", client_modified=WHEN.replace(microsecond=900_000))
        assert answer.client_modified == WHEN

    def test_case(self, emulator: DropboxEmulator, box: Any) -> None:
        """Another spelling is the same place, and the first spelling stays."""
        first = box.files_upload(b"one", "/Root/Name")
        second = box.files_upload(b"two", "/ROOT/NAME", mode=files.WriteMode.overwrite)
        assert (second.id, second.path_display) == (first.id, "/Root/Name")
        assert emulator.people.tree() == {"Name": b"two"}

    @pytest.mark.parametrize("mode", ["add", "update"])
    def test_conflict(self, emulator: DropboxEmulator, box: Any, mode: str) -> None:
        """Other content stays where ``add`` finds any and ``update`` another revision."""
        emulator.people.write("file", b"one")
        chosen = files.WriteMode.add if mode == "add" else update("123456789")
        upload = partial(box.files_upload, b"two", "/Root/file", mode=chosen)
        assert refused(upload) == ["path", "conflict", "file"]
        assert emulator.people.tree() == {"file": b"one"}
        renamed = upload(autorename=True)
        owner = box.users_get_current_account().name.display_name
        copies = {"add": "file (1)", "update": f"file ({owner}'s conflicted copy)"}
        assert renamed.name == copies[mode]

    def test_update(self, emulator: DropboxEmulator, box: Any) -> None:
        """``update`` with the current revision makes another one; the id stays."""
        first = box.files_upload(b"one", "/Root/file")
        second = box.files_upload(b"two", "/Root/file", mode=update(first.rev))
        assert second.id == first.id
        assert second.rev != first.rev
        assert emulator.people.kept() == [b"one"]
        upload = partial(box.files_upload, b"three", "/Root/file", mode=update(first.rev))
        assert refused(upload) == ["path", "conflict", "file"]

    @pytest.mark.parametrize("mode", ["add", "overwrite", "update", "outdated"])
    def test_same_content(self, emulator: DropboxEmulator, box: Any, mode: str) -> None:
        """The same content makes no revision in any mode, and another time is not taken over."""
        first = box.files_upload(b"content", "/Root/file")
        modes = {
            "add": files.WriteMode.add,
            "overwrite": files.WriteMode.overwrite,
            "update": update(first.rev),
            "outdated": update("123456789"),
        }
        number = emulator.tree.number
        again = box.files_upload(b"content", "/Root/file", mode=modes[mode], client_modified=WHEN)
        assert again == first
        assert emulator.tree.number == number

    def test_same_content_strictly(self, box: Any) -> None:
        """With ``strict_conflict`` the same content is a conflict, or another revision."""
        first = box.files_upload(b"content", "/Root/file")
        upload = partial(box.files_upload, b"content", "/Root/file", strict_conflict=True)
        assert refused(upload) == ["path", "conflict", "file"]
        outdated = partial(upload, mode=update("123456789"))
        assert refused(outdated) == ["path", "conflict", "file"]
        assert upload(mode=update(first.rev), client_modified=WHEN).client_modified == WHEN

    def test_update_of_what_is_gone(self, emulator: DropboxEmulator, box: Any) -> None:
        """Where nothing stands any mode writes; strictly, ``update`` has a conflict."""
        rev = box.files_upload(b"content", "/Root/file").rev
        emulator.people.remove("file")
        strictly = partial(box.files_upload, b"new", "/Root/file", strict_conflict=True)
        assert refused(partial(strictly, mode=update(rev))) == ["path", "conflict", "file"]
        assert emulator.people.tree() == {}
        box.files_upload(b"new", "/Root/file", mode=update(rev))
        assert emulator.people.tree() == {"file": b"new"}

    def test_something_in_the_way(self, emulator: DropboxEmulator, box: Any) -> None:
        """A folder at the place, or a file above it, is a conflict whatever the mode."""
        emulator.people.write("folder/file", b"")
        upload = partial(box.files_upload, b"new", mode=files.WriteMode.overwrite)
        folder = partial(upload, "/Root/folder")
        assert refused(folder) == ["path", "conflict", "folder"]
        assert folder(autorename=True).name == "folder (1)"
        below = partial(upload, "/Root/folder/file/below")
        assert refused(below) == ["path", "conflict", "file_ancestor"]

    @pytest.mark.parametrize(
        ("name", "error"),
        [
            ("desktop.ini", "disallowed_name"),
            ("THUMBS.DB", "disallowed_name"),
            (".dropbox", "disallowed_name"),
            ("ends in a space ", "malformed_path"),
            ("del\x7f", "malformed_path"),
            ("back\\slash", "malformed_path"),
            ("so 😀", "malformed_path"),
            ("x" * 256, "malformed_path"),
            ("folder/", "malformed_path"),
        ],
    )
    def test_name(self, emulator: DropboxEmulator, box: Any, name: str, error: str) -> None:
        """Names that Dropbox does not keep are refused, whatever is made of them."""
        emulator.people.write("file", b"")
        path = f"/Root/{name}"
        assert refused(lambda: box.files_upload(b"", path)) == ["path", error]
        assert refused(lambda: box.files_create_folder_v2(path)) == ["path", error]
        assert refused(lambda: box.files_move_v2("/Root/file", path)) == ["to", error]

    def test_by_id(self, box: Any) -> None:
        """A file can be written by its id."""
        first = box.files_upload(b"one", "/Root/file")
        box.files_move_v2("/Root/file", "/Root/moved")
        second = box.files_upload(b"two", first.id, mode=files.WriteMode.overwrite)
        assert (second.id, second.path_display) == (first.id, "/Root/moved")

    def test_content_hash(self, emulator: DropboxEmulator, box: Any) -> None:
        """Bytes that do not have the hash that came with them are not saved."""
        upload = partial(box.files_upload, b"content", "/Root/file", content_hash="0" * 64)
        assert refused(upload) == ["content_hash_mismatch"]
        assert emulator.people.tree() == {}

    def test_too_large_a_request(self, emulator: DropboxEmulator, box: Any) -> None:
        """A request has a bound, 150 MiB."""
        assert emulator.uploading.largest_request == 150 << 20
        emulator.uploading.largest_request = 10
        assert refused(lambda: box.files_upload(b"x" * 11, "/a")) == ["payload_too_large"]
        assert refused(lambda: box.files_upload_session_start(b"x" * 11)) == ["payload_too_large"]

    def test_space(self, emulator: DropboxEmulator, box: Any) -> None:
        """What does not fit any more is refused; what replaces something counts its difference."""
        emulator.tree.quota = 10
        box.files_upload(b"x" * 8, "/Root/file")
        assert box.users_get_space_usage().used == 8
        overwrite = files.WriteMode.overwrite
        box.files_upload(b"y" * 10, "/Root/file", mode=overwrite)
        upload = partial(box.files_upload, b"x" * 11, "/Root/file", mode=overwrite)
        assert refused(upload) == ["path", "insufficient_space"]
        copy = partial(box.files_copy_v2, "/Root/file", "/Root/copy")
        assert refused(copy) == ["insufficient_quota"]
        box.files_delete_v2("/Root/file")
        assert box.users_get_space_usage().used == 0

    def test_bad_argument(self, box: Any) -> None:
        """An argument that is not of the documented form is bad input."""
        with pytest.raises(BadInputError, match="Dropbox-API-Arg"):
            box.request_json_object(
                "content", "files/upload", "upload", {"path": "no slash"}, "user", b""
            )


class TestRelocation:
    def test_folder(self, emulator: DropboxEmulator, box: Any) -> None:
        """A folder is moved in one request, by id too; ids stay and revisions change."""
        emulator.people.write("old/file", b"content")
        folder, file = (box.files_get_metadata(f"/Root/{path}") for path in ("old", "old/file"))
        moved = box.files_move_v2(folder.id, "/Root/deep/new").metadata
        assert (moved.id, moved.path_display) == (folder.id, "/Root/deep/new")
        after = box.files_get_metadata("/Root/deep/new/file")
        assert after.id == file.id
        assert after.rev != file.rev
        assert emulator.people.kept() == []

    def test_refused(self, emulator: DropboxEmulator, box: Any) -> None:
        """What is not there, is taken, or is inside the folder itself is no move or copy."""
        emulator.people.write("folder/file", b"")
        emulator.people.write("other", b"")
        for action in (box.files_move_v2, box.files_copy_v2):
            assert refused(partial(action, "/Root/none", "/x")) == ["from_lookup", "not_found"]
            taken = partial(action, "/Root/other", "/Root/folder")
            assert refused(taken) == ["to", "conflict", "folder"]
            taken = partial(action, "/Root/folder", "/Root/other")
            assert refused(taken) == ["to", "conflict", "file"]
            inside = partial(action, "/Root/folder", "/Root/FOLDER/inner")
            assert refused(inside) == ["cant_move_folder_into_itself"]
            below = partial(action, "/Root/folder", "/Root/other/below")
            assert refused(below) == ["to", "conflict", "file_ancestor"]

    def test_autorename(self, emulator: DropboxEmulator, box: Any) -> None:
        """A name that is taken gets a number, if that is asked for."""
        emulator.people.write("a.txt", b"a")
        emulator.people.write("b.txt", b"b")
        moved = box.files_move_v2("/Root/a.txt", "/Root/b.txt", autorename=True).metadata
        assert moved.name == "b (1).txt"
        folder = partial(box.files_create_folder_v2, "/Root/folder", autorename=True)
        assert [folder().metadata.name for _ in range(2)] == ["folder", "folder (1)"]

    def test_case_only(self, emulator: DropboxEmulator, box: Any) -> None:
        """A change of case alone succeeds and changes nothing; by way of another name it works."""
        emulator.people.write("name", b"")
        number = emulator.tree.number
        answer = box.files_move_v2("/Root/name", "/Root/NAME").metadata
        assert answer.path_display == "/Root/name"
        assert emulator.tree.number == number
        box.files_move_v2("/Root/name", "/Root/other")
        box.files_move_v2("/Root/other", "/Root/NAME")
        assert emulator.people.tree() == {"NAME": b""}

    def test_copy(self, emulator: DropboxEmulator, box: Any) -> None:
        """A copy is another file, or folder of other files, with the same content and times."""
        box.files_upload(b"content", "/Root/folder/file", client_modified=WHEN)
        box.files_copy_v2("/Root/folder", "/Root/copy")
        original, copy = (
            box.files_get_metadata(f"/Root/{path}/file") for path in ("folder", "copy")
        )
        assert copy.id != original.id
        assert (copy.content_hash, copy.client_modified) == (original.content_hash, WHEN)
        emulator.people.write("folder/file", b"changed")
        assert box.files_download("/Root/copy/file")[1].content == b"content"
        assert emulator.people.kept() == [b"content"]

    def test_too_many(self, emulator: DropboxEmulator, box: Any) -> None:
        """More than 10,000 files and folders are not moved at once."""
        assert emulator.relocating.most_files == 10_000
        emulator.relocating.most_files = 3
        for number in range(4):
            emulator.people.write(f"many/{number}", b"")
        for action in (box.files_move_v2, box.files_copy_v2):
            assert refused(partial(action, "/Root/many", "/x")) == ["too_many_files"]
        emulator.people.remove("many/0")
        box.files_move_v2("/Root/many", "/Root/moved")
        assert sorted(emulator.people.tree()) == ["moved", "moved/1", "moved/2", "moved/3"]

    def test_create_folder(self, emulator: DropboxEmulator, box: Any) -> None:
        """A folder is made with those it is in; one that is there, in any case, is a conflict."""
        made = box.files_create_folder_v2("/Root/a/b").metadata
        assert box.files_get_metadata(made.id) == made
        emulator.people.write("file", b"")
        create_folder = box.files_create_folder_v2
        assert refused(lambda: create_folder("/Root/A")) == ["path", "conflict", "folder"]
        assert refused(lambda: create_folder("/Root/file")) == ["path", "conflict", "file"]


class TestDeletion:
    def test_deleted(self, emulator: DropboxEmulator, box: Any) -> None:
        """What is deleted is returned as it was, with all that is in it, and kept."""
        emulator.people.write("folder/file", b"content")
        before = box.files_get_metadata("/Root/folder")
        assert box.files_delete_v2("/Root/folder").metadata == before
        assert emulator.people.tree() == {}
        assert emulator.people.kept() == [b"content"]
        gone = lambda: box.files_delete_v2("/Root/folder")  # noqa: E731 -- called once
        assert refused(gone) == ["path_lookup", "not_found"]

    def test_precondition(self, emulator: DropboxEmulator, box: Any) -> None:
        """With ``parent_rev`` just that revision is deleted, and no folder."""
        emulator.people.write("folder/file", b"one")
        delete = box.files_delete_v2
        rev = box.files_get_metadata("/Root/folder/file").rev
        emulator.people.write("folder/file", b"two")
        outdated = partial(delete, "/Root/folder/file", parent_rev=rev)
        assert refused(outdated) == ["path_write", "conflict", "file"]
        folder = partial(delete, "/Root/folder", parent_rev=rev)
        assert refused(folder) == ["path_write", "conflict", "folder"]
        rev = box.files_get_metadata("/Root/folder/file").rev
        delete("/Root/folder/file", parent_rev=rev)
        assert emulator.people.tree() == {"folder": None}

    def test_restored(self, emulator: DropboxEmulator, box: Any) -> None:
        """A deleted file comes back with its id; an old revision becomes the current one."""
        first = box.files_upload(b"one", "/Root/file", client_modified=WHEN)
        emulator.people.remove("file")
        back = box.files_restore("/Root/file", first.rev)
        assert (back.id, back.client_modified) == (first.id, WHEN)
        assert back.rev != first.rev
        emulator.people.write("file", b"two")
        assert box.files_restore("/Root/file", first.rev).id == first.id
        assert emulator.people.tree() == {"file": b"one"}
        assert refused(lambda: box.files_restore("/x", "123456789")) == ["invalid_revision"]

    def test_for_good(self, emulator: DropboxEmulator, box: Any) -> None:
        """Nothing is destroyed for good in a personal account, whatever its app was allowed."""
        emulator.people.write("file", b"")
        with pytest.raises(AuthError):
            box.files_permanently_delete("/Root/file")
        allowed = emulator.oauth.issue("files.permanent_delete")["access_token"]
        with pytest.raises(ApiError):
            box.clone(oauth2_access_token=allowed).files_permanently_delete("/Root/file")
        assert emulator.people.tree() == {"file": b""}
