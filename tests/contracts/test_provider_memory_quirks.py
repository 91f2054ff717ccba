"""The memory provider's own rules: its quirks, its hooks, and what it remembers of people."""

from collections.abc import Callable

import pytest

from syncoxiders.adapters.memory.clock import MemoryClock
from syncoxiders.adapters.memory.provider import MemoryFeedProvider, MemoryProvider
from syncoxiders.adapters.memory.provider_hands import lost
from syncoxiders.adapters.memory.quirks import FeedQuirks, Quirks
from syncoxiders.core.model import Entry, Ref, Traits
from syncoxiders.ports.errors import Occupied, Stale, Throttled, Unreachable
from syncoxiders.ports.provider import Attributes, Feeds, Page, Rescans, SetsMeta
from tests.contracts.provider_harness import ROOT_REF, KnownTree

PLAIN = Attributes()


def upload(
    provider: MemoryProvider, name: str, data: bytes, replaces: Entry | None = None
) -> Entry:
    expected = None if replaces is None else (Ref(replaces.id, name), replaces.version)
    return provider.upload(
        ROOT_REF, name, [data], size=len(data), attributes=PLAIN, replaces=expected
    )


def once(deed: Callable[[], object]) -> Callable[[str], None]:
    """Return a hook that does something the first time it is called."""
    left = [deed]

    def hook(_operation: str) -> None:
        if left:
            left.pop()()

    return hook


def names(provider: MemoryProvider, known: KnownTree | None = None) -> list[str]:
    """Return the names that a rescan tells of."""
    deltas = provider.rescan(known or KnownTree())
    return sorted(entry.name for delta in deltas for entry in delta.changed)


class TestHooks:
    def test_protocols(self) -> None:
        """A feed is there by class, so that `isinstance` can ask for it."""
        plain, feeding = MemoryProvider(), MemoryFeedProvider()
        assert isinstance(plain, Rescans)
        assert isinstance(plain, SetsMeta)
        assert not isinstance(plain, Feeds)
        assert isinstance(feeding, Feeds)

    def test_failure_before_an_effect(self) -> None:
        """What `before` raises prevents the effect."""
        provider = MemoryProvider()

        def throttle(operation: str) -> None:
            raise Throttled(operation, 30)

        provider.before = throttle
        with pytest.raises(Throttled, match="upload"):
            upload(provider, "file", b"content")
        assert provider.tree() == {}
        assert (provider.calls["upload"], provider.mutations) == (1, 0)

    def test_answer_that_is_lost(self) -> None:
        """What `after` raises comes when the work is done."""
        provider = MemoryProvider()

        def lose(operation: str) -> None:
            raise Unreachable(operation)

        provider.after = lose
        with pytest.raises(Unreachable):
            upload(provider, "file", b"content")
        assert provider.tree() == {"file": b"content"}
        assert provider.mutations == 1

    def test_every_call_is_announced(self) -> None:
        """`on_call` hears of reading, too, and `calls` counts it."""
        provider = MemoryProvider()
        heard: list[str] = []
        provider.on_call = heard.append
        provider.root()
        provider.at(ROOT_REF, "file")
        assert heard == ["root", "at"]
        assert provider.calls == {"root": 1, "at": 1}
        assert provider.mutations == 0

    def test_offline(self) -> None:
        """An endpoint that is away does nothing, and is as it was when it is back."""
        provider = MemoryProvider()
        provider.write("file", b"content")
        provider.offline = True
        with pytest.raises(Unreachable):
            provider.root()
        with pytest.raises(Unreachable):
            upload(provider, "other", b"content")
        provider.offline = False
        assert provider.tree() == {"file": b"content"}

    def test_nothing_happens_by_itself(self) -> None:
        """The same deeds give the same entries."""

        def history() -> list[Entry]:
            provider = MemoryProvider(clock=MemoryClock(tick=0.5))
            first = upload(provider, "file", b"one")
            provider.write("folder/file", b"two")
            return [first, upload(provider, "file", b"three", first), provider.entry("folder")]

        assert history() == history()


class TestLost:
    @pytest.mark.parametrize("trash", [True, False])
    def test_deleted_by_the_provider(self, trash: bool) -> None:
        """What a person wrote is lost if the provider deletes it, unless a trash keeps it."""
        provider = MemoryProvider(Quirks(traits=Traits(keeps_replaced=trash)))
        entry = provider.write("file", b"precious")
        provider.delete(Ref(entry.id, "file"), entry.version)
        assert lost(provider) == (set() if trash else {b"precious"})

    @pytest.mark.parametrize("keep", [True, False])
    def test_replaced_by_the_provider(self, keep: bool) -> None:
        """What a person wrote is lost if the provider replaces it and keeps no version."""
        provider = MemoryProvider()
        entry = provider.write("file", b"precious")
        provider.upload(
            ROOT_REF,
            "file",
            [b"ours"],
            size=4,
            attributes=PLAIN,
            replaces=(Ref(entry.id, "file"), entry.version),
            keep=keep,
        )
        assert lost(provider) == (set() if keep else {b"precious"})

    def test_destroyed_by_people(self) -> None:
        """What people overwrite, replace or remove themselves is not lost."""
        provider = MemoryProvider()
        for name in ("edited", "replaced", "folder/removed", "renamed over"):
            provider.write(name, name.encode())
        provider.write("edited", b"new")
        provider.replace("replaced", b"newer")
        provider.remove("folder")
        provider.write("other", b"other")
        provider.rename("other", "renamed over")
        assert lost(provider) == set()

    def test_found_elsewhere(self) -> None:
        """What can be reached at another endpoint, or was destroyed there, is not lost."""
        one, two = MemoryProvider(), MemoryProvider()
        for data in (b"kept", b"destroyed"):
            entry = one.write("file", data)
            upload(two, data.decode(), data)
            upload(one, "file", b"ours", entry)
            one.remove("file")
        assert lost(one, two) == set()
        two.write("destroyed", b"by a person")
        assert lost(one, two) == set()
        assert lost(one) == {b"kept", b"destroyed"}


class TestWithoutPreconditions:
    """Between check and effect a person acts; the provider takes back what it did."""

    QUIRKS = Quirks(preconditions=False)

    def test_place_is_taken(self) -> None:
        """A person's new file is back in its place: Occupied."""
        provider = MemoryProvider(self.QUIRKS)
        provider.before = once(lambda: provider.write("file", b"person's"))
        with pytest.raises(Occupied):
            upload(provider, "file", b"ours")
        assert provider.tree() == {"file": b"person's"}
        assert lost(provider) == set()

    def test_place_is_taken_twice(self) -> None:
        """Where names can stand twice our own file is withdrawn: Occupied."""
        provider = MemoryProvider(Quirks(preconditions=False, duplicates=True))
        provider.before = once(lambda: provider.write("file", b"person's"))
        with pytest.raises(Occupied):
            upload(provider, "file", b"ours")
        assert provider.tree() == {"file": b"person's"}

    def test_edited(self) -> None:
        """A person's edit is back in its place: Stale."""
        provider = MemoryProvider(self.QUIRKS)
        old = upload(provider, "file", b"old")
        provider.before = once(lambda: provider.write("file", b"person's"))
        with pytest.raises(Stale):
            upload(provider, "file", b"ours", old)
        assert provider.tree() == {"file": b"person's"}

    def test_death_before_it_is_taken_back(self) -> None:
        """Whoever dies between effect and undoing leaves the person's bytes in the versions."""
        provider = MemoryProvider(self.QUIRKS)
        old = upload(provider, "file", b"old")
        provider.before = once(lambda: provider.write("file", b"person's"))

        def die(_operation: str) -> None:
            raise KeyboardInterrupt

        provider.after = die
        with pytest.raises(KeyboardInterrupt):
            upload(provider, "file", b"ours", old)
        assert provider.tree() == {"file": b"ours"}
        assert lost(provider) == set()

    def test_edited_again_before_it_is_taken_back(self) -> None:
        """What a person does after the effect is not undone with it."""
        provider = MemoryProvider(self.QUIRKS)
        old = upload(provider, "file", b"old")
        provider.before = once(lambda: provider.write("file", b"first"))
        provider.after = once(lambda: provider.write("file", b"second"))
        with pytest.raises(Stale):
            upload(provider, "file", b"ours", old)
        assert provider.tree() == {"file": b"second"}
        assert lost(provider) == set()

    def test_deleted_though_edited(self) -> None:
        """An edited file that was deleted is back: Stale."""
        provider = MemoryProvider(self.QUIRKS)
        old = upload(provider, "file", b"old")
        provider.before = once(lambda: provider.write("file", b"person's"))
        with pytest.raises(Stale):
            provider.delete(Ref(old.id, "file"), old.version)
        assert provider.tree() == {"file": b"person's"}

    def test_folder_that_filled(self) -> None:
        """A folder into which a person put something is back with it: NotEmpty, a Stale."""
        provider = MemoryProvider(self.QUIRKS)
        folder = provider.mkdir("folder")
        provider.before = once(lambda: provider.write("folder/inner/file", b"person's"))
        with pytest.raises(Stale):
            provider.delete(Ref(folder.id, "folder"), "")
        assert provider.tree() == {
            "folder": None,
            "folder/inner": None,
            "folder/inner/file": b"person's",
        }
        assert lost(provider) == set()

    def test_moved_onto_something(self) -> None:
        """What was moved onto a person's new file is back, and so is the file: Occupied."""
        provider = MemoryProvider(self.QUIRKS)
        file = upload(provider, "file", b"ours")
        provider.before = once(lambda: provider.write("place", b"person's"))
        with pytest.raises(Occupied):
            provider.move(Ref(file.id, "file"), file.version, ROOT_REF, "place")
        assert provider.tree() == {"file": b"ours", "place": b"person's"}


class TestLateListing:
    def test_what_people_do_shows_later(self) -> None:
        """A rescan shows a person's deeds only some operations later, point reads at once."""
        provider = MemoryProvider(Quirks(lag=3))
        provider.write("folder/file", b"content")
        assert provider.at(ROOT_REF, "folder") is not None  # the first operation after it
        assert names(provider) == []
        assert names(provider) == ["file", "folder"]

    def test_old_state_goes_on_showing(self) -> None:
        """Until then edits, moves and deletions are not seen."""
        provider = MemoryProvider(Quirks(lag=20))
        known = KnownTree()
        for name in ("edited", "moved", "removed/file"):
            provider.write(name, b"content")
        provider.catch_up()
        for delta in provider.rescan(known):
            known.apply(delta)
        provider.write("edited", b"new")
        provider.rename("moved", "elsewhere")
        provider.remove("removed")
        assert list(provider.rescan(known)) == []
        provider.catch_up()
        for delta in provider.rescan(known):
            known.apply(delta)
        assert known.paths().keys() == {"edited", "elsewhere"}

    def test_own_writes_show_at_once(self) -> None:
        """What the provider did itself is in its next listing."""
        provider = MemoryProvider(Quirks(lag=1000))
        upload(provider, "file", b"content")
        assert names(provider) == ["file"]

    def test_late_feed(self) -> None:
        """A feed tells of a person's deeds later, and in order."""
        provider = MemoryFeedProvider(Quirks(lag=2))
        cursor = provider.start_cursor()
        provider.write("file", b"content")
        page = provider.changes(cursor)
        assert (page.changes, page.cursor, page.more) == ((), cursor, False)
        assert told(provider.changes(cursor)) == ["file"]


def told(page: Page) -> list[str]:
    """Return the names of the entries that a page tells of, in order."""
    return [change.entry.name for change in page.changes if change.entry is not None]


class TestFeedQuirks:
    @pytest.mark.parametrize(
        ("deletes", "told"), [("all", {"folder", "file"}), ("top", {"folder"}), ("none", set())]
    )
    def test_deletions(self, deletes: str, told: set[str]) -> None:
        """A deleted folder names all in it, itself only, or nothing."""
        feeds = {
            "all": FeedQuirks(deletes="all"),
            "top": FeedQuirks(deletes="top"),
            "none": FeedQuirks(deletes="none"),
        }
        provider = MemoryFeedProvider(Quirks(feed=feeds[deletes]))
        file = provider.write("folder/file", b"content")
        by_id = {file.id: "file", file.parent: "folder"}
        cursor = provider.start_cursor()
        provider.remove("folder")
        assert {by_id[each.id] for each in provider.changes(cursor).changes} == told

    def test_repeats(self) -> None:
        """A page begins with the end of the page before."""
        provider = MemoryFeedProvider(Quirks(feed=FeedQuirks(page_size=2, repeats=1)))
        cursor = provider.start_cursor()
        for name in "abc":
            provider.write(name, b"")
        first = provider.changes(cursor)
        second = provider.changes(first.cursor)
        assert told(first) == ["a", "b"]
        assert told(second) == ["b", "c"]
        assert (first.more, second.more) == (True, False)

    def test_paths_that_end(self) -> None:
        """Where ids are paths, a renamed folder ends every id in it and begins others."""
        provider = MemoryFeedProvider(Quirks(traits=Traits(stable_ids=False)))
        provider.write("folder/file", b"content")
        cursor = provider.start_cursor()
        provider.rename("folder", "other")
        page = provider.changes(cursor)
        gone = {change.id for change in page.changes if change.entry is None}
        assert gone == {"/folder/", "/folder/file"}
        assert {change.entry.id for change in page.changes if change.entry} == {
            "/other/",
            "/other/file",
        }


class TestStorageQuirks:
    def test_duplicates(self) -> None:
        """Two files of one name both stand; when one goes the other is found."""
        provider = MemoryProvider(Quirks(duplicates=True))
        first = provider.add("file", b"one")
        second = provider.add("file", b"two")
        assert names(provider) == ["file", "file"]
        assert provider.at(ROOT_REF, "file") == first
        provider.delete(Ref(first.id, "file"), first.version)
        assert provider.at(ROOT_REF, "file") == second

    def test_twins(self) -> None:
        """Of files of one name the oldest has it; when it goes the next one is told of."""
        provider = MemoryFeedProvider(Quirks(twins=True))
        first = provider.add("file.txt", b"one")
        second = provider.add("file.txt", b"two")
        assert set(names(provider)) == {"file.txt", second.name}
        assert second.name == f"file.twin-{second.id.removeprefix('m')}.txt"
        assert provider.at(ROOT_REF, second.name) == second
        cursor = provider.start_cursor()
        provider.rename("file.txt", "other.txt")
        assert set(names(provider)) == {"file.txt", "other.txt"}
        told = {each.entry for each in provider.changes(cursor).changes}
        assert told == {provider.entry("file.txt"), provider.entry("other.txt")}
        assert provider.entry("file.txt").id == second.id
        assert provider.entry("other.txt").id == first.id

    @pytest.mark.parametrize("twins", [True, False])
    def test_no_duplicates_by_path(self, twins: bool) -> None:
        """Entries of one name cannot be told apart by path."""
        with pytest.raises(ValueError, match="cannot be told apart"):
            Quirks(duplicates=not twins, twins=twins, traits=Traits(stable_ids=False))

    def test_no_twins_that_lose_their_age(self) -> None:
        """A file that takes the place of the oldest would not be shown in its place."""
        with pytest.raises(ValueError, match="would not be the oldest"):
            Quirks(twins=True, replace_keeps_id=False)

    def test_stored_form(self) -> None:
        """A name comes back in the form in which the storage keeps names."""
        provider = MemoryProvider(Quirks(stored_form="NFD"))
        assert upload(provider, "caf\u00e9", b"").name == "cafe\u0301"

    def test_times_come_from_the_clock(self) -> None:
        """What is written is of the time that the clock shows, in the storage's steps."""
        clock = MemoryClock(start=1000.75)
        provider = MemoryProvider(Quirks(mtime_step_ns=500_000_000), clock=clock)
        assert provider.write("file", b"").mtime_ns == 1_000_500_000_000
        clock.advance(10)
        assert provider.write("file", b"").mtime_ns == 1_010_500_000_000


class TestClock:
    def test_time_stands_still(self) -> None:
        """Time passes only by waiting, by being moved, and by ticks."""
        clock = MemoryClock(start=100.0)
        assert clock.now() == clock.now() == 100.0
        clock.sleep(5)
        clock.advance(-1)
        assert (clock.now(), clock.slept) == (104.0, 5)
        ticking = MemoryClock(start=100.0, tick=1.0)
        assert (ticking.now(), ticking.now()) == (101.0, 102.0)
