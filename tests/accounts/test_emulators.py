"""Accounts at the emulators that the connectors and the real rclone use."""

import importlib
from typing import Any

import pytest

from syncoxiders.adapters import accounts
from tests.accounts.conftest import Commands, Person


@pytest.mark.parametrize("kind", ["drive", "dropbox", "onedrive"])
def test_from_first_to_last(
    commands: Commands, person: Person, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """An account is added, refreshed, checked and removed, all at the vendor's own paths."""
    cloud: Any = importlib.import_module(f"tests.emulators.{kind}").create()
    client = "public" if kind == "onedrive" else "client"
    monkeypatch.setenv(f"SYNCOXIDERS_{kind.upper()}_CLIENT_SECRET", cloud.oauth.clients[client])
    with commands.tls(cloud) as server:
        said = commands(
            *("add", kind, "work", f"--client-id={client}", f"--url={server.url}", "--port=0"),
            f"--ca-file={commands.cafile}",
        )
        assert said.code == 0, said.err
        person.done()
        secret = commands.accounts.secret("work")
        assert secret is not None
        commands.secrets |= {secret.refresh, secret.access}
        tokens = accounts.tokens(accounts.load("work"))
        assert tokens.access() == secret.access
        cloud.oauth.expire()
        tokens.refused(secret.access)
        assert tokens.access() != secret.access
        said = commands("check")
        assert said.code == 0, said.err
        assert "lets us in as" in said.out

        refresh = getattr(commands.accounts.secret("work"), "refresh", "")
        said = commands("remove", "work")
        assert said.code == 0
        assert "could not be ended" not in said.err
        assert commands.accounts.all() == {}
        assert cloud.oauth._refresh[refresh].alive == (kind == "onedrive")
