"""A deployment that answers what a test wants, and the commands of who is logged in to it."""

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from syncoxiders.cli.deployments import Deployments
from tests.api.conftest import TOKEN, Deployment

if TYPE_CHECKING:  # which imports this module
    from tests.cli.conftest import Said, Shell

OTHER = "t0ken-of-another-login"
SECRETS = (TOKEN, OTHER, "d3vice", "t1cket")

WHO = {
    "user": {"id": "me", "email": "ann@example.org", "admin": True},
    "expires_at": "2027-01-01T00:00:00Z",
}


class Cloud:
    """``syncoxiders cloud`` of somebody who is logged in to a deployment."""

    def __init__(self, shell: "Shell", there: Deployment) -> None:
        self.there = there
        self.shell = shell
        self.known = Deployments(shell.config.parent)

    def login(self) -> None:
        self.known.put("default", self.there.url, "ann@example.org", TOKEN)

    def __call__(self, *args: str | Path, code: int = 0, stdin: str | None = None) -> "Said":
        said = self.shell.typed(stdin, "cloud", *args)
        assert said.code == code, said
        for secret in SECRETS:
            assert secret not in said.out + said.err
        return said

    def sent(self, number: int = -1) -> Any:
        """Return the body of a request that was sent."""
        return self.there.requests[number].json()


def account(name: str = "work", **more: Any) -> dict[str, Any]:
    """Return an account as it is answered."""
    return {
        "name": name,
        "kind": "drive",
        "title": "Google Drive",
        "identity": "ann@example.org",
        "health": "good",
        "reason": "",
        "syncs": [],
        "looked_at": "2026-11-25T12:00:00Z",
        **more,
    }


def sync(name: str = "photos", **more: Any) -> dict[str, Any]:
    """Return a sync as it is answered."""
    endpoints = [
        {"id": id_, "account": each, "path": path, "kind": "drive", "title": "", "state": "good"}
        for id_, each, path in (("a", "work", "Photos"), ("b", "home", ""))
    ]
    return {
        "name": name,
        "endpoints": endpoints,
        "rule": {},
        "state": "in-step",
        "reason": "",
        "paused": False,
        "problems": [],
        "revision": "r1",
        **more,
    }


def desktop(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have a desktop; return what its browser opens."""
    opened: list[str] = []

    def open_(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(webbrowser, "open", open_)
    return opened
