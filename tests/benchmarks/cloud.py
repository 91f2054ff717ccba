"""Emulated clouds in processes of their own: ``python -m tests.benchmarks.cloud KIND CERTIFICATE``.

Each is served twice, plainly and under TLS, tells where on its first line, and then does what
lines of JSON on its input ask for, each answered by a line.
"""

import contextlib
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syncoxiders.core.digests import DROPBOX, QUICKXOR
from tests.emulators.bulk import Bulk, digest, pieces
from tests.emulators.clouds import KINDS
from tests.emulators.serving import Emulator, Server

ANSWERED = {
    "drive": ("md5", "sha1", "sha256"),
    "dropbox": (DROPBOX,),
    "onedrive": (QUICKXOR, "sha1", "sha256"),
}
"""The hashes with which each kind answers, as far as they can be computed beforehand."""

ROOM = 1 << 50
"""As many bytes as no measurement takes, those that stay in the trash included."""


@dataclass
class Cloud:
    """An emulated cloud, as seen from outside of its process. ``tls`` may be empty."""

    name: str
    plain: str
    tls: str
    token: str
    settings: Mapping[str, str]
    process: "subprocess.Popen[str]"

    @property
    def place(self) -> str:
        return f"{self.name}:{self.root}"

    @property
    def root(self) -> str:
        """The folder in which its people work."""
        return KINDS[self.name].root

    @property
    def port(self) -> int:
        """The port under TLS."""
        return int(self.tls.rpartition(":")[2])

    def ask(self, what: str, *arguments: object) -> Any:
        """Let it do one of the things that :class:`_Hands` has."""
        assert self.process.stdin is not None and self.process.stdout is not None  # noqa: PT018 -- both are pipes, or none is
        self.process.stdin.write(json.dumps([what, *arguments]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextlib.contextmanager
def served(name: str, certificate: Path) -> Iterator[Cloud]:
    """Serve a cloud until the block ends."""
    command = [sys.executable, "-m", __name__, name, str(certificate)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield Cloud(name, process=process, **json.loads(process.stdout.readline()))
        finally:
            process.terminate()


class _Hands:
    """What can be asked of a cloud."""

    def __init__(self, name: str, emulator: Any) -> None:
        self._name = name
        self._emulator = emulator
        self._people = emulator.people
        match name:
            case "drive":
                emulator.drive.limit = ROOM
            case "dropbox":
                emulator.tree.quota = ROOM
            case "onedrive":
                emulator.drive.quota = ROOM

    def prepare(self, size: int) -> None:
        """Compute beforehand the hashes that large content of this size will be answered with."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda each: digest(Bulk.of(size), each), ANSWERED.get(self._name, ())))

    def put(self, path: str, size: int) -> None:
        """Let large content stand at a path."""
        data: bytes = Bulk.of(size)
        if self._name == "s3":  # which holds all that it is given
            data = b"".join(pieces(data))
        self._people.write(path, data)

    def write(self, path: str, text: str) -> None:
        self._people.write(path, text.encode())

    def clear(self) -> None:
        """Remove all that stands there."""
        for path in self._people.tree():
            if "/" not in path:
                self._people.remove(path)

    def sizes(self) -> dict[str, int]:
        """Return the size of each file."""
        tree = self._people.tree()
        return {path: len(data) for path, data in tree.items() if data is not None}

    def proved(self, path: str, size: int) -> bool:
        """Say whether a file has exactly the large content of that size."""
        return bool(self._people.tree().get(path) == Bulk.of(size))

    def calls(self) -> list[str]:
        """Return the requests since this was last asked."""
        with self._emulator.lock:
            found = list(self._emulator.calls)
            self._emulator.calls.clear()
        return found


def main() -> None:
    name, certificate = sys.argv[1:]
    kind = KINDS[name]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with contextlib.ExitStack() as stack:
        emulator, plain = stack.enter_context(kind.serve())
        tls = ""
        if isinstance(emulator, Emulator):
            tls = stack.enter_context(Server(emulator, context=context)).url
        hands = _Hands(name, emulator)
        told = {
            "plain": plain,
            "tls": tls,
            "token": emulator.token,
            "settings": dict(kind.settings(emulator)),
        }
        print(json.dumps(told), flush=True)
        for line in sys.stdin:
            what, *arguments = json.loads(line)
            print(json.dumps(getattr(hands, what)(*arguments)), flush=True)


if __name__ == "__main__":
    main()
