"""The Dropbox emulator as the official SDK sees it: listings and the feed."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from dropbox import files  # type: ignore[import-untyped]  # the SDK has no types
from dropbox.exceptions import BadInputError  # type: ignore[import-untyped]  # the SDK has no types

from tests.emulators.dropbox import DropboxEmulator, create
from tests.emulators.dropbox.client import connected, refused


@pytest.fixture
def emulator() -> DropboxEmulator:
    emulator = create()
    emulator.strict = True
    emulator.listing.longest_poll = 10.0
    return emulator


@pytest.fixture
def box(emulator: DropboxEmulator) -> Iterator[Any]:
    with connected(emulator) as box:
        yield box


class Feed:
    """A client that follows a folder, and what it was told last."""

    def __init__(self, box: Any, path: str = "/Root", **options: Any) -> None:
        self.box = box
        self.cursor = box.files_list_folder_get_latest_cursor(
            path, recursive=True, **options
        ).cursor

    def read(self) -> list[Any]:
        """Return every entry that is new."""
        entries = []
        more = True
        while more:
            page = self.box.files_list_folder_continue(self.cursor)
            entries += page.entries
            self.cursor, more = page.cursor, page.has_more
        return entries

    def told(self) -> list[str]:
        """Return what is new as text: ``+`` a file, ``/`` a folder, ``-`` something gone."""
        return [sign(entry) + entry.path_display for entry in self.read()]


def sign(entry: Any) -> str:
    kinds = {files.FileMetadata: "+", files.FolderMetadata: "/", files.DeletedMetadata: "-"}
    return kinds[type(entry)]


def listing(box: Any, path: str, **options: Any) -> list[str]:
    page = box.files_list_folder(path, **options)
    entries = page.entries
    while page.has_more:
        page = box.files_list_folder_continue(page.cursor)
        entries += page.entries
    return sorted(sign(entry) + entry.path_display for entry in entries)


@pytest.fixture
def feed(box: Any) -> Feed:
    return Feed(box)


class TestListing:
    def test_one_level(self, emulator: DropboxEmulator, box: Any) -> None:
        """Without ``recursive`` the files and direct subfolders are told of."""
        emulator.people.write("folder/file", b"content")
        emulator.people.write("file", b"content")
        assert listing(box, "/Root") == ["+/Root/file", "//Root/folder"]
        assert listing(box, "") == ["//Root"]

    def test_recursive(self, emulator: DropboxEmulator, box: Any) -> None:
        """With ``recursive`` the folder itself and everything below is told of."""
        emulator.people.write("folder/inner/file", b"content")
        expected = ["+/Root/folder/inner/file", "//Root", "//Root/folder", "//Root/folder/inner"]
        assert listing(box, "/root", recursive=True) == expected
        assert listing(box, "", recursive=True) == expected

    def test_pages(self, emulator: DropboxEmulator, box: Any) -> None:
        """Pages are as large as ``limit``; a page that is asked for again is the same."""
        for number in range(5):
            emulator.people.write(str(number), b"")
        first = box.files_list_folder("/Root", limit=2)
        assert (len(first.entries), first.has_more) == (2, True)
        second = box.files_list_folder_continue(first.cursor)
        again = box.files_list_folder_continue(first.cursor)
        assert second.entries == again.entries
        assert len({entry.id for entry in first.entries + second.entries}) == 4

    def test_what_changes_between_pages(self, emulator: DropboxEmulator, box: Any) -> None:
        """A change during a listing is told of after it."""
        for number in range(4):
            emulator.people.write(str(number), b"")
        page = box.files_list_folder("/Root", limit=3)
        emulator.people.write("new", b"")
        rest = box.files_list_folder_continue(page.cursor)
        assert ([entry.name for entry in rest.entries], rest.has_more) == (["3"], True)
        assert [each.name for each in box.files_list_folder_continue(rest.cursor).entries] == [
            "new"
        ]

    def test_deleted(self, emulator: DropboxEmulator, box: Any) -> None:
        """``include_deleted`` tells of what used to be there, until something is there again."""
        emulator.people.write("gone", b"")
        emulator.people.write("back", b"")
        emulator.people.remove("gone")
        emulator.people.remove("back")
        emulator.people.write("back", b"")
        assert listing(box, "/Root") == ["+/Root/back"]
        assert listing(box, "/Root", include_deleted=True) == ["+/Root/back", "-/Root/gone"]

    def test_what_is_no_folder(self, emulator: DropboxEmulator, box: Any) -> None:
        """Files and nothing cannot be listed; the root is spelled as an empty string."""
        emulator.people.write("file", b"")
        assert refused(lambda: box.files_list_folder("/Root/file")) == ["path", "not_folder"]
        assert refused(lambda: box.files_list_folder("/none")) == ["path", "not_found"]
        with pytest.raises(BadInputError, match="empty string"):
            box.files_list_folder("/")

    def test_by_id(self, emulator: DropboxEmulator, box: Any) -> None:
        """A folder can be listed by its id, wherever it is by now."""
        emulator.people.write("folder/file", b"")
        identity = box.files_get_metadata("/Root/folder").id
        emulator.people.rename("folder", "moved")
        assert listing(box, identity) == ["+/Root/moved/file"]

    def test_spelling(self, emulator: DropboxEmulator, box: Any) -> None:
        """Neither case nor the form of Unicode makes another place; characters are composed."""
        emulator.people.write("cafe\u0301", b"decomposed")
        identity = box.files_get_metadata("/Root/caf\u00e9").id
        emulator.people.write("CAF\u00c9", b"capital")
        assert emulator.people.tree() == {"caf\u00e9": b"capital"}
        assert listing(box, "/ROOT") == ["+/Root/caf\u00e9"]
        assert box.files_get_metadata(identity).path_lower == "/root/caf\u00e9"

    @pytest.mark.parametrize(
        ("upper", "lower"), [("\u03a3\u0391\u03a3", "\u03c3\u03b1\u03c2"), ("\ua64a", "\ua64b")]
    )
    def test_case_of_old(self, emulator: DropboxEmulator, box: Any, upper: str, lower: str) -> None:
        """A final sigma is not a sigma, and letters that came late to Unicode have no case."""
        assert upper.lower() == lower
        emulator.people.write(upper, b"")
        emulator.people.write(lower, b"")
        assert len(listing(box, "/Root")) == 2

    def test_stale(self, emulator: DropboxEmulator, box: Any, feed: Feed) -> None:
        """A listing that lags shows, with its feed, what was there, and catches up."""
        emulator.people.write("old", b"")
        emulator.listing.freeze()
        emulator.people.write("new", b"")
        emulator.people.remove("old")
        assert listing(box, "/Root") == ["+/Root/old"]
        assert feed.told() == ["+/Root/old"]
        assert feed.told() == []
        emulator.people.catch_up()
        assert listing(box, "/Root") == ["+/Root/new"]
        assert feed.told() == ["+/Root/new", "-/Root/old"]


class TestFeed:
    def test_order(self, emulator: DropboxEmulator, feed: Feed) -> None:
        """Changes come in the order in which they were made, folders before what is in them."""
        emulator.people.write("b/file", b"")
        emulator.people.write("a", b"")
        emulator.people.remove("b/file")
        assert feed.told() == ["//Root/b", "+/Root/a", "-/Root/b/file"]
        assert feed.told() == []

    def test_only_the_last_word(self, emulator: DropboxEmulator, feed: Feed) -> None:
        """What changed several times is told of once, as it is now."""
        emulator.people.write("file", b"one")
        emulator.people.write("other", b"")
        emulator.people.remove("file")
        emulator.people.write("file", b"three")
        entries = feed.read()
        assert [entry.name for entry in entries] == ["other", "file"]
        assert entries[1].size == 5

    def test_deleted_folder(self, emulator: DropboxEmulator, feed: Feed) -> None:
        """Of a deleted folder one entry is told, without an id."""
        emulator.people.write("folder/inner/file", b"")
        emulator.people.write("folder/other", b"")
        feed.read()
        emulator.people.remove("folder")
        (entry,) = feed.read()
        assert isinstance(entry, files.DeletedMetadata)
        assert (entry.path_lower, entry.name) == ("/root/folder", "folder")
        assert not hasattr(entry, "id")

    def test_deleted_folder_that_came_back(self, emulator: DropboxEmulator, feed: Feed) -> None:
        """A folder in a deleted one's place comes after the deletions of what was in that one.

        For who is told of a folder is to "leave the children as they are".
        """
        emulator.people.write("folder/gone", b"")
        emulator.people.write("folder/back", b"")
        feed.read()
        emulator.people.remove("folder")
        emulator.people.write("folder/back", b"")
        assert feed.told() == ["-/Root/folder/gone", "//Root/folder", "+/Root/folder/back"]

    def test_moved_file(self, emulator: DropboxEmulator, feed: Feed) -> None:
        """A move is told of as a deletion, and a file with the same id and another rev."""
        emulator.people.write("old", b"content")
        (before,) = feed.read()
        emulator.people.rename("old", "new")
        gone, after = feed.read()
        assert isinstance(gone, files.DeletedMetadata)
        assert gone.path_lower == "/root/old"
        assert (after.id, after.content_hash) == (before.id, before.content_hash)
        assert after.client_modified == before.client_modified
        assert after.rev != before.rev

    def test_moved_folder(self, emulator: DropboxEmulator, feed: Feed) -> None:
        """A moved folder goes with one entry, and everything in it comes again, ids unchanged."""
        emulator.people.write("old/inner/file", b"content")
        before = {entry.name: entry.id for entry in feed.read()}
        emulator.people.rename("old", "new")
        entries = feed.read()
        assert [sign(entry) + entry.path_display for entry in entries] == [
            "-/Root/old",
            "//Root/new",
            "//Root/new/inner",
            "+/Root/new/inner/file",
        ]
        before["new"] = before.pop("old")
        assert {entry.name: entry.id for entry in entries[1:]} == before

    def test_move_that_is_told_of_the_other_way_round(
        self, emulator: DropboxEmulator, feed: Feed
    ) -> None:
        """On demand the new place comes first."""
        emulator.people.write("old/file", b"")
        feed.read()
        emulator.tree.moves_add_first = True
        emulator.people.rename("old", "new")
        assert feed.told() == ["//Root/new", "+/Root/new/file", "-/Root/old"]

    def test_new_file_at_an_old_place(self, emulator: DropboxEmulator, feed: Feed) -> None:
        """A new file where one was deleted has another id; one that is overwritten keeps it."""
        emulator.people.write("file", b"one")
        (first,) = feed.read()
        emulator.people.write("file", b"two")
        (second,) = feed.read()
        emulator.people.replace("file", b"three")
        (third,) = feed.read()
        assert second.id == first.id
        assert third.id != first.id
        assert len({first.rev, second.rev, third.rev}) == 3

    def test_out_of_the_folder_and_into_it(self, emulator: DropboxEmulator, feed: Feed) -> None:
        """What leaves the folder is deleted for its feed; what comes in is new."""
        emulator.people.write("file", b"")
        feed.read()
        emulator.people.move_out("file", "/Elsewhere/file")
        assert feed.told() == ["-/Root/file"]
        emulator.people.move_in("/Elsewhere", "came")
        assert feed.told() == ["//Root/came", "+/Root/came/file"]

    def test_case_only_rename(self, emulator: DropboxEmulator, box: Any, feed: Feed) -> None:
        """A change of case alone is not told of; a listing shows it."""
        emulator.people.write("name", b"")
        feed.read()
        emulator.people.rename("name", "NAME")
        assert feed.told() == []
        assert listing(box, "/Root") == ["+/Root/NAME"]

    def test_case_only_rename_that_is_told_of(
        self, emulator: DropboxEmulator, box: Any, feed: Feed
    ) -> None:
        """On demand an app's change of case is done and told of, with all that is in a folder."""
        emulator.tree.respells = True
        emulator.people.write("name/inner", b"")
        feed.read()
        assert box.files_move_v2("/Root/name", "/Root/NAME").metadata.name == "NAME"
        assert feed.told() == ["//Root/NAME", "+/Root/NAME/inner"]

    def test_one_level(self, emulator: DropboxEmulator, box: Any) -> None:
        """A cursor of a listing that was not recursive tells of that level only."""
        cursor = box.files_list_folder("/Root").cursor
        emulator.people.write("folder/file", b"")
        entries = box.files_list_folder_continue(cursor).entries
        assert [entry.name for entry in entries] == ["folder"]

    def test_pages(self, emulator: DropboxEmulator, box: Any, feed: Feed) -> None:
        """Changes come in pages, and a folder's deletion is complete on any of them."""
        for number in range(5):
            emulator.people.write(f"folder/{number}", b"")
        feed.read()
        emulator.listing.page_size = 2
        for number in range(5):
            emulator.people.write(f"folder/{number}", b"changed")
        page = box.files_list_folder_continue(feed.cursor)
        assert ([entry.name for entry in page.entries], page.has_more) == (["0", "1"], True)
        emulator.people.remove("folder")
        feed.cursor = page.cursor
        assert feed.told() == ["-/Root/folder"]

    def test_shared_folder(self, emulator: DropboxEmulator, feed: Feed) -> None:
        """A folder that becomes a shared one is deleted for the feed, and comes again."""
        emulator.people.write("folder/file", b"")
        before = feed.read()
        emulator.people.share("folder")
        gone, gone_too, *after = feed.read()
        assert [sign(gone) + gone.name, sign(gone_too) + gone_too.name] == ["-folder", "-file"]
        assert [entry.id for entry in after] == [entry.id for entry in before]
        assert after[0].sharing_info.shared_folder_id
        emulator.people.write("other", b"")
        emulator.people.share("folder")
        emulator.people.write("last", b"")
        assert feed.told() == [
            "+/Root/other",
            "-/Root/folder",
            "-/Root/folder/file",
            "//Root/folder",
            "+/Root/folder/file",
            "+/Root/last",
        ]

    def test_odd_casing(self, emulator: DropboxEmulator, feed: Feed) -> None:
        """Only the last name in ``path_display`` has its case for sure."""
        emulator.storage.odd_casing = True
        emulator.people.write("Folder/File", b"")
        assert feed.told() == ["//root/Folder", "+/root/folder/File"]

    def test_reset(self, emulator: DropboxEmulator, box: Any, feed: Feed) -> None:
        """A cursor that was invalidated is refused, by the long poll too; a new one works."""
        emulator.listing.reset()
        assert refused(feed.read) == ["reset"]
        poll = box.files_list_folder_longpoll
        assert refused(lambda: poll(feed.cursor, timeout=30)) == ["reset"]
        emulator.people.write("file", b"")
        assert listing(box, "/Root") == ["+/Root/file"]

    def test_folder_gone(self, emulator: DropboxEmulator, box: Any, feed: Feed) -> None:
        """The feed of a folder that is gone says so; one that takes its place is followed."""
        emulator.people.write("file", b"")
        feed.read()
        emulator.people.lose_root()
        assert refused(feed.read) == ["path", "not_found"]
        box.files_create_folder_v2("/Root")
        assert feed.told() == ["-/Root/file", "//Root"]

    def test_unknown_cursor(self, box: Any) -> None:
        """What never was a cursor is bad input."""
        with pytest.raises(BadInputError):
            box.files_list_folder_continue("never")


class TestLongPoll:
    def test_wakes(self, emulator: DropboxEmulator, box: Any, feed: Feed) -> None:
        """A long poll ends as soon as something changes."""
        timer = threading.Timer(0.2, lambda: emulator.people.write("file", b""))
        timer.start()
        began = time.monotonic()
        assert box.files_list_folder_longpoll(feed.cursor, timeout=30).changes
        assert time.monotonic() - began < 5
        timer.join()

    def test_nothing(self, emulator: DropboxEmulator, box: Any, feed: Feed) -> None:
        """It ends without changes after its time, whatever happens elsewhere."""
        emulator.listing.longest_poll = 0.2
        emulator.listing.backoff = 60
        timer = threading.Timer(0.05, lambda: box.files_upload(b"", "/Elsewhere/file", mute=True))
        timer.start()
        result = box.files_list_folder_longpoll(feed.cursor, timeout=30)
        assert (result.changes, result.backoff) == (False, 60)
        timer.join()

    def test_needs_no_token(self, emulator: DropboxEmulator, box: Any, feed: Feed) -> None:
        """The long poll asks for no token: the cursor is enough."""
        emulator.people.write("file", b"")
        emulator.oauth.revoke_all()
        assert box.files_list_folder_longpoll(feed.cursor, timeout=30).changes
