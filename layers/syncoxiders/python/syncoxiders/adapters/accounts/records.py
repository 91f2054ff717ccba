"""The records of accounts: a file that a person can read, with nothing secret in it."""

import contextlib
import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from syncoxiders.adapters import private
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import AccountError

_SCHEMA = "syncoxiders.accounts/1"
_FILE = "accounts.json"
_PATIENCE = 10.0
_LENGTH = 64
"""So many bytes of UTF-8: files are called by the names."""
_NAME = re.compile(r"[\w.+@][\w.+@ -]*[\w.+@-]|[\w+@]")


class Record(msgspec.Struct, frozen=True):
    """An account, and the kind of vault that has its secrets: ``""`` where it has none yet."""

    account: Account
    vault: str = ""


class _Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    kind: Literal["drive", "dropbox", "onedrive", "s3"]
    client: str = ""
    identity: str = ""
    settings: dict[str, str] = {}
    vault: Literal["", "keyring", "file"] = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: str
    accounts: dict[str, _Stored]


def check_name(name: str) -> None:
    """Make sure that a name can stand before the colon of an endpoint. Raises AccountError.

    It is what rclone takes for a remote (https://rclone.org/docs/#valid-remote-names), and short.
    """
    short = len(name.encode(errors="surrogateescape")) <= _LENGTH
    if not short or not _NAME.fullmatch(name) or name in {".", ".."}:
        raise AccountError(
            f"{name!r} cannot name an account: use up to {_LENGTH} letters, digits and _ - . + @, "
            "with no minus sign or space in front"
        )


def reconnect(account: Account) -> str:
    """Return what to do about an account that has no tokens that work."""
    return f"connect it again{by(account.kind, account.name)}"


def by(kind: str, name: str, more: str = "") -> str:
    """Return by which command an account is connected again; a deployment knows of none."""
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        return ""
    return f" by syncoxiders account add {kind} {shlex.quote(name)} --reconnect{more}"


class Records:
    """The records in a folder. Errors are AccountError, and then the file is as it was.

    The file is read anew each time, for another command may have changed it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._lock = folder / "accounts.lock"

    def all(self) -> dict[str, Record]:
        """Return the records by name, in the order in which they were added."""
        return {
            name: Record(
                Account(name, each.kind, each.client, each.identity, each.settings), each.vault
            )
            for name, each in self._read().items()
        }

    @contextlib.contextmanager
    def changing(self) -> Iterator[dict[str, Record]]:
        """Yield the records to be changed, and write them at the end unless something fails.

        No other command changes them meanwhile.
        """
        with private.locked(self._lock, patience=_PATIENCE):
            before = self.all()
            records = dict(before)
            yield records
            if records != before:
                self._write(records)

    def _read(self) -> dict[str, _Stored]:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise AccountError(f"{self._path} cannot be read: {error.strerror}") from error
        advice = "correct it, or put it aside and add the accounts again; nothing was changed"
        try:
            content: Any = json.loads(data)
        except ValueError as error:
            raise AccountError(f"{self._path} is not JSON ({error}); {advice}") from error
        schema = content.get("schema") if isinstance(content, dict) else None
        if schema != _SCHEMA:
            raise AccountError(
                f"{self._path} is not ours, or of another version of SyncOxiders "
                f"(its schema is not {_SCHEMA!r}); nothing was changed"
            )
        try:
            found = msgspec.convert(content, _File).accounts
            for name in found:
                check_name(name)
        except (msgspec.ValidationError, AccountError) as error:
            raise AccountError(f"{self._path} is damaged ({error}); {advice}") from error
        return found

    def _write(self, records: dict[str, Record]) -> None:
        stored = {
            name: {
                "kind": each.account.kind,
                "client": each.account.client,
                "identity": each.account.identity,
                "settings": dict(each.account.settings),
                "vault": each.vault,
            }
            for name, each in records.items()
        }
        content = msgspec.to_builtins(
            msgspec.convert({"schema": _SCHEMA, "accounts": stored}, _File)
        )
        try:
            data = json.dumps(content, indent=2, ensure_ascii=False).encode()
        except UnicodeEncodeError:  # a path that is no UTF-8
            data = json.dumps(content, indent=2).encode()
        try:
            private.replace(self._path, data + b"\n")
        except OSError as error:
            raise AccountError(f"{self._path} cannot be written: {error.strerror}") from error
