"""What the Google Drive provider writes the real rclone reads, and the other way round."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from syncoxiders.adapters.providers.drive._upload import SMALL
from syncoxiders.core import hashes
from syncoxiders.core.digests import digests_of
from syncoxiders.core.model import UNKNOWN_SIZE, Ref
from syncoxiders.ports.provider import Attributes
from tests.adapters.drive_support import Stage, serving, staged
from tests.contracts.provider_harness import ROOT_REF, pattern
from tests.emulators.rclone import Rclone, rclone
from tests.emulators.serving import Server

MOMENT = 1_234_567_890_123_000_000
CONTENTS = {"small.txt": b"hello", "empty": b"", "large.bin": pattern(2 * SMALL + 7)}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def s(server: Server) -> Iterator[Stage]:
    with staged(server) as stage:
        yield stage


@pytest.fixture
def r(s: Stage, tmp_path: Path) -> Iterator[Rclone]:
    token = {
        "access_token": s.emulator.token,
        "token_type": "Bearer",
        "refresh_token": s.emulator.refresh_token,
        "expiry": "2099-01-01T00:00:00Z",
    }
    remote = {
        "type": "drive",
        "scope": "drive",
        "root_folder_id": s.people.root,
        "token": json.dumps(token),
    }
    home = tmp_path / "home"
    home.mkdir()
    with rclone(s.emulator, home, remote) as found:
        yield found


def test_ours_by_rclone(s: Stage, r: Rclone) -> None:
    """rclone finds what we wrote under its names, with its times, and with equal hashes."""
    folder = s.provider.make_folder(ROOT_REF, "folder")
    for name, data in CONTENTS.items():
        attributes = Attributes(mtime_ns=MOMENT)
        s.provider.upload(
            Ref(folder.id, "folder"), name, [data], size=len(data), attributes=attributes
        )
    found = r.listing()
    assert found.keys() == {"folder", *(f"folder/{name}" for name in CONTENTS)}
    for name, data in CONTENTS.items():
        entry, told = s.entry(f"folder/{name}"), found[f"folder/{name}"]
        assert (told["ID"], told["Size"]) == (entry.id, len(data))
        assert told["ModTime"] == "2009-02-13T23:31:30.123Z"
        assert told["Hashes"]["sha256"] == hashlib.sha256(data).hexdigest()
        assert hashes.decode(entry.hashes) == told["Hashes"]
        assert r("cat", f"r:folder/{name}").encode("utf-8", "surrogateescape") == data


def test_rclones_by_us(s: Stage, r: Rclone, tmp_path: Path) -> None:
    """We find what rclone wrote, moved and deleted, whole and with equal hashes."""
    source = tmp_path / "source"
    for name, data in CONTENTS.items():
        (source / "folder").mkdir(parents=True, exist_ok=True)
        (source / "folder" / name).write_bytes(data)
    cursor = s.provider.start_cursor()
    r("copy", source, "r:", "--drive-chunk-size=1M")
    told = {change.entry.name: change.entry for change in s.drain(cursor) if change.entry}
    s.look()
    for name, data in CONTENTS.items():
        entry = s.entry(f"folder/{name}")
        assert entry == told[name] == s.known.paths()[f"folder/{name}"]
        assert hashes.equal(entry.hashes, digests_of([data]).text()) is True
        assert s.read(f"folder/{name}") == data
    before = s.entry("folder/small.txt")
    r("moveto", "r:folder/small.txt", "r:moved.txt")
    r("deletefile", "r:folder/empty")
    s.look()
    assert s.known.paths().keys() == {"folder", "folder/large.bin", "moved.txt"}
    assert s.known.paths()["moved.txt"].id == before.id


def test_names_alike(s: Stage, r: Rclone) -> None:
    """A name with a slash, and a document, are the same entries to rclone and to us."""
    s.upload("a\N{SINGLE HIGH-REVERSED-9 QUOTATION MARK}\N{FULLWIDTH SOLIDUS}b", b"content")
    s.people.add_document("doc", b"text")
    found = r.listing()
    s.look()
    ours = {entry.id: entry for entry in s.known.paths().values()}
    assert ours.keys() == {each["ID"] for each in found.values()}
    (document,) = (each for path, each in found.items() if path == "doc.docx")
    assert ours[document["ID"]].name == "doc.docx"
    assert (ours[document["ID"]].size, document["Size"]) == (UNKNOWN_SIZE, UNKNOWN_SIZE)
