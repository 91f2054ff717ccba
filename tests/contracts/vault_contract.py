"""The contract of :class:`syncoxiders.ports.accounts.Vault`, which every adapter passes.

A test module imports everything from here and adds a fixture ``vault``: an empty one.
"""

import pytest

from syncoxiders.ports.accounts import Vault

NAMES = ["work", "Work", "my drive", "a.b@example.org", "é+1", ".", "..", "%41", "a/b", "x" * 64]

__all__ = ["TestVault"]


class TestVault:
    def test_nothing(self, vault: Vault) -> None:
        """What was never put is not there, and may be deleted."""
        assert vault.get("work") is None
        vault.delete("work")
        assert vault.get("work") is None

    @pytest.mark.parametrize("secret", ["", "a", "line\nline\n", "ünï©€", "x" * 20_000])
    def test_kept(self, vault: Vault, secret: str) -> None:
        """What was put is there as it was."""
        vault.put("work", secret)
        assert vault.get("work") == secret

    def test_replaced(self, vault: Vault) -> None:
        """A secret takes the place of the one of its name."""
        vault.put("work", "old, and longer")
        vault.put("work", "new")
        assert vault.get("work") == "new"

    def test_names(self, vault: Vault) -> None:
        """Each name has its own secret, whatever is in it."""
        for name in NAMES:
            vault.put(name, f"of {name}")
        assert [vault.get(name) for name in NAMES] == [f"of {name}" for name in NAMES]
        vault.delete("work")
        assert vault.get("work") is None
        assert vault.get("Work") == "of Work"

    def test_deleted(self, vault: Vault) -> None:
        """A secret that was deleted is not there any more, and may be put again."""
        vault.put("work", "secret")
        vault.delete("work")
        vault.delete("work")
        assert vault.get("work") is None
        vault.put("work", "again")
        assert vault.get("work") == "again"
