"""One large file between two emulated clouds, or a folder and one, against ``rclone copy``.

The emulators run in processes of their own and take part for as little as they can (see
:mod:`tests.emulators.bulk`). What they can do at most is measured first, by a client that does
nothing with the bytes. Times are those of the whole command, its start included.
"""

import abc
import http.client
import json
import shutil
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path

import boto3  # type: ignore[import-untyped]  # it ships no types
import msgspec

from tests.benchmarks.cloud import Cloud
from tests.benchmarks.measure import Took
from tests.benchmarks.stage import Stage, stage
from tests.emulators.bulk import Bulk, pieces
from tests.emulators.clouds import ROOT
from tests.emulators.s3 import ACCESS_KEY, SECRET_KEY

CLOUDS = ("drive", "dropbox", "onedrive", "s3")
ROUTES = (
    ("drive", "dropbox"),
    ("dropbox", "onedrive"),
    ("folder", "drive"),
    ("drive", "folder"),
    ("folder", "onedrive"),
    ("onedrive", "folder"),
    ("folder", "s3"),
    ("s3", "folder"),
)
NAME = "large.bin"
ONCE = 2_000_000_000
"""Files from this size on are carried once only, however many runs there are."""

HELD = 500_000_000
"""Larger files are not carried to or from what holds and hashes all that it is given: moto."""

_PIECE = 24 * (320 << 10)
"""A multiple of what OneDrive wants pieces to be."""


class Stream(msgspec.Struct, frozen=True):
    """One measured transfer. ``problem`` is ``""`` where the content was proved right."""

    route: tuple[str, str]
    size: int
    tool: str
    seconds: float
    cpu: float  # seconds of all processors, which others' load hardly changes
    peak: int  # bytes
    problem: str = ""

    @property
    def rate(self) -> float:
        """Bytes a second."""
        return self.size / self.seconds


class Ceiling(msgspec.Struct, frozen=True):
    """What an emulator can do at most, in bytes a second."""

    cloud: str
    down: float
    up: float


def measure(folder: Path, sizes: Sequence[int], runs: int) -> Iterator[Stream | Ceiling | str]:
    """Carry a file of each size by each route, by each tool in turn."""
    with stage(folder / "streams", CLOUDS) as set_up:
        for cloud in set_up.clouds.values():
            yield _ceiling(cloud, min(max(sizes), 100_000_000 if cloud.name == "s3" else HELD))
        for size in sizes:
            for cloud in set_up.clouds.values():
                cloud.ask("prepare", size)
            for run in range(1 if size >= ONCE else runs):
                for route in ROUTES:
                    if "folder" in route and shutil.disk_usage(folder).free < size * 1.2:
                        yield f"{size / 1e6:,.0f} MB, {' to '.join(route)}: no room for it here"
                        continue
                    if "s3" in route and size > HELD:
                        yield f"{size / 1e6:,.0f} MB, {' to '.join(route)}: moto would hold it all"
                        continue
                    yield from _carry(set_up, set_up.home, route, size, run)


def _carry(
    set_up: Stage, folder: Path, route: tuple[str, str], size: int, run: int
) -> Iterator[Stream]:
    tools = ["syncoxiders", "syncoxiders, TLS", "rclone copy"]
    if "s3" in route:
        tools.remove("syncoxiders, TLS")
    turn = run % len(tools)
    for tool in (*tools[turn:], *tools[:turn]):
        for cloud in set_up.clouds.values():
            cloud.ask("clear")
        local = folder / "files"
        local.mkdir()
        source, target = route
        if source == "folder":
            _write(local / NAME, size)
        else:
            set_up.clouds[source].ask("put", NAME, size)
        state = folder / "state"
        took = _run(set_up, tool, route, local, state)
        problem = f"exit code {took.code}: {took.said[-1:]}" if took.code else ""
        if not problem:
            if target == "folder":
                right = _is_right(local / NAME, size)
            else:
                right = set_up.clouds[target].ask("proved", NAME, size)
            problem = "" if right else "what arrived is not what was sent"
        yield Stream(route, size, tool, took.seconds, took.cpu, took.peak, problem)
        shutil.rmtree(local)
        shutil.rmtree(state, ignore_errors=True)


def _run(set_up: Stage, tool: str, route: tuple[str, str], local: Path, state: Path) -> Took:
    suffix = "-tls" if tool.endswith("TLS") else ""
    source, target = (
        str(local) if end == "folder" else f"{end}{suffix}:{set_up.clouds[end].root}"
        for end in route
    )
    if tool == "rclone copy":
        return set_up.rclone("copy", source, target)
    return set_up.ours("sync", source, target, "--state", str(state), "-q")


def _write(path: Path, size: int) -> None:
    with path.open("wb") as file:
        for piece in pieces(Bulk.of(size)):
            file.write(piece)


def _is_right(path: Path, size: int) -> bool:
    if not path.is_file() or path.stat().st_size != size:
        return False
    with path.open("rb") as file:
        return all(file.read(len(piece)).startswith(piece) for piece in pieces(Bulk.of(size)))


# -- what an emulator can do ---------------------------------------------------------------------


def _ceiling(cloud: Cloud, size: int) -> Ceiling:
    cloud.ask("clear")
    cloud.ask("put", NAME, size)
    cloud.ask("prepare", size)
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(cloud.plain).netloc)
    client = _CLIENTS[cloud.name](connection, cloud)
    began = time.perf_counter()
    client.download()
    down = time.perf_counter() - began
    cloud.ask("clear")
    body = b"".join(pieces(Bulk.of(_PIECE)))
    began = time.perf_counter()
    client.upload(body, size)
    up = time.perf_counter() - began
    connection.close()
    cloud.ask("clear")
    return Ceiling(cloud.name, size / down, size / up)


class _Client(abc.ABC):
    """A client that does nothing with the bytes."""

    def __init__(self, connection: http.client.HTTPConnection, cloud: Cloud) -> None:
        self._connection = connection
        self._cloud = cloud
        self._authorization = {"Authorization": f"Bearer {cloud.token}"}
        self._buffer = bytearray(1 << 20)

    @abc.abstractmethod
    def download(self) -> None:
        """Read the large file."""

    @abc.abstractmethod
    def upload(self, body: bytes, size: int) -> None:
        """Write it, in pieces of the body."""

    def _send(
        self, method: str, path: str, body: bytes | memoryview, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        self._connection.request(method, path, body, {**self._authorization, **headers})
        return self._connection.getresponse()

    def _drain(self, answer: http.client.HTTPResponse) -> None:
        if answer.status >= 400:
            raise RuntimeError(f"the emulator answers {answer.status}: {answer.read()!r}")
        while answer.readinto(self._buffer):
            pass


class _Drive(_Client):
    def download(self) -> None:
        query = urllib.parse.urlencode({"q": f"name='{NAME}'"})
        found = json.load(self._send("GET", f"/drive/v3/files?{query}", b"", {}))["files"]
        self._drain(self._send("GET", f"/drive/v3/files/{found[0]['id']}?alt=media", b"", {}))

    def upload(self, body: bytes, size: int) -> None:
        path = "/upload/drive/v3/files?uploadType=resumable"
        answer = self._send("POST", path, b"{}", {"Content-Type": "application/json"})
        address = urllib.parse.urlsplit(answer.headers["Location"])
        self._drain(answer)
        at = 0
        while at < size:
            piece = memoryview(body)[: size - at]
            span = {"Content-Range": f"bytes {at}-{at + len(piece) - 1}/{size}"}
            self._drain(self._send("PUT", f"{address.path}?{address.query}", piece, span))
            at += len(piece)


class _Dropbox(_Client):
    def _call(self, path: str, argument: object, body: bytes | memoryview = b"") -> dict[str, str]:
        headers = {
            "Dropbox-API-Arg": json.dumps(argument),
            "Content-Type": "application/octet-stream",
        }
        answer = self._send("POST", f"/2/files/{path}", body, headers)
        found: dict[str, str] = json.load(answer) or {}
        return found

    def download(self) -> None:
        headers = {"Dropbox-API-Arg": json.dumps({"path": f"/{ROOT}/{NAME}"})}
        self._drain(self._send("POST", "/2/files/download", b"", headers))

    def upload(self, body: bytes, size: int) -> None:
        session = self._call("upload_session/start", {})["session_id"]
        at = 0
        while at < size:
            piece = memoryview(body)[: size - at]
            cursor = {"session_id": session, "offset": at}
            self._call("upload_session/append_v2", {"cursor": cursor}, piece)
            at += len(piece)
        cursor = {"session_id": session, "offset": size}
        commit = {"path": f"/{ROOT}/{NAME}", "mode": "add"}
        self._call("upload_session/finish", {"cursor": cursor, "commit": commit})


class _OneDrive(_Client):
    def _path(self, action: str) -> str:
        return f"/v1.0/drives/{self._cloud.settings['drive_id']}/root:/{ROOT}/{NAME}:/{action}"

    def download(self) -> None:
        answer = self._send("GET", self._path("content"), b"", {})
        address = urllib.parse.urlsplit(answer.headers["Location"])
        self._drain(answer)
        self._drain(self._send("GET", f"{address.path}?{address.query}", b"", {}))

    def upload(self, body: bytes, size: int) -> None:
        headers = {"Content-Type": "application/json"}
        opened = json.load(self._send("POST", self._path("createUploadSession"), b"{}", headers))
        self._authorization = {}  # which an upload's address stands for
        address = urllib.parse.urlsplit(opened["uploadUrl"])
        at = 0
        while at < size:
            piece = memoryview(body)[: size - at]
            span = {"Content-Range": f"bytes {at}-{at + len(piece) - 1}/{size}"}
            self._drain(self._send("PUT", address.path, piece, span))
            at += len(piece)


class _S3(_Client):
    def __init__(self, connection: http.client.HTTPConnection, cloud: Cloud) -> None:
        super().__init__(connection, cloud)
        self._authorization = {}  # addresses are signed instead
        self._signer = boto3.session.Session().client(
            "s3",
            endpoint_url=cloud.plain,
            region_name=cloud.settings["region"],
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )

    def _path(self, operation: str) -> str:
        bucket, _, folder = self._cloud.root.partition("/")
        params = {"Bucket": bucket, "Key": f"{folder}/{NAME}"}
        signed = urllib.parse.urlsplit(self._signer.generate_presigned_url(operation, params))
        return f"{signed.path}?{signed.query}"

    def download(self) -> None:
        self._drain(self._send("GET", self._path("get_object"), b"", {}))

    def upload(self, body: bytes, size: int) -> None:
        whole = (body * (size // len(body) + 1))[:size]
        self._drain(self._send("PUT", self._path("put_object"), whole, {}))


_CLIENTS: dict[str, type[_Client]] = {
    "drive": _Drive,
    "dropbox": _Dropbox,
    "onedrive": _OneDrive,
    "s3": _S3,
}
