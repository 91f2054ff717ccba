"""What people can do to the Dropbox emulator that only Dropbox has, and how damage shows."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from dropbox import files  # type: ignore[import-untyped]  # the SDK has no types

from tests.emulators.dropbox import DropboxEmulator, create
from tests.emulators.dropbox.client import connected, refused

NO_PERMISSION = "no_write_permission"


@pytest.fixture
def emulator() -> DropboxEmulator:
    emulator = create()
    emulator.strict = True
    return emulator


@pytest.fixture
def box(emulator: DropboxEmulator) -> Iterator[Any]:
    with connected(emulator) as box:
        yield box


class TestHands:
    """The hands that the provider contract's harness asks for."""

    def test_root(self) -> None:
        """The hands work below a folder that is there from the beginning, or in the account."""
        with connected(create()) as box:
            assert [entry.path_display for entry in box.files_list_folder("").entries] == ["/Root"]
        emulator = create("/Some/Where else")
        emulator.people.write("file", b"")
        assert emulator.tree.find("/some/where else/file") is not None
        account = create("")
        account.people.write("file", b"")
        assert account.people.tree() == {"file": b""}
        assert not account.people.lose_root()
        assert not account.people.exchange_root()

    def test_writing(self, emulator: DropboxEmulator, box: Any) -> None:
        """Writing keeps the id, replacing does not; what was there is kept."""
        emulator.people.write("folder/file", b"one", mtime_ns=1_500_000_000_999_999_999)
        first = box.files_get_metadata("/Root/folder/file")
        assert first.client_modified.isoformat() == "2017-07-14T02:40:00"
        emulator.people.write("folder/file", b"two")
        assert box.files_get_metadata("/Root/folder/file").id == first.id
        emulator.people.replace("folder/file", b"three")
        assert box.files_get_metadata("/Root/folder/file").id != first.id
        assert emulator.people.kept() == [b"one", b"two"]
        emulator.people.remove("folder")
        assert emulator.people.kept() == [b"one", b"two", b"three"]
        assert emulator.people.tree() == {}

    def test_renaming(self, emulator: DropboxEmulator) -> None:
        """A rename replaces a file that stands there, changes case, and loses nothing."""
        emulator.people.write("file", b"moved")
        emulator.people.write("there", b"replaced")
        emulator.people.rename("file", "there")
        assert emulator.people.tree() == {"there": b"moved"}
        assert emulator.people.kept() == [b"replaced"]
        emulator.people.rename("there", "THERE")
        assert emulator.people.tree() == {"THERE": b"moved"}

    def test_exchanged_root(self, emulator: DropboxEmulator, box: Any) -> None:
        """Another root has another id, and nothing in it."""
        emulator.people.write("file", b"content")
        before = box.files_get_metadata("/Root").id
        assert emulator.people.exchange_root()
        assert box.files_get_metadata("/Root").id != before
        assert emulator.people.tree() == {}
        assert emulator.people.kept() == [b"content"]

    def test_restored(self, emulator: DropboxEmulator, box: Any) -> None:
        """A deleted file comes back as it was."""
        emulator.people.write("folder/File", b"content")
        before = box.files_get_metadata("/Root/folder/file")
        emulator.people.remove("folder")
        emulator.people.restore("folder/file")
        assert emulator.people.tree() == {"folder": None, "folder/File": b"content"}
        after = box.files_get_metadata("/Root/folder/file")
        assert (after.id, after.client_modified) == (before.id, before.client_modified)


class TestSharing:
    def test_what_is_in_a_shared_folder(self, emulator: DropboxEmulator, box: Any) -> None:
        """Everything in a shared folder says so."""
        emulator.people.write("folder/inner/file", b"")
        emulator.people.share("folder")
        shared = box.files_get_metadata("/Root/folder").sharing_info.shared_folder_id
        for path in ("inner", "inner/file"):
            info = box.files_get_metadata(f"/Root/folder/{path}").sharing_info
            assert (info.parent_shared_folder_id, info.read_only) == (shared, False)

    def test_read_only(self, emulator: DropboxEmulator, box: Any) -> None:
        """Where others share without the right to write they can write, and this account cannot."""
        emulator.people.write("folder/file", b"one")
        emulator.people.write("mine", b"")
        emulator.people.share("folder", read_only=True)
        assert box.files_get_metadata("/Root/folder").sharing_info.read_only
        inside, overwrite = "/Root/folder/file", files.WriteMode.overwrite
        upload = partial(box.files_upload, b"two", inside, mode=overwrite)
        assert refused(upload) == ["path", NO_PERMISSION]
        make = partial(box.files_create_folder_v2, "/Root/folder/new")
        assert refused(make) == ["path", NO_PERMISSION]
        delete = partial(box.files_delete_v2, inside)
        assert refused(delete) == ["path_write", NO_PERMISSION]
        move = box.files_move_v2
        assert refused(partial(move, inside, "/Root/x")) == ["from_write", NO_PERMISSION]
        assert refused(partial(move, "/Root/mine", "/Root/folder/x")) == ["to", NO_PERMISSION]
        rev = box.files_get_metadata(inside).rev
        assert refused(partial(box.files_restore, inside, rev)) == ["path_write", NO_PERMISSION]
        emulator.people.write("folder/file", b"theirs")
        box.files_copy_v2(inside, "/Root/copy")
        assert emulator.people.tree()["copy"] == b"theirs"

    def test_left(self, emulator: DropboxEmulator, box: Any) -> None:
        """A shared folder that was left is told of as deleted, and comes back with its ids."""
        emulator.people.write("folder/file", b"content")
        emulator.people.share("folder")
        before = box.files_get_metadata("/Root/folder/file")
        cursor = box.files_list_folder("/Root", recursive=True).cursor
        emulator.people.leave("folder")
        page = box.files_list_folder_continue(cursor)
        assert [type(entry) for entry in page.entries] == [files.DeletedMetadata]
        assert emulator.people.tree() == {}
        assert emulator.people.kept() == []
        assert box.users_get_space_usage().used == 0
        metadata = partial(box.files_get_metadata, "/Root/folder", include_deleted=True)
        assert refused(metadata) == ["path", "not_found"]
        emulator.people.join("folder")
        names = [entry.name for entry in box.files_list_folder_continue(page.cursor).entries]
        assert names == ["folder", "file"]
        assert box.files_get_metadata("/Root/folder/file").id == before.id
        assert box.users_get_space_usage().used == len(b"content")


class TestUnreadable:
    def test_symlink(self, emulator: DropboxEmulator, box: Any) -> None:
        """A symbolic link of a desktop client is a file that names its target."""
        emulator.people.add_symlink("link", "/elsewhere")
        (entry,) = box.files_list_folder("/Root").entries
        assert entry.symlink_info.target == "/elsewhere"

    def test_restricted(self, emulator: DropboxEmulator, box: Any) -> None:
        """What is restricted is listed like anything else, and cannot be read."""
        emulator.people.write("file", b"content")
        emulator.people.restrict("file")
        (entry,) = box.files_list_folder("/Root").entries
        assert entry.size == len(b"content")
        download = partial(box.files_download, "/Root/file")
        assert refused(download) == ["path", "restricted_content"]


class TestDamage:
    def test_on_the_way_up(self, emulator: DropboxEmulator, box: Any) -> None:
        """Damaged bytes are saved unless their hash came with them."""
        plain = box.clone(auto_content_hash=False)
        emulator.garble(uploads=2)
        plain.files_upload(b"abc", "/Root/damaged")
        assert emulator.people.tree() == {"damaged": b"`bc"}
        assert refused(lambda: box.files_upload(b"abc", "/Root/file")) == ["content_hash_mismatch"]
        box.files_upload(b"abc", "/Root/file")
        assert emulator.people.tree()["file"] == b"abc"

    def test_on_the_way_down(self, emulator: DropboxEmulator, box: Any) -> None:
        """Bytes may be damaged when they are read; the metadata has the true hash."""
        emulator.people.write("file", b"abc")
        emulator.garble(downloads=1)
        assert box.files_download("/Root/file")[1].content == b"`bc"
        assert box.files_download("/Root/file")[1].content == b"abc"
