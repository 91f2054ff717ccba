"""The contract of shared stores for texts that are read together."""

from syncoxiders.ports.pipeline import SharedStore
from tests.contracts.shared_harness import SharedRules


class TestTexts(SharedRules):
    def test_read_together(self, one: SharedStore, other: SharedStore) -> None:
        """Texts that are read together are each as they were then, once; then as they are."""
        one.save_text("short", "before")
        one.save_text("long", "x" * 1_000_000)
        other.read_texts(["short", "long", "never"])
        one.save_text("short", "after")
        found = [other.text(key) for key in ("short", "long", "never")]
        assert found == ["before", "x" * 1_000_000, ""]
        assert other.text("short") == "after"

    def test_saved_after(self, one: SharedStore, other: SharedStore) -> None:
        """What is saved after it was read ahead is what is found, whoever wrote in between."""
        one.save_text("key", "before")
        other.read_texts(["key"])
        other.save_text("key", "ours")
        assert other.text("key") == one.text("key") == "ours"
        one.save_text("key", "theirs")
        other.save_text("key", "")
        assert other.text("key") == one.text("key") == ""
