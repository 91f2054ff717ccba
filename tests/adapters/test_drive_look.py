"""Where Google Drive's root is, and how its tree is listed."""

import gc
from collections.abc import Iterator

import pytest

from syncoxiders.adapters.memory.pace import MemoryPace
from syncoxiders.adapters.providers.drive import _look, connect
from syncoxiders.core.model import ROOT_ENTRY, Kind, Ref
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError, NotEmpty, Refused, RootLost, Unreachable
from syncoxiders.ports.provider import (
    Copies,
    Feeds,
    Measures,
    Provider,
    Rescans,
    Sessions,
    SetsMeta,
)
from syncoxiders.ports.push import Pushes
from tests.adapters.drive_support import PLAIN, Stage, serving, staged
from tests.contracts.provider_harness import ROOT_REF
from tests.emulators.drive.model import FOLDER
from tests.emulators.serving import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def s(server: Server) -> Iterator[Stage]:
    with staged(server) as stage:
        yield stage


LIST = "GET /drive/v3/files"


class TestRoot:
    def test_what_it_can(self, s: Stage) -> None:
        """It is all that a cloud can be, by its methods' signatures, too."""
        p = s.provider
        kinds: tuple[Provider, Rescans, Feeds, SetsMeta, Sessions, Copies, Measures, Pushes] = (
            p,
            p,
            p,
            p,
            p,
            p,
            p,
            p,
        )
        for protocol in (Rescans, Feeds, SetsMeta, Sessions, Copies, Measures, Pushes):
            assert isinstance(kinds[0], protocol)

    def test_connections_are_given_back(self, s: Stage) -> None:
        """A provider that nobody holds any more holds no connection."""
        provider = connect(
            Account("work", "drive", settings={"url": s.url}), s.tokens, "Root", pace=MemoryPace()
        )
        provider.root()
        client = provider._wire._client
        assert not client.is_closed
        del provider
        gc.collect()
        assert client.is_closed

    def test_nothing_is_asked_before(self, s: Stage) -> None:
        """Connecting asks nothing."""
        assert s.requests(lambda: s.open("somewhere").traits) == []

    def test_my_drive(self, s: Stage) -> None:
        """The empty path is My Drive itself."""
        s.people.write("file", b"content")
        provider = s.open("")
        assert provider.root() == s.emulator.drive.root.id
        assert s.look(provider) == ["Root", "file"]
        entry = s.at("Root", provider)
        assert (entry.parent, entry.kind) == (ROOT_ENTRY, Kind.FOLDER)
        provider.make_folder(ROOT_REF, "new")
        assert s.look(provider) == ["new"]

    @pytest.mark.parametrize("root", ["Root/inner/deep", "/Root/inner/deep/"])
    def test_path(self, s: Stage, root: str) -> None:
        """A path leads to a folder, whose id is the root's mark."""
        s.people.write("inner/deep/file", b"content")
        provider = s.open(root)
        assert provider.root() == s.people.id("inner/deep")
        assert s.look(provider) == ["file"]

    def test_id(self, s: Stage) -> None:
        """A folder given by its id is the root wherever it stands, and whatever its name."""
        s.people.write("inner/file", b"content")
        provider = s.open(f"id:{s.people.id('inner')}")
        mark = provider.root()
        s.people.rename("inner", "elsewhere/renamed")
        assert provider.root() == mark
        assert s.look(provider) == ["file"]

    def test_path_that_leads_elsewhere(self, s: Stage) -> None:
        """If another folder stands at the path now, the mark is another."""
        s.people.mkdir("inner")
        provider = s.open("Root/inner")
        mark = provider.root()
        s.people.rename("inner", "moved")
        s.people.mkdir("inner")
        assert provider.root() not in {mark, ""}

    @pytest.mark.parametrize("how", ["never was", "is a file", "trashed", "removed"])
    @pytest.mark.parametrize("by", ["path", "id"])
    def test_lost(self, s: Stage, by: str, how: str) -> None:
        """A root that is not there, in the trash, or no folder raises RootLost."""
        root = "id:nothing" if by == "id" else "Root/nothing"
        if how == "is a file":
            s.people.write("inner", b"content")
        elif how != "never was":
            s.people.mkdir("inner")
        if how != "never was":
            root = f"id:{s.people.id('inner')}" if by == "id" else "Root/inner"
        if how == "trashed":
            s.people.trash("inner")
        elif how == "removed":
            s.people.remove("inner")
        with pytest.raises(RootLost, match=r"^work: "):
            s.open(root).root()

    def test_lost_with_all_in_it(self, s: Stage) -> None:
        """What is gone with the root is not told as gone."""
        s.people.write("file", b"content")
        entry = s.entry("file")
        s.people.lose_root()
        for ref in (Ref(entry.id, "file"), ROOT_REF):
            with pytest.raises(RootLost):
                s.provider.get(ref)

    def test_id_in_a_shared_drive(self, s: Stage) -> None:
        """Of a folder given by its id it is found out whether it is in a shared drive."""
        s.people.write("inner/file", b"content")
        inner = s.people.id("inner")
        s.colour("GET", f"/files/{inner}$", lambda body: body.update(driveId="shared"))
        provider = s.open(f"id:{inner}")
        asked: list[dict[str, str]] = []
        s.watch(lambda request: asked.append(dict(request.query)))
        assert provider.at(ROOT_REF, "file") is not None
        assert s.look(provider) == ["file"]
        assert {each["driveId"] for each in asked if "q" in each} == {"shared"}

    def test_policy_that_is_none(self, s: Stage) -> None:
        """A policy for documents that there is not is refused, with those that there are."""
        with pytest.raises(AccountError, match="export, link, skip"):
            s.open(documents="ignore")

    def test_is_not_touched(self, s: Stage) -> None:
        """The root folder itself is neither moved nor deleted."""
        assert s.provider.get(ROOT_REF) is not None
        with pytest.raises(Refused):
            s.provider.move(ROOT_REF, "", ROOT_REF, "moved")
        with pytest.raises((Refused, NotEmpty)):
            s.provider.delete(ROOT_REF, "")
        assert s.provider.root() == s.people.root

    def test_shared_drive(self, s: Stage) -> None:
        """Of a shared drive everything is asked for within it."""
        drive = s.emulator.drive
        shared = drive.save(drive.new("Shared", FOLDER, ""))
        inner = drive.save(drive.new("inner", FOLDER, shared.id))
        asked: list[dict[str, str]] = []
        s.watch(lambda request: asked.append(dict(request.query)))
        provider = s.open("inner", drive_id=shared.id)
        assert provider.root() == inner.id
        s.upload("file", b"content", provider=provider)
        assert s.look(provider) == ["file"]
        provider.start_cursor()
        listed = [each for each in asked if "q" in each]
        assert listed
        assert {(each["corpora"], each["driveId"]) for each in listed} == {("drive", shared.id)}
        assert asked[-1]["driveId"] == shared.id


class TestRescan:
    def test_whole_drive_by_one_query(self, s: Stage) -> None:
        """A whole drive is listed without asking for its folders."""
        for number in range(60):
            s.people.write(f"{number}/inner/file", b"")
        provider = s.open("")
        provider.root()
        asked = s.requests(lambda: s.look(provider))
        assert asked.count(LIST) == 1
        assert len(s.known.paths()) == 1 + 3 * 60

    def test_whole_drive_in_pages(self, s: Stage) -> None:
        """Pages of a thousand are read to their end."""
        for number in range(1100):
            s.people.write(str(number), b"")
        provider = s.open("")
        assert s.requests(lambda: s.look(provider)).count(LIST) == 2
        assert len(s.known.paths()) == 1101

    def test_whole_drive_and_what_is_not_in_it(self, s: Stage) -> None:
        """What others share, and stands in no folder of the drive, is not below its root."""
        s.people.share_with_me("shared", b"content")
        s.people.write("file", b"content")
        assert s.look(s.open("")) == ["Root", "file"]

    def test_whole_drive_that_lost_a_folder(self, s: Stage) -> None:
        """What is missing from a whole drive is missing in its own folder, once."""
        s.people.write("folder/file", b"content")
        provider = s.open("")
        s.look(provider)
        folder = s.people.id("folder")
        s.people.trash("folder")
        missing = [each for delta in provider.rescan(s.known) for each in delta.missing]
        assert missing == [folder]

    def test_many_folders_by_few_queries(self, s: Stage) -> None:
        """Below a folder many folders are listed with each query."""
        for number in range(100):
            s.people.write(f"{number}/file", b"")
        s.provider.root()
        asked = s.requests(s.look)
        assert asked.count(LIST) == 1 + 100 // _look._TOGETHER
        assert len(s.known.paths()) == 200

    def test_look_that_fails(self, s: Stage) -> None:
        """What goes wrong with one of many queries is told, and the others come to an end."""
        for number in range(200):
            s.people.write(f"{number}/file", b"")
        s.provider.root()
        s.emulator.faults.add("status", path="/files$", skip=3)
        with pytest.raises(Unreachable):
            s.look()
        assert s.look()
        assert s.known.paths().keys() == s.people.tree().keys()

    def test_address_is_not_too_long(self, s: Stage) -> None:
        """The query for many folders fits into an address."""
        for number in range(50):
            s.people.write(f"{number}/file", b"")
        asked = s.requests(s.look)
        assert not [each for each in asked if each.startswith("POST")]

    def test_query_that_wrongly_finds_nothing(self, s: Stage) -> None:
        """A query for many folders that comes back empty is not believed."""
        for number in range(5):
            s.people.write(f"{number}/file", b"")
        s.emulator.files.empty_groups = 1
        s.look()
        assert s.known.paths().keys() == s.people.tree().keys()
        s.emulator.files.empty_groups = 1
        assert s.look() == []
        assert s.known.paths().keys() == s.people.tree().keys()

    def test_folder_that_seems_emptied(self, s: Stage) -> None:
        """A folder that seems to have lost all it held is listed again by itself."""
        for number in range(3):
            s.people.write(f"{number}/file", b"")
        s.look()
        inner = s.people.id("1")

        def leave_out(body: dict[str, list[dict[str, list[str]]]]) -> None:
            if len({each["parents"][0] for each in body.get("files", [])}) > 1:
                body["files"] = [each for each in body["files"] if each["parents"] != [inner]]

        s.colour("GET", "/files$", leave_out)
        assert list(s.provider.rescan(s.known)) == []

    def test_folder_that_may_not_be_listed(self, s: Stage) -> None:
        """Of a folder whose content may not be seen nothing is missing: a problem."""
        s.people.write("folder/file", b"content")
        s.look()
        folder = s.people.id("folder")

        def close(body: dict[str, list[dict[str, object]]]) -> None:
            body["files"] = [
                {**each, "capabilities": {"canListChildren": False}}
                if each["id"] == folder
                else each
                for each in body.get("files", [])
                if each.get("parents") != [folder]
            ]

        s.colour("GET", "/files$", close)
        for provider in (s.provider, s.open("")):
            deltas = [each for each in provider.rescan(s.known) if each.folder == folder]
            (delta,) = deltas
            assert (delta.missing, delta.problems[0].unreadable) == ((), True)
            assert delta.problems[0].path.endswith("folder")

    def test_listing_that_is_late(self, s: Stage) -> None:
        """What a late listing lacks is missing there, and a point read still finds it."""
        s.emulator.drive.held = True
        s.people.write("file", b"content")
        file_id = s.people.id("file")
        assert s.look() == []
        assert s.provider.get(Ref(file_id, "file")) is not None
        s.people.catch_up()
        assert s.look() == ["file"]

    def test_trashed_folder_holds_nothing(self, s: Stage) -> None:
        """What is in the trash with its folder is not there either."""
        s.people.write("folder/file", b"content")
        file = s.entry("folder/file")
        s.people.trash("folder")
        assert s.look() == []
        assert s.provider.get(Ref(file.id, "folder/file")) is None

    def test_folder_that_was_asked_for_and_is_trashed(self, s: Stage) -> None:
        """Of a folder that went to the trash nothing is told as missing in it."""
        s.people.write("folder/file", b"content")
        s.people.mkdir("other")
        s.look()
        refs = [s.ref("folder"), s.ref("other")]
        s.people.trash("folder")
        assert list(s.provider.rescan(s.known, refs)) == []
        assert list(s.provider.rescan(s.known, refs[:1])) == []

    def test_times_and_hashes(self, s: Stage) -> None:
        """Times are to the millisecond, and all hashes that Drive has are told."""
        s.people.write("file", b"content", mtime_ns=1_234_567_891_234_567_891)
        entry = s.entry("file")
        assert entry.mtime_ns == 1_234_567_891_234_000_000
        assert [each.partition(":")[0] for each in entry.hashes.split()] == [
            "md5",
            "sha1",
            "sha256",
        ]

    def test_hash_without_a_transfer(self, s: Stage) -> None:
        """A hash that Drive has costs no download."""
        s.people.write("file", b"content")
        entry = s.entry("file")
        asked = s.requests(lambda: s.provider.hash(Ref(entry.id, "file"), entry.version))
        assert asked == [f"GET /drive/v3/files/{entry.id}"]

    def test_move_of_a_large_folder(self, s: Stage) -> None:
        """A folder is moved with everything in it by one request that changes something."""
        for number in range(50):
            s.people.write(f"folder/{number}", b"")
        s.people.mkdir("there")
        folder, there = s.ref("folder"), s.ref("there")
        asked = s.requests(lambda: s.provider.move(folder, "", there, "folder"))
        assert [each for each in asked if not each.startswith("GET")] == [
            f"PATCH /drive/v3/files/{folder.id}"
        ]
        assert len(asked) == 4

    def test_what_a_small_file_costs(self, s: Stage) -> None:
        """A small file is a look, an upload and a look."""
        s.upload("first", b"content")
        asked = s.requests(
            lambda: s.provider.upload(ROOT_REF, "file", [b"x"], size=1, attributes=PLAIN)
        )
        assert asked == [LIST, "POST /upload/drive/v3/files", LIST]
