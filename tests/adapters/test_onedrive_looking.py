"""How the OneDrive connector looks: listings, the feed with its quirks, and downloads."""

import dataclasses
from collections.abc import Callable, Iterator

import pytest

from syncoxiders.core.model import ROOT_ENTRY, Ref
from syncoxiders.ports.errors import (
    Changing,
    CursorExpired,
    Denied,
    Occupied,
    RootLost,
    Stale,
    Unreachable,
    Vanished,
)
from tests.adapters.onedrive_support import LATER, ROOT, Cloud, served, shape
from tests.contracts.provider_harness import is_same, pattern
from tests.emulators.onedrive import DriveType
from tests.emulators.serving import Request, Response


@pytest.fixture(params=["personal", "business"])
def cloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    with served(request.param) as cloud:
        yield cloud


@pytest.fixture
def personal() -> Iterator[Cloud]:
    with served("personal") as cloud:
        yield cloud


@pytest.fixture
def business() -> Iterator[Cloud]:
    with served("business") as cloud:
        yield cloud


def retold(cloud: Cloud, path: str, change: Callable[[dict[str, object]], object]) -> None:
    """Let the service tell items otherwise in answers to matching paths, until the end."""
    inner = cloud.emulator.handle

    def handle(request: Request) -> Response:
        response = inner(request)
        if path in request.path and isinstance(response.body, dict):
            for item in response.body.get("value", [response.body]):
                change(item)
        return response

    cloud.emulator.handle = handle  # type: ignore[method-assign]  # a service's whim


class TestVersions:
    def test_renamed_and_moved(self, cloud: Cloud) -> None:
        """A version outlives a rename and a move, though the eTag does not."""
        cloud.people.write("file", b"content")
        before = cloud.entry("file")
        cloud.people.rename("file", "folder/renamed")
        after = cloud.entry("folder/renamed")
        assert (after.id, after.version) == (before.id, before.version)

    def test_another_time(self, cloud: Cloud) -> None:
        """A modified time alone makes another version."""
        cloud.people.write("file", b"content")
        before = cloud.entry("file")
        cloud.people.touch("file", LATER)
        after = cloud.entry("file")
        assert after.mtime_ns == LATER
        assert after.version != before.version

    def test_same_time(self, cloud: Cloud) -> None:
        """A content alone makes another version."""
        cloud.people.write("file", b"content", mtime_ns=LATER)
        before = cloud.entry("file")
        cloud.people.write("file", b"CONTENT", mtime_ns=LATER)
        assert cloud.entry("file").version != before.version

    def test_hashes(self, cloud: Cloud) -> None:
        """Hashes that the drive knows are told in hexadecimal; a malformed one is left out."""
        cloud.people.write("file", b"content")
        told = cloud.entry("file").hashes.split()
        assert all(each.partition(":")[2] == each.partition(":")[2].lower() for each in told)
        assert any(each.startswith("quickxor:") and len(each) == 49 for each in told)

        def spoil(item: dict[str, object]) -> None:
            item["file"] = {"hashes": {"quickXorHash": "no base64", "sha1Hash": ""}}

        retold(cloud, "/items/", spoil)
        assert cloud.entry("file").hashes == ""

    def test_fractions_of_a_second(self, personal: Cloud) -> None:
        """Times are read as precisely as they are told; what is no time is none."""
        personal.emulator.drive.step_ms = 1
        personal.people.write("file", b"content", mtime_ns=1_600_000_000_123_456_789)
        assert personal.entry("file").mtime_ns == 1_600_000_000_123_000_000
        retold(personal, "/items/", lambda item: item.update(fileSystemInfo={}))
        assert personal.entry("file").mtime_ns == 0

    def test_hash_that_comes_late(self, business: Cloud) -> None:
        """What had no hash when it was listed is read, and changed, by the version it had."""
        business.emulator.quirks.hashes_late = True
        business.people.write("file", b"content")
        business.people.entry("file").hashed = False
        before = business.entry("file")
        assert business.read(before) == b"content"
        assert business.entry("file").version != before.version
        assert business.read(before) == b"content"
        business.provider.delete(Ref(before.id, "file"), before.version)
        assert business.people.tree() == {}


class TestLeftOut:
    @pytest.mark.parametrize("root", ["Root", ""])
    @pytest.mark.parametrize("drive_type", ["personal", "business"])
    def test_notebooks_and_shortcuts(self, drive_type: DriveType, root: str) -> None:
        """Notebooks and shortcuts to others' folders are reported, and not entered."""
        with served(drive_type, root) as cloud:
            cloud.people.write("folder/file", b"content")
            cloud.people.add_notebook("folder/Notes")
            cloud.people.add_shared_folder("folder/Theirs", {"a": b"theirs"})
            problems = [problem for delta in cloud.look() for problem in delta.problems]
            assert sorted(problem.path for problem in problems) == [
                "folder/Notes",
                "folder/Theirs",
            ]
            assert not any(problem.unreadable for problem in problems)
            assert cloud.known.paths().keys() == {"folder", "folder/file"}

    def test_they_are_nowhere_else(self, cloud: Cloud) -> None:
        """What is left out is found neither by its place nor by its id, nor is it in the feed."""
        cursor = cloud.provider.start_cursor()
        cloud.people.add_notebook("Notes")
        cloud.people.add_shared_folder("Theirs", {"a": b"theirs"})
        for name in ("Notes", "Theirs"):
            assert cloud.provider.at(ROOT, name) is None
            assert cloud.provider.get(Ref(cloud.people.entry(name).id, name)) is None
        told, _ = cloud.told(cursor)
        inside = {cloud.people.entry("Notes").id}
        shown = [entry for entry in told.values() if entry is not None]
        assert {entry.parent for entry in shown if entry.name != "Root"} <= inside
        with pytest.raises(Occupied):
            cloud.upload("Notes", b"content")

    def test_foreign(self, cloud: Cloud) -> None:
        """What somebody else shares says so; what the person shares does not."""
        owner = cloud.provider._places.drive().owner
        cloud.people.write("file", b"content")

        def shared_by(who: str) -> Callable[[dict[str, object]], None]:
            return lambda item: item.update(shared={"owner": {"user": {"id": who}}})

        retold(cloud, "/items/", shared_by(owner))
        assert not cloud.entry("file").foreign
        retold(cloud, "/items/", shared_by("somebody"))
        assert cloud.entry("file").foreign


class TestListings:
    def test_requests(self, cloud: Cloud) -> None:
        """A personal drive is told of by pages of its feed, a folder of another by its folders."""
        for number in range(250):
            cloud.people.write(f"folder/{number}", b"")
        cloud.provider.root()
        with cloud.requests() as made:
            cloud.look()
        asked = [shape(each) for each in made]
        if cloud.settings["drive_type"] == "personal":
            assert asked == ["GET delta"] * 2
        else:
            assert asked == ["GET children"] * 3

    def test_whole_drive_of_a_library(self) -> None:
        """The whole of any drive is told of by its feed."""
        with served("documentLibrary", "") as cloud:
            cloud.people.write("folder/file", b"content")
            cloud.provider.root()
            with cloud.requests() as made:
                cloud.look()
            assert [shape(each) for each in made] == ["GET delta"]

    def test_without_a_type(self) -> None:
        """An account that does not tell its drive's id or type is asked what it is."""
        with served("personal") as cloud:
            cloud.people.write("folder/file", b"content")
            provider = cloud.open(settings={"url": cloud.url})
            deltas = list(provider.rescan(cloud.known))
            assert sorted(entry.name for delta in deltas for entry in delta.changed) == [
                "file",
                "folder",
            ]
            assert provider.traits.leading == " ~"  # what holds everywhere
            assert is_same(provider.at(ROOT, "folder"), cloud.entry("folder"))

    def test_repeats_and_deletions_in_an_enumeration(self, personal: Cloud) -> None:
        """Of an item that is told more than once the last counts, a deletion too."""
        personal.emulator.quirks.page_size = 4
        personal.emulator.quirks.repeats = 2
        for number in range(10):
            personal.people.write(f"folder/{number}", b"%d" % number)
        personal.provider.root()

        def meanwhile() -> None:
            personal.people.remove("folder/0")
            personal.people.write("folder/1", b"edited")

        first = [True]

        def act() -> None:
            if first[0]:
                first[0] = False
                personal.when("/delta", meanwhile)

        personal.when("/delta", act)
        personal.look()
        assert personal.known.paths().keys() == personal.people.tree().keys()
        assert is_same(personal.known.paths()["folder/1"], personal.entry("folder/1"))

    def test_cut_off(self, personal: Cloud) -> None:
        """An enumeration that cannot be continued is Unreachable, and deletes nothing."""
        personal.emulator.quirks.page_size = 2
        for number in range(5):
            personal.people.write(f"{number}", b"")
        personal.provider.root()
        personal.when("/delta", lambda: personal.when("/delta", personal.emulator.feed.expire))
        with pytest.raises(Unreachable):
            list(personal.provider.rescan(personal.known))

    def test_links_elsewhere(self, cloud: Cloud) -> None:
        """Our token goes to no address but the account's, whatever an answer says."""
        inner = cloud.emulator.handle

        def handle(request: Request) -> Response:
            response = inner(request)
            if isinstance(response.body, dict) and "value" in response.body:
                response.body["@odata.nextLink"] = "http://127.0.0.1:9/v1.0/me/drive"
            return response

        cloud.emulator.handle = handle  # type: ignore[method-assign]  # an impostor
        cloud.people.write("file", b"content")
        with pytest.raises((CursorExpired, Unreachable)):
            list(cloud.provider.rescan(cloud.known))


class TestFeed:
    def test_outside_the_root(self, business: Cloud) -> None:
        """On a business drive what is outside the root is told in folders outside of it."""
        cursor = business.provider.start_cursor()
        emulator = business.emulator
        with emulator.at_work():
            outside = emulator.drive.add("folder", emulator.drive.root, "Outside")
            emulator.drive.add("file", outside, "file", b"content")
        business.people.write("inside", b"content")
        told, _ = business.told(cursor)
        inside = {entry.name for entry in told.values() if entry and entry.parent == ROOT_ENTRY}
        assert inside == {"inside"}
        assert business.people.root_id() not in told
        assert emulator.drive.root.id not in told
        assert "file" in {entry.name for entry in told.values() if entry}

    def test_deleted(self, cloud: Cloud) -> None:
        """A deletion is told by its id alone, with a name or without."""
        cloud.people.write("folder/file", b"content")
        folder, file = cloud.entry("folder"), cloud.entry("folder/file")
        cursor = cloud.provider.start_cursor()
        cloud.people.delete("folder")
        told, _ = cloud.told(cursor)
        assert told[folder.id] is None
        assert told[file.id] is None

    def test_restored(self, cloud: Cloud) -> None:
        """What comes back from the recycle bin is told with everything in it."""
        cloud.people.write("folder/file", b"content")
        file = cloud.entry("folder/file")
        cloud.people.delete("folder")
        cursor = cloud.provider.start_cursor()
        cloud.people.restore("folder")
        told, _ = cloud.told(cursor)
        assert is_same(told[file.id], file)

    def test_left_the_root(self, personal: Cloud) -> None:
        """What was moved out of a followed folder is told to be gone."""
        personal.people.write("file", b"content")
        file = personal.entry("file")
        cursor = personal.provider.start_cursor()
        drive = personal.emulator.drive
        with personal.emulator.at_work():
            drive.move(drive.get(file.id), drive.root, "file")
        told, _ = personal.told(cursor)
        assert told[file.id] is None
        assert personal.provider.get(Ref(file.id, "file")) is None

    def test_repeats(self, cloud: Cloud) -> None:
        """Items that come again on the next page do no harm."""
        cloud.emulator.quirks.page_size = 3
        cloud.emulator.quirks.repeats = 2
        cursor = cloud.provider.start_cursor()
        for number in range(10):
            cloud.people.write(f"{number}", b"")
        told, _ = cloud.told(cursor)
        names = {entry.name for entry in told.values() if entry}
        assert names == {f"{number}" for number in range(10)}

    @pytest.mark.parametrize(
        "code", ["resyncChangesApplyDifferences", "resyncChangesUploadDifferences"]
    )
    def test_expired(self, cloud: Cloud, code: str) -> None:
        """A lost cursor is told as that, whatever Microsoft would have us do."""
        cursor = cloud.provider.start_cursor()
        cloud.emulator.feed.expire(code)
        with pytest.raises(CursorExpired):
            cloud.provider.changes(cursor)

    @pytest.mark.parametrize("cursor", ["", "x", "https://127.0.0.1:9/v1.0/me/drive/root/delta"])
    def test_cursor_of_another_address(self, cloud: Cloud, cursor: str) -> None:
        """A cursor that is no link of the account's is not followed."""
        with cloud.requests() as made, pytest.raises(CursorExpired):
            cloud.provider.changes(cursor)
        assert made == []

    def test_token_that_is_none(self, cloud: Cloud) -> None:
        """A token that the service does not know is a lost cursor."""
        link, _, _ = cloud.provider.start_cursor().partition("token=")
        with pytest.raises(CursorExpired):
            cloud.provider.changes(f"{link}token=nothing")

    def test_root_is_gone(self, cloud: Cloud) -> None:
        """A feed of a root that is gone says so, and tells of no deletion."""
        cloud.people.write("file", b"content")
        cursor = cloud.provider.start_cursor()
        cloud.people.lose_root()
        with pytest.raises(RootLost):
            cloud.told(cursor)

    def test_versions_are_those_of_items(self, cloud: Cloud) -> None:
        """The feed, which leaves the cTag out on business drives, tells the versions of items."""
        cursor = cloud.provider.start_cursor()
        cloud.people.write("file", b"content")
        cloud.people.write("empty", b"")
        told, _ = cloud.told(cursor)
        for name in ("file", "empty"):
            assert is_same(told[cloud.entry(name).id], cloud.entry(name))

    def test_without_hash_and_ctag(self, business: Cloud) -> None:
        """A file of which the feed tells no mark is asked for."""
        business.emulator.quirks.hashes = frozenset()
        cursor = business.provider.start_cursor()
        business.people.write("file", b"content")
        business.people.write("gone", b"content")
        told, _ = business.told(cursor)
        file = business.entry("file")
        assert told[file.id] == file
        business.when(f"/items/{file.id}", lambda: business.people.remove("file"))
        told, _ = business.told(cursor)
        assert told[file.id] is None

    def test_incremental_cost(self, cloud: Cloud) -> None:
        """One change in a large tree costs a request or two."""
        for number in range(300):
            cloud.people.write(f"folder/{number}", b"content")
        cloud.provider.root()
        cursor = cloud.provider.start_cursor()
        cloud.people.write("folder/7", b"edited")
        with cloud.requests() as made:
            told, _ = cloud.told(cursor)
        assert [shape(each) for each in made] == ["GET delta"]
        assert cloud.entry("folder/7").id in told


class TestRoot:
    @pytest.mark.parametrize("what", ["lost", "renamed", "exchanged"])
    def test_nothing_is_taken_for_gone(self, cloud: Cloud, what: str) -> None:
        """Where the root is not what it was, nothing in it is said not to be there."""
        cloud.people.write("file", b"content")
        file = cloud.entry("file")
        if what == "lost":
            cloud.people.lose_root()
        elif what == "exchanged":
            cloud.people.exchange_root()
        else:
            drive = cloud.emulator.drive
            with cloud.emulator.at_work():
                drive.move(drive.get(cloud.people.root_id()), drive.root, "Renamed")
        with pytest.raises(RootLost):
            cloud.provider.root() if what == "renamed" else cloud.provider.get(Ref(file.id, "file"))
        if what == "lost":
            with pytest.raises(RootLost):
                cloud.provider.at(ROOT, "file")
            with pytest.raises(RootLost):
                cloud.upload("new", b"content")

    @pytest.mark.parametrize("path", ["Missing", "Root/file", "a:b"])
    def test_that_is_none(self, cloud: Cloud, path: str) -> None:
        """A root that is not there, or no folder, is told with its path."""
        cloud.people.write("file", b"content")
        with pytest.raises(RootLost, match=path):
            cloud.open(root=path).root()

    def test_shortcut(self, personal: Cloud) -> None:
        """A shortcut to somebody else's folder is no root."""
        personal.people.add_shared_folder("Theirs", {})
        with pytest.raises(RootLost):
            personal.open(root="Root/Theirs").root()

    def test_deep_root_in_other_case(self, cloud: Cloud) -> None:
        """A root may lie deep, have odd characters, and be written in another case."""
        cloud.people.write("Ordner #1/100% (ü)/inner/file", b"content")
        provider = cloud.open(root="/root/ORDNER #1/100% (ü)/")
        inner = provider.at(ROOT, "inner")
        assert inner is not None
        assert inner.parent == ROOT_ENTRY
        file = provider.at(Ref(inner.id, "inner"), "file")
        assert file is not None
        assert is_same(provider.get(Ref(file.id, "inner/file")), file)
        cloud.people.write("Ordner #1/outside", b"content")
        outside = cloud.entry("Ordner #1/outside")
        assert provider.get(Ref(outside.id, "outside")) is None

    def test_items_that_do_not_tell_their_path(self, cloud: Cloud) -> None:
        """Without a path the folders above are followed by their ids."""

        def forget(item: dict[str, object]) -> None:
            above = item.get("parentReference")
            if isinstance(above, dict):
                above.pop("path", None)

        cloud.people.write("a/b/file", b"content")
        cloud.provider.root()
        file = cloud.entry("a/b/file")
        retold(cloud, "/items/", forget)
        assert is_same(cloud.provider.get(Ref(file.id, "a/b/file")), file)
        with cloud.emulator.at_work():
            drive = cloud.emulator.drive
            drive.move(drive.get(file.id), drive.root, "file")
        assert cloud.provider.get(Ref(file.id, "file")) is None


class TestDownloads:
    def test_without_our_token(self, cloud: Cloud) -> None:
        """The address that the bytes come from never sees our token."""
        cloud.people.write("file", b"content")
        entry = cloud.entry("file")
        with cloud.requests() as made:
            assert cloud.read(entry, 3) == b"tent"
        (download,) = [each for each in made if shape(each) == "GET _download"]
        assert "authorization" not in download.headers
        assert download.headers["range"] == "bytes=3-"

    def test_by_a_redirect(self, cloud: Cloud) -> None:
        """Where an item does not tell the address, its content's redirect does."""
        cloud.people.write("file", b"content")
        entry = cloud.entry("file")
        retold(cloud, "/items/", lambda item: item.pop("@microsoft.graph.downloadUrl", None))
        with cloud.requests() as made:
            assert cloud.read(entry) == b"content"
        assert [shape(each) for each in made].count("GET content") == 1
        (download,) = [each for each in made if shape(each) == "GET _download"]
        assert "authorization" not in download.headers

    def test_ranges_that_are_not_honoured(self, cloud: Cloud) -> None:
        """A server that sends everything is read from the byte that was asked for."""
        data = pattern(100_000)
        cloud.people.write("file", data)
        entry = cloud.entry("file")

        def simple(request: Request) -> Request:
            headers = {name: each for name, each in request.headers.items() if name != "range"}
            return dataclasses.replace(request, headers=headers)

        cloud.meddle("/_download/", simple)
        assert cloud.read(entry, 99_000) == data[99_000:]

    @pytest.mark.parametrize(
        ("status", "expected"), [(403, Denied), (401, Unreachable), (404, Unreachable)]
    )
    def test_address_that_is_refused(
        self, cloud: Cloud, status: int, expected: type[Exception]
    ) -> None:
        """A download that is refused says nothing of the file, which is looked at again."""
        cloud.people.write("file", b"content")
        entry = cloud.entry("file")
        cloud.emulator.faults.add("status", path="/_download/", status=status, body=b"no")
        with pytest.raises(expected) as caught:
            cloud.read(entry)
        assert type(caught.value) is expected
        assert "_download" not in str(caught.value)

    def test_gone_before_the_first_byte(self, cloud: Cloud) -> None:
        """What goes just before it is downloaded is Vanished, what is edited Stale or Changing."""
        cloud.people.write("file", b"content")
        entry = cloud.entry("file")
        cloud.when("/_download/", lambda: cloud.people.remove("file"))
        with pytest.raises(Vanished):
            cloud.read(entry)
        cloud.people.write("file", b"content")
        entry = cloud.entry("file")
        cloud.when("/_download/", lambda: cloud.people.write("file", b"edited"))
        with pytest.raises((Stale, Changing)):
            cloud.read(entry)

    def test_contents_of_one_hash(self, business: Cloud) -> None:
        """An edit that leaves the quickXorHash what it was is noticed while it is read."""
        blocks = [bytes([1] * 160), bytes([2] * 160)]
        business.people.write("file", blocks[0] + blocks[1], mtime_ns=LATER)
        entry = business.entry("file")
        reader = business.provider.read(Ref(entry.id, "file"), entry.version)
        business.people.write("file", blocks[1] + blocks[0], mtime_ns=LATER)
        assert business.entry("file").hashes == entry.hashes
        with pytest.raises(Changing):
            list(reader.chunks())
        reader.close()

    def test_broken_off(self, cloud: Cloud) -> None:
        """A download that breaks off is Unreachable, and is read on from where it was."""
        data = pattern(1 << 20)
        cloud.people.write("file", data)
        entry = cloud.entry("file")
        cloud.emulator.faults.add("cut", path="/_download/")
        read = bytearray()
        reader = cloud.provider.read(Ref(entry.id, "file"), entry.version)
        with pytest.raises(Unreachable):
            read.extend(*map(bytes, reader.chunks(1 << 30)))
        for_good = cloud.read(entry, len(read))
        assert bytes(read) + for_good == data

    def test_hash_that_is_told(self, cloud: Cloud) -> None:
        """A hash that the item carries costs no download."""
        cloud.people.write("file", b"content")
        entry = cloud.entry("file")
        with cloud.requests() as made:
            told = cloud.provider.hash(Ref(entry.id, "file"), entry.version, ("quickxor",))
        assert len(made) == 1
        assert told == entry.hashes

    def test_folder(self, cloud: Cloud) -> None:
        """A folder has no bytes: Stale."""
        cloud.people.mkdir("folder")
        with pytest.raises(Stale):
            cloud.provider.read(cloud.ref("folder"), "")
