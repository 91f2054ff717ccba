"""The accounts of this machine: their records, and what their secrets are good for.

:func:`load`, :func:`tokens` and :func:`keys` are what a provider is made from. Nothing heavy is
imported before it is needed: no keyring, no HTTP client, no vendor's SDK.
"""

import contextlib
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from syncoxiders.adapters import private, vault
from syncoxiders.adapters.accounts.records import Record, Records, check_name, reconnect
from syncoxiders.adapters.accounts.secret import Secret, Secrets
from syncoxiders.ports.accounts import Account, Tokens
from syncoxiders.ports.errors import AccountError

_REFRESH = 120.0
"""So many seconds a refresh by another process is waited for: its requests have time limits."""


def load(name: str) -> Account:
    """Return the account of this name. Raises AccountError where there is none."""
    return Accounts().record(name).account


def tokens(account: Account) -> Tokens:
    """Return the access tokens of an account with OAuth. Raises AccountError."""
    return Accounts().tokens(account)


def keys(account: Account) -> Mapping[str, str]:
    """Return the keys of an S3 account. Raises AccountError.

    They are ``access_key_id``, ``secret_access_key`` and perhaps ``session_token``; none of them
    where the account leaves it to AWS's own settings (a profile, the environment, a role).
    """
    secret = Accounts().secret(account.name)
    return dict(secret.keys) if secret is not None else {}


class Accounts:
    """The accounts that have their records in a folder: the user's own, unless one is given.

    Errors are AccountError.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder if folder is not None else _usual()
        self._records = Records(self.folder)

    def all(self) -> dict[str, Record]:
        """Return the records by name."""
        return self._records.all()

    def record(self, name: str) -> Record:
        """Return the record of an account."""
        records = self._records.all()
        if name not in records:
            there = ", ".join(records) or "none"
            raise AccountError(
                f"there is no account called {name!r} (there are: {there}); "
                "add it by syncoxiders account add"
            )
        return records[name]

    def check_free(self, name: str) -> None:
        """Make sure that an account of this name can be added."""
        check_name(name)
        _check_free(self._records.all(), name)

    def add(self, account: Account, secret: Secret | None, *, again: bool = False) -> Record:
        """Keep an account and its secret, if it has one; ``again`` replaces one that is there.

        An account that is there already goes on to keep its secret where that is. Whoever is
        refreshing the old one ends first, or else that would come back.
        """
        check_name(account.name)
        put: Secrets | None = None
        try:
            with self._refreshing(account.name), self._records.changing() as records:
                if not again:
                    _check_free(records, account.name)
                before = records.get(account.name)
                kind = ""
                if secret is not None:
                    kind = _vault_for(before.vault if before is not None else "")
                    put = self._secrets(account.name, kind)
                    put.put(secret)
                record = records[account.name] = Record(account, kind)
        except BaseException:
            if put is not None and not again:
                with contextlib.suppress(AccountError):
                    put.delete()
            raise
        if before is not None and before.vault not in {"", kind}:
            with contextlib.suppress(AccountError):  # it may have been left for being out of reach
                self._secrets(account.name, before.vault).delete()
        return record

    def update(self, account: Account) -> None:
        """Keep what has become known of an account that is there."""
        with self._records.changing() as records:
            if account.name in records:
                records[account.name] = Record(account, records[account.name].vault)

    def check_vault(self, before: str = "") -> None:
        """Make sure that there is a vault for secrets, before a person signs in.

        ``before`` is the kind of vault that has them now.
        """
        vault.opened(_vault_for(before), self.folder / "secrets").get("")

    def remove(self, name: str, *, force: bool = False) -> None:
        """Forget an account and its secrets; with ``force`` also if those are out of reach."""
        with self._refreshing(name), self._records.changing() as records:
            record = records.pop(name, None)
            if record is None or not record.vault:
                return
            try:
                self._secrets(name, record.vault).delete()
            except AccountError:
                if not force:
                    raise

    def secret(self, name: str) -> Secret | None:
        """Return the secret of an account, None where it has none."""
        record = self.record(name)
        return self._secrets(name, record.vault).get() if record.vault else None

    def where(self, record: Record) -> str:
        """Return for a person where an account's secrets are."""
        return vault.described(record.vault, self.folder / "secrets") if record.vault else ""

    def tokens(self, account: Account) -> Tokens:
        """Return the access tokens of an account with OAuth."""
        from syncoxiders.adapters import oauth  # noqa: PLC0415 -- brings an HTTP client
        from syncoxiders.adapters.oauth.tokens import SharedTokens  # noqa: PLC0415 -- brings an HTTP client

        record = self.record(account.name)
        if not record.vault:
            raise AccountError(
                f"the account {account.name} is not connected yet: {reconnect(account)}"
            )
        return SharedTokens(
            account,
            oauth.vendor(account),
            self._secrets(account.name, record.vault),
            lambda: self._refreshing(account.name),
        )

    def _refreshing(self, name: str) -> AbstractContextManager[None]:
        return private.locked(self.folder / "locks" / f"{name}.lock", patience=_REFRESH)

    def _secrets(self, name: str, kind: str) -> Secrets:
        return Secrets(vault.opened(kind, self.folder / "secrets"), name)


def _vault_for(kind: str) -> str:
    """Return the kind of vault for a secret that is kept in this kind so far, ``""`` if new."""
    return kind if kind and vault.CHOICE not in os.environ else vault.choose()


def _check_free(records: Mapping[str, Record], name: str) -> None:
    for each in records:
        if each.casefold() == name.casefold():
            raise AccountError(
                f"there is an account called {each!r} already; choose another name, or "
                f"sign in to it anew with --reconnect"
            )


def _usual() -> Path:
    import platformdirs  # noqa: PLC0415 -- two local folders do not need it

    return Path(platformdirs.user_config_dir("syncoxiders"))
