"""The real rclone, an independent client of Microsoft Graph, works with the emulator."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from syncoxiders.core.digests import QUICKXOR, digests_of
from tests.emulators import onedrive
from tests.emulators.onedrive import DriveType, OneDrive
from tests.emulators.onedrive.client import serving
from tests.emulators.onedrive.people import People
from tests.emulators.rclone import Rclone, RcloneError, rclone

CHUNK = 5 << 20
CLIENT = {"client_id": "client", "client_secret": "secret"}
SIZES = {"empty": 0, "small": 5, "one chunk": CHUNK, "12 MB": 12_000_000}


def remote(emulator: OneDrive, **more: str) -> dict[str, str]:
    token = {
        "access_token": emulator.token,
        "token_type": "Bearer",
        "refresh_token": "unused",
        "expiry": "2099-01-01T00:00:00Z",
    }
    return {
        "type": "onedrive",
        "drive_id": emulator.drive.id,
        "drive_type": emulator.drive.type,
        "chunk_size": f"{CHUNK >> 10}k",
        "token": json.dumps(token),
        **more,
    }


@pytest.fixture(params=["personal", "business"])
def emulator(request: pytest.FixtureRequest) -> OneDrive:
    drive_type: DriveType = request.param
    return onedrive.create(drive_type)


@pytest.fixture
def r(emulator: OneDrive, tmp_path: Path) -> Iterator[Rclone]:
    with rclone(emulator, tmp_path, remote(emulator)) as running:
        yield running


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """A folder with files of sizes on both sides of a chunk."""
    folder = tmp_path / "local"
    (folder / "inner").mkdir(parents=True)
    for name, size in SIZES.items():
        (folder / "inner" / name).write_bytes(os.urandom(size))
    return folder


def text_files(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def test_lists_with_hashes(emulator: OneDrive, r: Rclone) -> None:
    """rclone's listing shows what people wrote: sizes, times, and the hashes that we compute."""
    people = emulator.people
    people.write("a file.txt", b"data", mtime_ns=1_600_000_000_000_000_000)
    people.write("folder/empty", b"")
    people.write("folder/inn\u00e9r/\u0434\u0430\u043d\u043d\u044b\u0435 #1%", b"more data")
    people.mkdir("nothing in it")
    people.add_notebook("Notes")
    emulator.quirks.page_size = 2
    listed = r.listing("r:Root")
    tree = people.tree()
    assert listed.keys() == tree.keys()
    for path, data in tree.items():
        assert listed[path]["IsDir"] == (data is None)
        if data is not None:
            digest = digests_of([data], [QUICKXOR]).of(QUICKXOR)
            assert (listed[path]["Size"], listed[path]["Hashes"]["quickxor"]) == (len(data), digest)
    assert listed["a file.txt"]["ModTime"].startswith("2020-09-13T12:26:40")


def test_lists_by_delta(emulator: OneDrive, r: Rclone) -> None:
    """rclone's recursive listing by the change feed, in pages with repeats, shows the same."""
    for number in range(6):
        emulator.people.write(f"{number}/inner/file", b"data")
    emulator.quirks.page_size = 5
    emulator.quirks.repeats = 2
    listed = r("lsf", "-R", "--onedrive-delta", "--fast-list", "r:Root").split()
    assert any("/delta" in call for call in emulator.calls)
    assert not any("/children" in call for call in emulator.calls)
    assert {path.rstrip("/") for path in listed} == emulator.people.tree().keys()


def test_copies_up_and_down(emulator: OneDrive, r: Rclone, local: Path, tmp_path: Path) -> None:
    """What rclone uploads, whole or in ranges, people find, and rclone reads it back."""
    r("copy", local, "r:Root")
    for name in SIZES:
        assert emulator.people.tree()[f"inner/{name}"] == (local / "inner" / name).read_bytes()
    assert sum("/_upload/" in call for call in emulator.calls) == 5
    assert emulator.sessions.count == 0
    r("check", "--download", local, "r:Root")
    r("copy", "r:Root", tmp_path / "back")
    for name in SIZES:
        back = tmp_path / "back" / "inner" / name
        assert back.read_bytes() == (local / "inner" / name).read_bytes()
        assert int(back.stat().st_mtime) == int((local / "inner" / name).stat().st_mtime)


def test_hashes_as_rclone_does(r: Rclone, tmp_path: Path) -> None:
    """rclone computes the same quickXorHash from bytes as we do."""
    data = os.urandom(100_001)
    (tmp_path / "file").write_bytes(data)
    printed = r("hashsum", "quickxor", tmp_path / "file")
    assert printed.split()[0] == digests_of([data], [QUICKXOR]).of(QUICKXOR)


def test_overwrites_in_place(emulator: OneDrive, r: Rclone, tmp_path: Path) -> None:
    """What rclone uploads again stays the same item, and the old content is a version."""
    text_files(tmp_path, {"up/file": "one"})
    r("copy", tmp_path / "up", "r:Root")
    before = emulator.people.entry("file").id
    text_files(tmp_path, {"up/file": "another"})
    r("copy", tmp_path / "up", "r:Root")
    assert emulator.people.tree() == {"file": b"another"}
    assert emulator.people.entry("file").id == before
    assert b"one" in emulator.people.kept()


def test_moves_and_deletes(emulator: OneDrive, r: Rclone) -> None:
    """Files and folders that rclone moves keep their ids and times; what it deletes is kept."""
    people = emulator.people
    people.write("folder/file", b"data", mtime_ns=1_600_000_000_000_000_000)
    people.write("folder/other", b"other")
    ids = {people.entry("folder").id, people.entry("folder/file").id}
    r("moveto", "r:Root/folder/file", "r:Root/renamed")
    r("moveto", "r:Root/folder", "r:Root/there/folder")
    assert people.tree().keys() == {"renamed", "there", "there/folder", "there/folder/other"}
    assert {people.entry("there/folder").id, people.entry("renamed").id} == ids
    assert people.entry("renamed").fs_modified == 1_600_000_000
    r("delete", "r:Root/there")
    assert people.tree().keys() == {"renamed", "there", "there/folder"}
    assert people.kept() == [b"other"] or b"other" in people.kept()
    r("purge", "r:Root/there")
    assert people.tree().keys() == {"renamed"}


def test_copies_within(emulator: OneDrive, r: Rclone) -> None:
    """rclone copies within the drive without a byte passing, and waits until it is done."""
    people = emulator.people
    people.write("file", b"data", mtime_ns=1_600_000_000_000_000_000)
    people.write("there/copy", b"standing")
    emulator.quirks.copy_delay = 0.2
    r("copyto", "r:Root/file", "r:Root/there/copy")
    assert people.tree() == {"file": b"data", "there": None, "there/copy": b"data"}
    assert people.entry("there/copy").fs_modified == 1_600_000_000
    assert any("/_monitor/" in call for call in emulator.calls)
    assert not any("content" in call or "/_upload/" in call for call in emulator.calls)


def test_bisync(emulator: OneDrive, r: Rclone, tmp_path: Path) -> None:
    """rclone's two-way sync brings a change of each side to the other."""
    here, people = tmp_path / "here", emulator.people
    text_files(here, {"ours": "ours", "folder/both": "both"})
    people.write("theirs", b"theirs")
    command = ("bisync", here, "r:Root", "--workdir", tmp_path / "state")
    r(*command, "--resync")
    text_files(here, {"folder/both": "changed here", "new here": "new"})
    people.write("theirs", b"changed there")
    people.delete("ours")
    r(*command)
    found = {path: data.decode() for path, data in people.tree().items() if isinstance(data, bytes)}
    assert found == {"theirs": "changed there", "folder/both": "changed here", "new here": "new"}
    on_disk = {
        str(each.relative_to(here)): each.read_text() for each in here.rglob("*") if each.is_file()
    }
    assert on_disk == found


def test_hears_of_changes(emulator: OneDrive, r: Rclone) -> None:
    """rclone's watcher sees in the change feed what people do."""
    emulator.people = People(emulator, "")
    watching = r.start("test", "changenotify", "r:", "--poll-interval=100ms", "-vv")
    assert watching.stdout is not None
    too_late = threading.Timer(30, watching.kill)
    too_late.start()
    try:
        wait_for(lambda: any("/delta" in call for call in emulator.calls))
        emulator.people.write("a new file", b"data")
        emulator.people.mkdir("a new folder")
        heard = b""
        while b"a new folder" not in heard:
            line = watching.stdout.readline()
            assert line, heard.decode()
            heard += line
        assert b'"a new file"' in heard
    finally:
        too_late.cancel()
        watching.terminate()
        watching.wait()
        watching.stdout.close()


def wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.mark.parametrize("status", [429, 503])
def test_tries_again_when_throttled(emulator: OneDrive, r: Rclone, status: int) -> None:
    """rclone understands what a throttled request is told, and does it again."""
    emulator.throttle(status=status, seconds=1, path="/children")
    told = r.start("mkdir", "r:Root/folder", "-vv").communicate(timeout=60)[0].decode()
    assert "Trying again in 1 seconds" in told
    assert "throttledRequest" in told
    assert emulator.people.tree() == {"folder": None}


def test_skips_a_range_that_arrived(emulator: OneDrive, r: Rclone, tmp_path: Path) -> None:
    """A range whose answer was lost is refused with 416; rclone asks for the state and goes on."""
    data = os.urandom(2 * CHUNK + 100)
    (tmp_path / "file").write_bytes(data)
    emulator.faults.add("drop-after", method="PUT", path="/_upload/", skip=1)
    r("copyto", tmp_path / "file", "r:Root/file")
    assert emulator.people.tree() == {"file": data}
    assert any(call.startswith("GET /_upload/") for call in emulator.calls)


def test_refreshes_its_token(emulator: OneDrive, tmp_path: Path) -> None:
    """rclone gets a new token when its own has expired, and keeps the refresh token that came."""
    tokens = emulator.oauth.issue("Files.ReadWrite.All offline_access")
    expired = {
        "access_token": "expired",
        "token_type": "Bearer",
        "refresh_token": tokens["refresh_token"],
        "expiry": "2020-01-01T00:00:00Z",
    }
    settings = remote(emulator, token=json.dumps(expired), **CLIENT)
    emulator.people.write("file", b"data")
    with rclone(emulator, tmp_path, settings) as r:
        assert r("lsf", "r:Root").split() == ["file"]
    assert emulator.oauth.refreshes == 1
    assert str(tokens["refresh_token"]) not in (tmp_path / "rclone.conf").read_text()


def test_shared_folder(tmp_path: Path) -> None:
    """rclone reads and writes in a folder that somebody shared, through the other drive."""
    emulator = onedrive.create("personal", root="")
    theirs = emulator.people.add_shared_folder("Shared", {"file": b"theirs"})
    with rclone(emulator, tmp_path, remote(emulator)) as r:
        assert r("cat", "r:Shared/file") == "theirs"
        text_files(tmp_path, {"up/new": "ours"})
        r("copy", tmp_path / "up", "r:Shared")
        assert sorted(r("lsf", "r:Shared").split()) == ["file", "new"]
    drive = emulator.service.drives[theirs]
    shared = drive.walk(drive.root, "Shared/new")
    assert shared is not None
    assert shared.data == b"ours"


def test_shares(emulator: OneDrive, r: Rclone) -> None:
    """rclone makes a link that anybody can follow."""
    emulator.people.write("folder/file", b"data")
    link = r("link", "r:Root/folder")
    assert link.startswith("https://graph.microsoft.com/")
    with serving(emulator) as c:
        assert b"<li>file</li>" in c.bare("GET", urlsplit(link.strip()).path).content


def test_is_told_what_is_wrong(emulator: OneDrive, r: Rclone, tmp_path: Path) -> None:
    """A full drive is an error that rclone shows."""
    (tmp_path / "file").write_bytes(bytes(1000))
    emulator.drive.quota = 100
    with pytest.raises(RcloneError, match="quotaLimitReached"):
        r("copyto", tmp_path / "file", "r:Root/file")
    about = json.loads(r("about", "r:", "--json"))
    assert (about["total"], about["free"]) == (100, 100)
