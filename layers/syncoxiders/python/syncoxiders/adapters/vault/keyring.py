"""A vault in the system's keyring: Secret Service, KWallet, macOS Keychain, and more."""

from typing import Any

from syncoxiders.adapters.vault import CHOICE
from syncoxiders.ports.errors import AccountError

SERVICE = "syncoxiders"
"""Under which service the secrets are found in the keyring's own tools."""

_UNREAL = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt.")
"""Where backends come from that keep nothing, or keep it in the open.

keyrings.alt says of itself that its backends may be insecure (https://github.com/jaraco/keyrings.alt).
"""


def backend() -> Any | None:
    """Return the keyring that the person's system or settings choose, None if it is no real one."""
    import keyring  # noqa: PLC0415 -- only when a secret is needed
    from keyring.backends.chainer import ChainerBackend  # noqa: PLC0415 -- only when a secret is needed

    try:
        found = keyring.get_keyring()
        candidates = found.backends if isinstance(found, ChainerBackend) else [found]
    except Exception as error:
        raise AccountError(
            f"the system's keyring cannot be used ({type(error).__name__}); "
            f"{CHOICE}=file keeps secrets in files"
        ) from error
    real = [each for each in candidates if not type(each).__module__.startswith(_UNREAL)]
    return real[0] if real else None


def title(found: Any) -> str:
    """Return a backend's name for a person."""
    return str(getattr(found, "name", type(found).__module__.rpartition(".")[2]))


class KeyringVault:
    """Secrets of the service ``syncoxiders`` in the keyring, by name. Errors are AccountError."""

    def __init__(self) -> None:
        found = backend()
        if found is None:
            raise AccountError(
                "the system's keyring is not reachable here: run this in the session in which the "
                f"account was added, or add it again with {CHOICE}=file"
            )
        self._backend = found

    def get(self, name: str) -> str | None:
        """Return a secret, None where there is none."""
        try:
            found = self._backend.get_password(SERVICE, name)
        except Exception as error:
            raise _failed("read", error) from error
        return None if found is None else str(found)

    def put(self, name: str, secret: str) -> None:
        """Keep a secret in place of the one of this name."""
        try:
            self._backend.set_password(SERVICE, name, secret)
        except Exception as error:
            raise _failed("written", error) from error

    def delete(self, name: str) -> None:
        """Forget a secret; it need not be there."""
        if self.get(name) is None:
            return
        try:
            self._backend.delete_password(SERVICE, name)
        except Exception as error:
            raise _failed("changed", error) from error


def _failed(done: str, error: Exception) -> AccountError:
    """Return what is told; a backend's own text is left out, for it may hold anything."""
    return AccountError(
        f"the system's keyring cannot be {done} ({type(error).__name__}): unlock it and try "
        f"again, or add the account again with {CHOICE}=file"
    )
