"""The account commands, a cloud to sign in to, and a person with a browser."""

import logging
import os
import re
import ssl
import threading
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from syncoxiders.adapters.accounts import Accounts
from syncoxiders.adapters.accounts.secret import Secret
from syncoxiders.ports.accounts import Account
from tests.accounts.browser import Visit, visit
from tests.accounts.cloud import Cloud
from tests.cli.conftest import Said, Shell
from tests.cli.conftest import shell as shell  # noqa: PLC0414 -- a fixture, for pytest to find
from tests.emulators.serving import Emulator, Server

NOT_OURS = re.compile(
    r"(SSL_CERT|REQUESTS_CA|CURL_CA|AWS|RCLONE|SYNCOXIDERS)_.*|.*_proxy", re.IGNORECASE
)
"""Variables that would send requests elsewhere, or answer for the person."""


class Person:
    """Who is asked in the browser, and allows it, denies it, or does nothing (``choice``).

    ``opened`` are the addresses that came up, ``saw`` what they led to.
    """

    def __init__(self, cafile: Path) -> None:
        self.choice = "allow"
        self._cafile = str(cafile)
        self.opened: list[str] = []
        self.saw: list[Visit] = []
        self.meddle: Callable[[str], str] = lambda url: url
        self._threads: list[threading.Thread] = []

    def open(self, url: str) -> bool:
        self.opened.append(url)
        thread = threading.Thread(target=self._visit, args=(url,))
        thread.start()
        self._threads.append(thread)
        return True

    def _visit(self, url: str) -> None:
        if self.choice:
            self.saw.append(visit(self.meddle(url), self.choice, self._cafile))

    def done(self) -> Visit:
        for thread in self._threads:
            thread.join(20)
        return self.saw[-1]


class Commands:
    """``syncoxiders account …``; what it says has never a secret in it.

    ``cloud`` is at ``url``, and under TLS while :meth:`tls` is open.
    """

    def __init__(self, shell: Shell, log: pytest.LogCaptureFixture) -> None:
        self.cloud = Cloud()
        self.url = ""
        self.cafile = shell.folder / "ca.pem"
        self._shell = shell
        self._log = log
        self._authority = trustme.CA()
        self._authority.cert_pem.write_to_path(str(self.cafile))
        self.folder = shell.config.parent
        self.heard = ""
        self.secrets: set[str] = set()

    def __call__(self, *args: str | Path, stdin: str | None = None) -> Said:
        said = self._shell.typed(stdin, "account", *args)
        self.heard += said.out + said.err + self._log.text
        for secret in self.cloud.secrets | self.secrets:
            assert secret not in self.heard
        return said

    def tls(self, cloud: Emulator | None = None, *, authority: trustme.CA | None = None) -> Server:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        (authority or self._authority).issue_cert("127.0.0.1").configure_cert(context)
        return Server(cloud or self.cloud, context=context)

    @property
    def accounts(self) -> Accounts:
        return Accounts(self.folder)

    def connect(self, name: str, kind: str, url: str = "", scopes: str = "") -> dict[str, Any]:
        """Have an account as if a person had signed in; its access token has ended."""
        tokens = self.cloud.issue(scopes)
        secret = Secret(
            client_secret=self.cloud.oauth.clients["client"],
            refresh=tokens["refresh_token"],
            access=tokens["access_token"],
        )
        settings = {"url": url or self.url, "ca": str(self.cafile)}
        account = Account(name, kind, "client", "ann@example.org", settings)
        self.accounts.add(account, secret)
        return tokens

    def files(self) -> dict[str, str]:
        """Return all that is kept, secrets left out."""
        return {
            path.name: path.read_text()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.parent.name != "secrets"
        }


@pytest.fixture
def commands(
    shell: Shell, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Commands]:
    caplog.set_level(logging.DEBUG)
    for name in list(os.environ):
        if NOT_OURS.fullmatch(name):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SYNCOXIDERS_VAULT", "file")
    commands = Commands(shell, caplog)
    with Server(commands.cloud) as server:
        commands.url = server.url
        yield commands


@pytest.fixture
def person(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> Person:
    person = Person(commands.cafile)
    monkeypatch.setenv("BROWSER", "a-browser")
    monkeypatch.setattr(webbrowser, "open", person.open)
    return person


def address(text: str) -> str:
    """Return the address that a person is asked to open."""
    found = re.search(r"^  (https?://\S+)$", text, re.MULTILINE)
    assert found is not None
    return found[1]
