"""Emulated clouds that are known to us and to rclone, and the commands run against them.

rclone knows its vendors' hosts only, so that it goes through a proxy and TLS. We can do without
either; what is measured under TLS does without the proxy alone, which costs next to nothing.
"""

import contextlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import trustme

from syncoxiders.adapters.accounts import Accounts
from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.adapters.vault import CHOICE
from syncoxiders.ports.accounts import Account
from tests.benchmarks.cloud import Cloud, served
from tests.benchmarks.measure import Took, launched
from tests.benchmarks.tools import OURS, PEERS
from tests.emulators.clouds import KINDS
from tests.emulators.rclone import HOSTS
from tests.emulators.relay import relay
from tests.emulators.s3 import ACCESS_KEY, SECRET_KEY

CLOUDS = ("drive", "dropbox")
_WORDS = {"drive": "google", "dropbox": "dropbox", "onedrive": "microsoft"}
_KEYS = {"access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY}


@dataclass
class Stage:
    """What was set up. ``home`` is that of both tools."""

    home: Path
    clouds: dict[str, Cloud]
    proxy: int

    def ours(self, *arguments: str) -> Took:
        """Run our command."""
        return self._run([OURS.program, *arguments])

    def rclone(self, *arguments: str) -> Took:
        """Run rclone."""
        return self._run([PEERS["rclone"].program, *arguments])

    def _run(self, command: Sequence[str]) -> Took:
        certificate = str(self.home / "authority.pem")
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            CHOICE: "file",
            "HTTPS_PROXY": f"http://127.0.0.1:{self.proxy}",
            "NO_PROXY": "127.0.0.1",
            "SSL_CERT_FILE": certificate,
            "REQUESTS_CA_BUNDLE": certificate,
        }
        return launched(command, environment, self.home)


@contextlib.contextmanager
def stage(folder: Path, names: Sequence[str] = CLOUDS) -> Iterator[Stage]:
    """Serve clouds, and connect them: as accounts ``NAME`` and ``NAME-tls``, and as remotes."""
    home = folder / "home"
    home.mkdir(parents=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(home / "authority.pem"))
    certificate = home / "certificate.pem"
    authority.issue_cert(*HOSTS, "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        str(certificate)
    )
    with contextlib.ExitStack() as stack:
        clouds = {name: stack.enter_context(served(name, certificate)) for name in names}
        ports = {
            host: cloud.port
            for name, cloud in clouds.items()
            for host in HOSTS
            if cloud.tls and _WORDS[KINDS[name].kind] in host
        }
        made = Stage(home, clouds, stack.enter_context(relay(ports.get)))
        for cloud in clouds.values():
            _connect(home, cloud)
        yield made


def _connect(home: Path, cloud: Cloud) -> None:
    kind = KINDS[cloud.name].kind
    accounts = Accounts(home / ".config" / "syncoxiders")
    secret = Secret(access=cloud.token, expires=time.time() + 86_400)
    client = "client"
    if kind == "s3":
        secret, client = Secret(keys=_KEYS), ""
    before = os.environ.get(CHOICE)
    os.environ[CHOICE] = "file"  # nothing of this is for the keyring of whoever measures
    try:
        for suffix, url in (("", cloud.plain), ("-tls", cloud.tls)):
            if not url:
                continue
            settings = {**cloud.settings, "url": url}
            accounts.add(
                Account(cloud.name + suffix, kind, client=client, settings=settings), secret
            )
    finally:
        if before is None:
            del os.environ[CHOICE]
        else:
            os.environ[CHOICE] = before
    token = {
        "access_token": cloud.token,
        "token_type": "Bearer",
        "refresh_token": "unused",
        "expiry": "2099-01-01T00:00:00Z",
    }
    remote = {"type": kind, "token": json.dumps(token), **cloud.settings}
    if kind == "drive":
        remote["scope"] = "drive"
    if kind == "s3":
        remote = {"type": kind, "provider": "Other", "endpoint": cloud.plain, **_KEYS}
    configuration = home / ".config" / "rclone" / "rclone.conf"
    configuration.parent.mkdir(parents=True, exist_ok=True)
    with configuration.open("a") as file:
        file.write(f"[{cloud.name}]\n")
        file.writelines(f"{key} = {value}\n" for key, value in remote.items())
