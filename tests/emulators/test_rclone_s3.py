"""The real rclone and the connector on one bucket: each reads what the other wrote.

rclone is an independent implementation of the protocol, and of what programs keep in an object's
metadata; it also tells whether moto with our checks in front is an S3 to others than us.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syncoxiders.adapters.memory.pace import MemoryPace
from syncoxiders.adapters.providers.s3 import connect
from syncoxiders.adapters.providers.s3.provider import S3Provider
from syncoxiders.core import hashes
from syncoxiders.core.digests import digests_of
from syncoxiders.core.model import Entry, Kind, Ref
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.provider import Attributes
from tests.contracts.provider_harness import ROOT_REF, KnownTree, pattern
from tests.emulators.rclone import Rclone
from tests.emulators.s3 import ACCESS_KEY, SECRET_KEY, S3Server

PART = 5 << 20
MTIME = 1_600_000_000_123_456_789
SIZES = {"empty": 0, "small.txt": 1007, "in parts": 2 * PART + 7}


@pytest.fixture(scope="module")
def served() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture
def server(served: S3Server) -> Iterator[S3Server]:
    served.client().create_bucket(Bucket="bucket")
    yield served
    served.reset()


@pytest.fixture
def provider(server: S3Server) -> S3Provider:
    account = Account("ours", "s3", settings={"url": server.url, "region": "us-east-1"})
    keys = {"access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY}
    return connect(account, keys, "bucket", pace=MemoryPace(), single=PART)


@pytest.fixture
def rclone(server: S3Server, tmp_path: Path) -> Rclone:
    home = tmp_path / "rclone"
    home.mkdir()
    remote = {
        "type": "s3",
        "provider": "Other",
        "endpoint": server.url,
        "region": "us-east-1",
        "access_key_id": ACCESS_KEY,
        "secret_access_key": SECRET_KEY,
        "force_path_style": "true",
        "upload_cutoff": "5Mi",
        "chunk_size": "5Mi",
    }
    nobody = 9  # the proxy is for TLS, which is not spoken here
    return Rclone(home, nobody, home / "none.pem", remote)


def upload(provider: S3Provider, name: str, data: bytes, parent: Ref = ROOT_REF) -> Entry:
    return provider.upload(
        parent, name, [data], size=len(data), attributes=Attributes(mtime_ns=MTIME)
    )


def local(folder: Path) -> dict[str, bytes]:
    """Make files of every size in a local folder, with a time of their own."""
    folder.mkdir()
    made = {}
    for name, size in SIZES.items():
        made[name] = pattern(size)
        (folder / name).write_bytes(made[name])
    return made


def looked(provider: S3Provider) -> dict[str, Entry]:
    known = KnownTree()
    for delta in provider.rescan(known):
        assert delta.problems == ()
        known.apply(delta)
    return known.paths()


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def told_at(entry: dict[str, Any]) -> str:
    """Return the modified time of an entry of ``lsjson``, which is in UTC or says where."""
    return str(entry["ModTime"]).replace("+00:00", "Z")


def test_rclone_reads_what_we_wrote(provider: S3Provider, rclone: Rclone, tmp_path: Path) -> None:
    """rclone finds our files and folders with their sizes, times and MD5s, and reads the bytes."""
    folder = provider.make_folder(ROOT_REF, "folder")
    provider.make_folder(ROOT_REF, "empty folder")
    data = {name: pattern(size) for name, size in SIZES.items()}
    for name, content in data.items():
        upload(provider, name, content, Ref(folder.id, "folder"))
    listing = rclone.listing("r:bucket")
    files = {path: entry for path, entry in listing.items() if not entry["IsDir"]}
    assert files.keys() == {f"folder/{name}" for name in data}
    assert {path for path, entry in listing.items() if entry["IsDir"]} == {"folder", "empty folder"}
    for name, content in data.items():
        entry = files[f"folder/{name}"]
        assert entry["Size"] == len(content)
        assert told_at(entry) == "2020-09-13T12:26:40.123456789Z"
        if name != "in parts":  # of those nobody has the MD5 of the whole
            assert entry["Hashes"]["md5"] == md5(content)
    rclone("copy", "r:bucket/folder", tmp_path / "down")
    for name, content in data.items():
        assert (tmp_path / "down" / name).read_bytes() == content
        assert (tmp_path / "down" / name).stat().st_mtime_ns == MTIME


def test_we_read_what_rclone_wrote(provider: S3Provider, rclone: Rclone, tmp_path: Path) -> None:
    """What rclone copied up, in one part and in several, we find with times, hashes and bytes."""
    data = local(tmp_path / "up")
    rclone("copy", tmp_path / "up", "r:bucket/folder")
    paths = looked(provider)
    assert paths.keys() == {"folder", *(f"folder/{name}" for name in data)}
    for name, content in data.items():
        entry = paths[f"folder/{name}"]
        assert entry.size == len(content)
        assert entry.mtime_ns == (tmp_path / "up" / name).stat().st_mtime_ns
        ref = Ref(entry.id, f"folder/{name}")
        reader = provider.read(ref, entry.version)
        assert b"".join(bytes(chunk) for chunk in reader.chunks()) == content
        reader.close()
        told = provider.hash(ref, entry.version, ("md5",))
        assert hashes.decode(told)["md5"] == md5(content)
        assert hashes.equal(entry.hashes, told) is (None if name == "in parts" else True)


def test_check_download(provider: S3Provider, rclone: Rclone, tmp_path: Path) -> None:
    """``rclone check --download`` finds no difference after we uploaded, moved and replaced."""
    data = local(tmp_path / "here")
    for name, content in data.items():
        entry = upload(provider, f"{name} first", content)
        provider.move(Ref(entry.id, entry.name), entry.version, ROOT_REF, name)
    old = provider.at(ROOT_REF, "small.txt")
    assert old is not None
    provider.upload(
        ROOT_REF,
        "small.txt",
        [b"replaced"],
        size=8,
        attributes=Attributes(),
        replaces=(Ref(old.id, "small.txt"), old.version),
        keep=True,
    )
    (tmp_path / "here" / "small.txt").write_bytes(b"replaced")
    filters = ("--exclude", ".syncoxiders-trash/**")
    rclone("check", "--download", *filters, tmp_path / "here", "r:bucket")


def test_session_of_ours(provider: S3Provider, rclone: Rclone, tmp_path: Path) -> None:
    """What was sent in a session rclone reads with its time."""
    data = pattern(2 * PART + 1)
    session = provider.begin(
        ROOT_REF, "file", size=len(data), attributes=Attributes(mtime_ns=MTIME)
    )
    for start in range(0, len(data), PART):
        chunk = data[start : start + PART]
        session = provider.append(session, chunk, last=start + PART >= len(data))
    provider.finish(session, digests_of([data], provider.upload_hashes).text())
    rclone("copy", "r:bucket", tmp_path / "down")
    assert (tmp_path / "down" / "file").read_bytes() == data
    assert (tmp_path / "down" / "file").stat().st_mtime_ns == MTIME


def test_rclone_touches(provider: S3Provider, rclone: Rclone) -> None:
    """Another time that rclone sets is another version with that time; so is one of ours."""
    upload(provider, "file", b"content")
    before = looked(provider)["file"]
    rclone("touch", "--timestamp", "2021-02-03T04:05:06.5", "r:bucket/file")
    after = provider.get(Ref(before.id, "file"))
    assert after is not None
    assert (after.version == before.version, after.mtime_ns) == (False, 1612325106_500000000)
    assert hashes.equal(before.hashes, after.hashes) is True
    ref = Ref(after.id, "file")
    provider.set_meta(ref, after.version, Attributes(mtime_ns=1_000_000_000_250_000_000))
    assert told_at(rclone.listing("r:bucket")["file"]) == "2001-09-09T01:46:40.250000000Z"
    assert rclone("cat", "r:bucket/file") == "content"


def test_rclone_moves_and_deletes(provider: S3Provider, rclone: Rclone) -> None:
    """What rclone moved is the same version elsewhere to us; what it deleted is gone."""
    old = upload(provider, "file", b"content")
    upload(provider, "gone", b"content")
    rclone("moveto", "r:bucket/file", "r:bucket/folder/renamed")
    rclone("deletefile", "r:bucket/gone")
    paths = looked(provider)
    assert paths.keys() == {"folder", "folder/renamed"}
    assert paths["folder/renamed"].version == old.version
    assert paths["folder"].kind is Kind.FOLDER


def test_bisync(provider: S3Provider, rclone: Rclone, tmp_path: Path) -> None:
    """rclone's bisync between our bucket and a folder takes our changes and brings its own."""
    here = tmp_path / "here"
    here.mkdir()
    (here / "theirs").write_bytes(b"theirs")
    old = upload(provider, "ours", b"ours")
    filters = ("--exclude", ".syncoxiders-trash/**")
    rclone("bisync", "r:bucket", here, "--resync", *filters)
    assert (here / "ours").read_bytes() == b"ours"
    assert looked(provider).keys() == {"ours", "theirs"}
    provider.upload(
        ROOT_REF,
        "ours",
        [b"edited"],
        size=6,
        attributes=Attributes(),
        replaces=(Ref(old.id, "ours"), old.version),
        keep=True,
    )
    (here / "more").write_bytes(b"more")
    rclone("bisync", "r:bucket", here, *filters)
    assert (here / "ours").read_bytes() == b"edited"
    assert looked(provider).keys() == {"ours", "theirs", "more"}
