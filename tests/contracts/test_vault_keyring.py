"""The keyring vault passes the contract over a backend, and takes only a real one."""

from collections.abc import Callable, Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.backends.fail import Keyring as Failing
from keyring.backends.null import Keyring as Null
from keyring.errors import KeyringLocked, PasswordDeleteError

from syncoxiders.adapters import vault as vaults
from syncoxiders.adapters.vault.keyring import SERVICE, KeyringVault, backend
from syncoxiders.ports.errors import AccountError
from tests.contracts.vault_contract import *  # noqa: F403 -- the suite is its names


class Ring(KeyringBackend):
    """A keyring as the desktop's are: deleting what is not there is an error."""

    priority = 5.0
    name = "A keyring"

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's own
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._check()
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("not there")

    def _check(self) -> None:
        if self.locked:
            raise KeyringLocked("locked: the-secret")


class Chain(ChainerBackend):
    backends: list[KeyringBackend] = []  # noqa: RUF012 -- as its base has it


class Plain(Ring):
    """Made to look as if it came from keyrings.alt."""


Plain.__module__ = "keyrings.alt.file"


@pytest.fixture(autouse=True)
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ring]:
    monkeypatch.delenv(vaults.CHOICE, raising=False)
    before = keyring.get_keyring()
    ring = Ring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


@pytest.fixture
def vault() -> KeyringVault:
    return KeyringVault()


class TestKeyring:
    def test_found_by_people(self, vault: KeyringVault, ring: Ring) -> None:
        """The secrets stand in the keyring under our name and the account's."""
        vault.put("work", "secret")
        assert ring.kept == {(SERVICE, "work"): "secret"}

    @pytest.mark.parametrize("unreal", [Failing, Null, Plain])
    def test_not_real(self, unreal: type[KeyringBackend]) -> None:
        """A backend that keeps nothing, or keeps it in the open, is none; files are chosen then."""
        keyring.set_keyring(unreal())
        assert backend() is None
        assert vaults.choose() == "file"
        with pytest.raises(AccountError, match="SYNCOXIDERS_VAULT=file"):
            KeyringVault()

    def test_one_of_several(self, ring: Ring) -> None:
        """Of several backends the first real one is taken."""
        chain = Chain()  # type: ignore[no-untyped-call]  # keyring's own
        Chain.backends = [Plain(), ring, Ring()]
        keyring.set_keyring(chain)
        assert backend() is ring
        assert vaults.choose() == "keyring"

    def test_locked(self, vault: KeyringVault, ring: Ring) -> None:
        """A keyring that does not open is said to be so, in our words only."""
        ring.locked = True
        uses: list[Callable[[], object]] = [
            lambda: vault.get("work"),
            lambda: vault.put("work", "the-secret"),
            lambda: vault.delete("work"),
        ]
        for use in uses:
            with pytest.raises(AccountError, match=r"KeyringLocked.*unlock it") as failure:
                use()
            assert "the-secret" not in str(failure.value)

    def test_broken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A keyring that cannot even be looked for is not the end: files can be chosen."""

        def broken() -> KeyringBackend:
            raise RuntimeError("no bus")

        monkeypatch.setattr(keyring, "get_keyring", broken)
        with pytest.raises(AccountError, match="SYNCOXIDERS_VAULT=file"):
            vaults.choose()

    @pytest.mark.parametrize("kind", ["keyring", "file"])
    def test_chosen(self, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
        """A person may choose."""
        monkeypatch.setenv(vaults.CHOICE, kind)
        assert vaults.choose() == kind

    def test_chosen_wrongly(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is neither is not guessed."""
        monkeypatch.setenv(vaults.CHOICE, "cloud")
        with pytest.raises(AccountError, match="neither keyring nor file"):
            vaults.choose()
