"""Which deployments this machine has a login of: where they are, and the tokens of the logins.

The file ``deployments.json`` beside the accounts' says where they are, with nothing secret in it;
the tokens are in the vault that accounts have theirs in.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import msgspec

from syncoxiders.adapters import private, vault
from syncoxiders.api.addresses import checked
from syncoxiders.api.errors import AddressError
from syncoxiders.cli.exits import Usage
from syncoxiders.cli.text import listed, shown
from syncoxiders.ports.accounts import Vault
from syncoxiders.ports.errors import AccountError

DEFAULT = "default"
"""What a deployment is called unless somebody says otherwise."""

_FILE = "deployments.json"
_PATIENCE = 10.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SECRET = "cloud:"  # noqa: S105 -- what a secret's name begins with, as no account's does


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A deployment; ``vault`` is the kind of vault that has the token, ``""`` if there is none."""

    url: str
    user: str = ""
    vault: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: Literal["syncoxiders.deployments/1"]
    deployments: dict[str, Known]


class Deployments:
    """The deployments that have their records in a folder: the user's own, unless one is given.

    Raises AccountError where a file or a vault cannot be used.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder if folder is not None else _usual()
        self._path = self._folder / _FILE

    def all(self) -> dict[str, Known]:
        """Return them by name."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise AccountError(f"{self._path} cannot be read: {error.strerror}") from error
        try:
            found = msgspec.json.decode(data, type=_File)
            for each in found.deployments.values():
                checked(each.url)
        except (msgspec.MsgspecError, AddressError) as error:
            raise AccountError(
                f"{self._path} is not ours, or damaged ({error}); put it aside, and log in again"
            ) from error
        return found.deployments

    def named(self, name: str) -> tuple[str, Known]:
        """Return the one that is meant, with its name; ``""`` means the usual one. Raises Usage."""
        known = self.all()
        if name in known:
            return name, known[name]
        there = listed([shown(each) for each in known])
        if name:
            raise Usage(
                f"no deployment is called {shown(name)!r} here (there are: {there or 'none'}); "
                f"log in by syncoxiders cloud login URL --deployment {shown(name)}"
            )
        if DEFAULT in known or len(known) == 1:
            only = DEFAULT if DEFAULT in known else next(iter(known))
            return only, known[only]
        if known:
            raise Usage(f"say which deployment is meant, by --deployment: {there}")
        raise Usage("you are not logged in to a deployment: syncoxiders cloud login URL")

    def token(self, name: str, known: Known) -> str:
        """Return the token of a login, ``""`` if there is none."""
        return (self._vault(known.vault).get(_SECRET + name) or "") if known.vault else ""

    def check(self, before: Known | None) -> None:
        """Make sure that there is a vault for a token, before a person logs in."""
        self._vault(_kind(before)).get("")

    def put(self, name: str, url: str, user: str, token: str) -> str:
        """Keep a login in place of the one that there was; return for a person where it is."""
        with self._changing() as known:
            before = known.get(name)
            kind = _kind(before)
            self._vault(kind).put(_SECRET + name, token)
            known[name] = Known(url, user, kind)
        if before is not None and before.vault not in {"", kind}:
            with suppress(AccountError):  # it may have been left for being out of reach
                self._vault(before.vault).delete(_SECRET + name)
        return vault.described(kind, self._folder / "secrets")

    def forget(self, name: str) -> None:
        """Forget a deployment and its token."""
        with self._changing() as known:
            found = known.pop(name, None)
            if found is not None and found.vault:
                self._vault(found.vault).delete(_SECRET + name)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Known]]:
        with private.locked(self._folder / "deployments.lock", patience=_PATIENCE):
            known = self.all()
            yield known
            content = msgspec.to_builtins(_File("syncoxiders.deployments/1", known))
            try:
                private.replace(self._path, json.dumps(content, indent=2).encode() + b"\n")
            except OSError as error:
                raise AccountError(f"{self._path} cannot be written: {error.strerror}") from error

    def _vault(self, kind: str) -> Vault:
        return vault.opened(kind, self._folder / "secrets")


def check_name(name: str) -> None:
    """Make sure that a deployment can be called so. Raises Usage."""
    if not _NAME.fullmatch(name):
        raise Usage(
            f"{shown(name)!r} cannot name a deployment: use up to 64 letters, digits and . _ -, "
            "with a letter or digit in front"
        )


def _kind(before: Known | None) -> str:
    """Return the kind of vault for a token: that which has the one before, unless chosen anew."""
    had = before.vault if before is not None else ""
    return had if had and vault.CHOICE not in os.environ else vault.choose()


def _usual() -> Path:
    import platformdirs  # noqa: PLC0415 -- as elsewhere

    return Path(platformdirs.user_config_dir("syncoxiders"))
