"""The real rclone against an emulator: an independent client of the vendors' protocols.

rclone's drivers speak TLS to their vendors' hosts. ``HTTPS_PROXY`` sends them to a proxy here that
hands every CONNECT to one TLS server on loopback, whose certificate names these hosts.
"""

import json
import os
import ssl
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import trustme

from tests.emulators.relay import relay
from tests.emulators.serving import Emulator, Server

HOSTS = (
    "www.googleapis.com",
    "oauth2.googleapis.com",
    "drive.google.com",
    "docs.google.com",
    "api.dropboxapi.com",
    "content.dropboxapi.com",
    "notify.dropboxapi.com",
    "graph.microsoft.com",
    "login.microsoftonline.com",
)
BINARY = Path(sysconfig.get_path("scripts"), "rclone")


class RcloneError(Exception):
    """rclone ended with another exit code than 0."""


class Rclone:
    """rclone with one remote, ``r:``, at an emulator.

    Everything it writes for itself is below ``home``. ``fast`` are flags that leave out waiting.
    """

    fast = ("--low-level-retries=2", "--retries=1", "--timeout=20s", "--contimeout=5s")

    def __init__(
        self, home: Path, proxy: int, certificate: Path, remote: Mapping[str, str]
    ) -> None:
        self._home = home
        lines = ["[r]", *(f"{key} = {value}" for key, value in remote.items())]
        (home / "rclone.conf").write_text("\n".join(lines) + "\n")
        self._environment = {
            "PATH": os.defpath,
            "HOME": str(home),
            "RCLONE_CONFIG": str(home / "rclone.conf"),
            "RCLONE_CACHE_DIR": str(home / "cache"),
            "HTTPS_PROXY": f"http://127.0.0.1:{proxy}",
            "SSL_CERT_FILE": str(certificate),
        }

    def __call__(self, *arguments: str | Path, check: bool = True, stdin: bytes = b"") -> str:
        """Run a command and return what it printed; raises RcloneError with its complaint."""
        done = subprocess.run(
            [str(BINARY), *map(str, arguments), *self.fast],
            env=self._environment,
            input=stdin,
            capture_output=True,
            timeout=300,
            check=False,
        )
        if check and done.returncode:
            raise RcloneError(f"rclone {arguments[0]}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode(errors="surrogateescape")

    def start(self, *arguments: str | Path) -> "subprocess.Popen[bytes]":
        """Start a command that goes on until it is ended."""
        return subprocess.Popen(
            [str(BINARY), *map(str, arguments), *self.fast],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def listing(self, path: str = "r:") -> dict[str, dict[str, Any]]:
        """Return ``lsjson -R --hash`` by path."""
        found = json.loads(self("lsjson", "-R", "--hash", path))
        return {each["Path"]: each for each in found}


@contextmanager
def rclone(emulator: Emulator, home: Path, remote: Mapping[str, str]) -> Iterator[Rclone]:
    """Yield rclone with a remote of these settings, served by an emulator under TLS."""
    authority = trustme.CA()
    certificate = home / "ca.pem"
    authority.cert_pem.write_to_path(str(certificate))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*HOSTS).configure_cert(context)
    with Server(emulator, context=context) as server, relay(lambda _: server.port) as port:
        yield Rclone(home, port, certificate, remote)
