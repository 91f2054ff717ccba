"""Where secrets are kept: the system's keyring where there is one, else a file of one's own.

``SYNCOXIDERS_VAULT`` may say ``keyring`` or ``file`` for accounts that are added.
"""

import os
from pathlib import Path

from syncoxiders.ports.accounts import Vault
from syncoxiders.ports.errors import AccountError

CHOICE = "SYNCOXIDERS_VAULT"
"""The environment variable that chooses."""

KINDS = ("keyring", "file")


def choose() -> str:
    """Return the kind of vault for a new account. Raises AccountError for a wrong choice."""
    chosen = os.environ.get(CHOICE, "")
    if chosen and chosen not in KINDS:
        raise AccountError(f"{CHOICE} is neither {' nor '.join(KINDS)}")
    if chosen:
        return chosen
    from syncoxiders.adapters.vault.keyring import backend  # noqa: PLC0415 -- only when needed

    return "file" if backend() is None else "keyring"


def opened(kind: str, folder: Path) -> Vault:
    """Return the vault of a kind; ``folder`` is where the file one has its files.

    Raises AccountError where there is none.
    """
    if kind == "file":
        from syncoxiders.adapters.vault.file import FileVault  # noqa: PLC0415 -- only when needed

        return FileVault(folder)
    if kind == "keyring":
        from syncoxiders.adapters.vault.keyring import KeyringVault  # noqa: PLC0415 -- only when needed

        return KeyringVault()
    raise AccountError(f"there is no vault {kind!r}; there are {' and '.join(KINDS)}")


def described(kind: str, folder: Path) -> str:
    """Return for a person where a kind of vault keeps secrets."""
    if kind != "keyring":
        return f"files in {folder}"
    from syncoxiders.adapters.vault.keyring import backend, title  # noqa: PLC0415 -- if needed

    try:
        found = backend()
    except AccountError:
        found = None
    return f"the system's keyring ({title(found) if found is not None else 'not reachable here'})"
