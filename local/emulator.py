"""A local AWS: ministack in an environment of its own, on a free port of this machine only.

``make env`` sets the environment up from ``requirements-ministack.lock``. Everything is kept per
account, and an access key of twelve digits is an account: whoever takes a new one starts empty.
"""

import itertools
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.places import BUILT_LOCAL, ROOT

HOME = ROOT / ".venv-ministack"
PYTHON = HOME / "bin" / "python"
COMMAND: Sequence[str] = (str(PYTHON), "-P", str(Path(__file__).with_name("launch.py")))
REGION = "us-east-1"
SECONDS = 60.0
"""So long it may take to start; on an idle machine it is less than one."""

LAYERS = BUILT_LOCAL / "layers"
"""Where layers are unpacked, for all emulators of this source tree."""

_UNUSED = 86_400.0
"""Seconds after which a layer that no function was started with is removed."""

_FIRST_ACCOUNT = 100_000_000_001
_HERE_ONLY = {"BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
_PASSED_ON = ("PATH", "HOME", "LANG")


class Ministack:
    """A running emulator. Leaving the context ends the process that was started, and no other.

    ``command`` starts another launcher instead; ``settings`` are further environment variables.
    """

    def __init__(
        self,
        folder: Path,
        *,
        command: Sequence[str] = COMMAND,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        if not PYTHON.exists():
            raise FileNotFoundError(f"{PYTHON} is missing: run make env")
        self._folder = folder
        self._log = folder / "ministack.log"
        self._command = command
        # What it writes for a while (functions unpacked, a certificate) goes with the folder.
        # Layers are kept beside: they take long to be unpacked, and to be removed.
        self._settings = {"TMPDIR": str(folder), "LAYERS_KEPT": str(LAYERS), **(settings or {})}
        _tidy(LAYERS)
        self._scheme = "https" if self._settings.get("USE_SSL") == "1" else "http"
        self._accounts = itertools.count(_FIRST_ACCOUNT)
        self._process, self.port = self._start()

    @property
    def url(self) -> str:
        """Where all services answer."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> Path | None:
        """Its own certificate, where it speaks TLS."""
        return self._folder / "ministack-tls" / "server.crt" if self._scheme == "https" else None

    @property
    def pid(self) -> int:
        """Its process, whose children are the functions'."""
        return self._process.pid

    def account(self) -> str:
        """Return the id of an account that nobody has used yet; it is its access key, too."""
        return str(next(self._accounts))

    def environment(self, account: str = "000000000000") -> dict[str, str]:
        """Return the variables by which an AWS SDK or tool finds its way here."""
        trusted = self.certificate
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        } | (
            {"AWS_CA_BUNDLE": str(trusted), "NODE_EXTRA_CA_CERTS": str(trusted)} if trusted else {}
        )

    def stop(self) -> None:
        """End the process and wait until it is gone. May be called twice."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _start(self) -> tuple[subprocess.Popen[bytes], int]:
        """Start it on a free port; somebody may take the port between, so try more than one."""
        for _ in range(5):
            port = _free_port()
            process = self._launch(port)
            if self._answers(process, port):
                return process, port
        raise RuntimeError(f"ministack does not start:\n{self._log.read_text(errors='replace')}")

    def _launch(self, port: int) -> subprocess.Popen[bytes]:
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._command,
                env={**passed_on, **_HERE_ONLY, "GATEWAY_PORT": str(port), **self._settings},
                cwd=self._log.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _answers(self, process: subprocess.Popen[bytes], port: int) -> bool:
        """Wait for the first answer; False if the process ended instead."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if self._scheme == "https":  # its certificate is its own: that it listens will do
                    socket.create_connection(("127.0.0.1", port), 5).close()
                else:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/ready", timeout=5)
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
            else:
                return process.poll() is None
        process.kill()
        process.wait()
        return False


def _tidy(layers: Path) -> None:
    """Remove the layers that have not been used for long."""
    layers.mkdir(parents=True, exist_ok=True)
    for layer in layers.iterdir():
        with suppress(FileNotFoundError):  # somebody else does just that
            if time.time() - layer.stat().st_mtime > _UNUSED:
                shutil.rmtree(layer, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
