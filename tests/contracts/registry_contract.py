"""The contract of :class:`syncoxiders.ports.registry.Registry`, which every adapter passes.

A test module imports everything from here and adds a fixture ``registry``: an empty one.
"""

from concurrent.futures import ThreadPoolExecutor

from msgspec import structs

from syncoxiders.ports.accounts import Account
from syncoxiders.ports.push import Channel
from syncoxiders.ports.registry import (
    Connected,
    EndpointSettings,
    OpenChannel,
    Registry,
    Removed,
    SyncSettings,
)

WORK = Account("work", "drive", "client", "ann@example.org", {"documents": "skip"})
HOME = Account("home", "dropbox")
SYNC = SyncSettings(
    "photos",
    (EndpointSettings("a", "work", "Photos"), EndpointSettings("b", "home")),
    mode="copy",
    patterns=("*.tmp", "!keep.tmp"),
    max_delete="10",
    changed_at=1_700_000_000.5,
)
CHANNEL = OpenChannel(
    Channel("c-1", "secret", 1_700_000_000.0, "token"), "ann", "work", "photos", "a"
)

__all__ = ["TestAccounts", "TestChannels", "TestHints", "TestSyncs"]


class TestAccounts:
    def test_none(self, registry: Registry) -> None:
        """What was never put is not there, and may be removed."""
        registry.remove_account("ann", "work")
        assert registry.account("ann", "work") is None
        assert registry.accounts("ann") == []
        assert registry.owners() == []

    def test_kept(self, registry: Registry) -> None:
        """Accounts are there as they were put, by name, with nothing that happened yet."""
        registry.put_account("ann", WORK)
        registry.put_account("ann", HOME, frozenset({"dbid:1"}))
        assert registry.account("ann", "work") == Connected(WORK)
        assert registry.accounts("ann") == [
            Connected(HOME, vendor_ids=frozenset({"dbid:1"})),
            Connected(WORK),
        ]

    def test_replaced(self, registry: Registry) -> None:
        """To put an account again keeps its counters and pause, and ends what was wrong."""
        registry.put_account("ann", WORK)
        registry.hint("ann", "work")
        registry.polled("ann", "work", 1, 5.0)
        registry.pause("ann", "work", 7.5)
        registry.trouble("ann", "work", "connect it again")
        registry.deaf("ann", "work", "no answer")
        other = structs.replace(WORK, identity="bob@example.org")
        registry.put_account("ann", other)
        assert registry.account("ann", "work") == Connected(
            other, hints=1, polled=1, polled_at=5.0, not_before=7.5
        )

    def test_apart(self, registry: Registry) -> None:
        """What one owner does is nothing to another one, also where the names are alike."""
        registry.put_account("ann", WORK)
        registry.put_account("ann2", HOME)
        registry.hint("ann2", "work")
        registry.remove_account("ann2", "work")
        assert registry.accounts("ann") == [Connected(WORK)]
        assert sorted(registry.owners()) == ["ann", "ann2"]

    def test_owners(self, registry: Registry) -> None:
        """An owner is known as long as there is an account."""
        registry.put_account("ann", WORK)
        registry.put_account("ann", HOME)
        registry.remove_account("ann", "work")
        assert registry.owners() == ["ann"]
        registry.remove_account("ann", "home")
        assert registry.owners() == []

    def test_owner_of_what_is_left(self, registry: Registry) -> None:
        """An owner is known until what they have left is removed, too."""
        registry.put_account("ann", WORK)
        for sync in ("photos", "music"):
            registry.put_removed("ann", Removed(sync, ("a", "b"), 5.0))
        registry.remove_account("ann", "work")
        registry.forget_removed("ann", "photos")
        assert registry.owners() == ["ann"]
        registry.forget_removed("ann", "music")
        assert registry.owners() == []
        registry.put_account("ann", WORK)
        registry.put_removed("ann", Removed("photos", ("a", "b"), 6.0))
        registry.forget_removed("ann", "photos")
        assert registry.owners() == ["ann"]

    def test_called(self, registry: Registry) -> None:
        """Accounts are found by the vendor's name for them, by several owners and names alike."""
        registry.put_account("ann", HOME, frozenset({"dbid:1"}))
        registry.put_account("bob", structs.replace(HOME, name="mine"), frozenset({"dbid:1"}))
        registry.put_account("bob", structs.replace(WORK, name="other"), frozenset({"dbid:2"}))
        assert sorted(registry.called("dropbox", "dbid:1")) == [("ann", "home"), ("bob", "mine")]
        assert registry.called("drive", "dbid:1") == []
        assert registry.called("dropbox", "dbid:2") == []
        assert registry.called("dropbox", "dbid:") == []

    def test_called_by_several(self, registry: Registry) -> None:
        """An account may be called by several names; those that go are the ones left out."""
        registry.put_account("ann", HOME, frozenset({"one", "two"}))
        registry.put_account("ann", HOME, frozenset({"two", "three"}))
        found = {each for each in ("one", "two", "three") if registry.called("dropbox", each)}
        assert found == {"two", "three"}

    def test_called_otherwise(self, registry: Registry) -> None:
        """An account that is called by another name, or was removed, is not found by the old."""
        registry.put_account("ann", HOME, frozenset({"dbid:1"}))
        registry.put_account("ann", HOME, frozenset({"dbid:2"}))
        assert registry.called("dropbox", "dbid:1") == []
        assert registry.called("dropbox", "dbid:2") == [("ann", "home")]
        registry.remove_account("ann", "home")
        assert registry.called("dropbox", "dbid:2") == []

    def test_trouble(self, registry: Registry) -> None:
        """Trouble is told until all is well; of an account that is not there nothing is kept."""
        registry.put_account("ann", WORK)
        registry.trouble("ann", "work", "connect it again")
        assert registry.accounts("ann")[0].trouble == "connect it again"
        registry.trouble("ann", "work", "")
        assert registry.account("ann", "work") == Connected(WORK)
        registry.trouble("ann", "home", "connect it again")
        assert registry.account("ann", "home") is None

    def test_deaf(self, registry: Registry) -> None:
        """Why nothing is heard of an account is told apart from its trouble."""
        registry.put_account("ann", WORK)
        registry.trouble("ann", "work", "connect it again")
        registry.deaf("ann", "work", "no answer")
        assert registry.account("ann", "work") == Connected(
            WORK, trouble="connect it again", deaf="no answer"
        )
        registry.trouble("ann", "work", "")
        assert registry.account("ann", "work") == Connected(WORK, deaf="no answer")
        registry.deaf("ann", "work", "")
        assert registry.account("ann", "work") == Connected(WORK)


class TestHints:
    def test_counted(self, registry: Registry) -> None:
        """Each hint counts, and tells how far a look has answered them."""
        registry.put_account("ann", WORK)
        assert registry.hint("ann", "work") == Connected(WORK, hints=1)
        registry.polled("ann", "work", 1, 3.25)
        assert registry.hint("ann", "work") == Connected(WORK, hints=2, polled=1, polled_at=3.25)

    def test_looks(self, registry: Registry) -> None:
        """Looks into folders are counted apart from hints, and only of accounts that are there."""
        registry.looking("ann", "work")
        assert registry.account("ann", "work") is None
        registry.put_account("ann", WORK)
        registry.looking("ann", "work")
        registry.looking("ann", "work")
        registry.put_account("ann", WORK)
        assert registry.account("ann", "work") == Connected(WORK, looks=2)

    def test_nobody(self, registry: Registry) -> None:
        """A hint, a look or a pause does not make an account."""
        assert registry.hint("ann", "work") is None
        assert registry.polled("ann", "work", 1, 3.25) is None
        registry.pause("ann", "work", 9.0)
        assert registry.account("ann", "work") is None
        assert registry.accounts("ann") == []

    def test_removed(self, registry: Registry) -> None:
        """An account that was removed counts no more hints, and begins anew if it is added."""
        registry.put_account("ann", WORK)
        registry.hint("ann", "work")
        registry.remove_account("ann", "work")
        assert registry.hint("ann", "work") is None
        registry.put_account("ann", WORK)
        assert registry.account("ann", "work") == Connected(WORK)

    def test_late(self, registry: Registry) -> None:
        """A look that began earlier does not take back what a later one has answered."""
        registry.put_account("ann", WORK)
        registry.hint("ann", "work")
        for hints, at, expected in (
            (5, 10.0, (5, 10.0)),
            (4, 11.0, (5, 10.0)),
            (5, 12.0, (5, 12.0)),
        ):
            found = registry.polled("ann", "work", hints, at)
            assert found == registry.account("ann", "work")
            assert found is not None
            assert (found.hints, found.polled, found.polled_at) == (1, *expected)

    def test_pause(self, registry: Registry) -> None:
        """The longest pause that was asked for holds."""
        registry.put_account("ann", WORK)
        for until in (20.5, 10.0, 30.25, 30.0):
            registry.pause("ann", "work", until)
        found = registry.account("ann", "work")
        assert found is not None
        assert found.not_before == 30.25

    def test_several(self, registry: Registry) -> None:
        """Hints that come at once are all counted, and each hears a count of its own."""
        registry.put_account("ann", WORK)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: registry.hint("ann", "work"), range(20)))
        assert sorted(each.hints for each in found if each is not None) == list(range(1, 21))


class TestSyncs:
    def test_kept(self, registry: Registry) -> None:
        """Syncs are there as they were put, by id; they may be replaced and removed."""
        assert registry.sync("ann", "photos") is None
        other = SyncSettings("notes", SYNC.endpoints)
        registry.put_sync("ann", SYNC)
        registry.put_sync("ann", other)
        assert registry.syncs("ann") == [other, SYNC]
        assert registry.sync("ann", "photos") == SYNC
        paused = structs.replace(SYNC, paused=True)
        registry.put_sync("ann", paused)
        assert registry.syncs("ann") == [other, paused]
        registry.remove_sync("ann", "photos")
        registry.remove_sync("ann", "photos")
        assert registry.sync("ann", "photos") is None
        assert registry.syncs("ann") == [other]

    def test_swapped(self, registry: Registry) -> None:
        """Settings are swapped only for what they were; of two who make one, one does."""
        paused = structs.replace(SYNC, paused=True)
        assert not registry.swap_sync("ann", SYNC, paused)
        assert registry.swap_sync("ann", None, SYNC)
        assert not registry.swap_sync("ann", None, paused)
        assert registry.swap_sync("ann", SYNC, paused)
        assert not registry.swap_sync("ann", SYNC, structs.replace(SYNC, mode="move"))
        assert registry.sync("ann", "photos") == paused

    def test_swapped_at_once(self, registry: Registry) -> None:
        """Of several who swap the same settings at once exactly one does."""
        registry.put_sync("ann", SYNC)
        others = [structs.replace(SYNC, max_delete=f"{number}") for number in range(8)]
        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda each: registry.swap_sync("ann", SYNC, each), others))
        assert done.count(True) == 1
        assert registry.sync("ann", "photos") == others[done.index(True)]

    def test_apart(self, registry: Registry) -> None:
        """Syncs are their owner's."""
        registry.put_sync("ann", SYNC)
        registry.remove_sync("an", "photos")
        assert registry.sync("bob", "photos") is None
        assert registry.syncs("an") == []
        assert registry.syncs("ann") == [SYNC]


class TestChannels:
    def test_kept(self, registry: Registry) -> None:
        """A channel is found by its id, and listed with its owner's."""
        assert registry.channel("c-1") is None
        endless = structs.replace(CHANNEL, channel=Channel("c-2", "other"), owner="bob")
        registry.put_channel(CHANNEL)
        registry.put_channel(endless)
        assert registry.channel("c-1") == CHANNEL
        assert registry.channel("c-2") == endless
        assert registry.channels("ann") == [CHANNEL]
        assert registry.channels("bob") == [endless]

    def test_renewed(self, registry: Registry) -> None:
        """A channel that is put again takes the place of the one of its id."""
        registry.put_channel(CHANNEL)
        longer = structs.replace(
            CHANNEL, channel=structs.replace(CHANNEL.channel, expires=1_800_000_000.0)
        )
        registry.put_channel(longer)
        assert registry.channel("c-1") == longer
        assert registry.channels("ann") == [longer]

    def test_removed(self, registry: Registry) -> None:
        """A channel that was removed is neither found nor listed; it need not be there."""
        registry.put_channel(CHANNEL)
        registry.remove_channel("c-1")
        registry.remove_channel("c-1")
        assert registry.channel("c-1") is None
        assert registry.channels("ann") == []
