"""Following a feed brings the observed tree to what stands there, whatever the feed leaves out."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
import pytest

from syncoxiders.adapters.memory.provider import MemoryFeedProvider
from syncoxiders.adapters.memory.quirks import FeedQuirks, Quirks
from syncoxiders.adapters.memory.state import MemoryStateStore
from syncoxiders.core.model import ROOT_ENTRY, Entry, EntryId, Kind, Ref, Traits
from syncoxiders.engine.looks import DAY, SOON
from syncoxiders.engine.stopped import parts
from syncoxiders.ports.provider import Change, FolderDelta, Known, Page
from syncoxiders.ports.state import ObservedTree
from tests.engine.world import World

Clouds = Traits(cheap_hash=False, sets_meta=True)


class Told(MemoryFeedProvider):
    """A feed that tells what the test wants it to tell, besides or instead of what happened."""

    edit: Callable[[Page], Page] = staticmethod(lambda page: page)

    def changes(self, cursor: str) -> Page:
        """Return the changes after the cursor."""
        return self.edit(super().changes(cursor))


class Followed(World):
    """Two endpoints with feeds."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.names:
            quirks = self.quirks.get(name, Quirks(traits=Clouds))
            self.providers[name] = Told(quirks, clock=self.clock, name=name)
        self.rule = msgspec.structs.replace(
            self.rule,
            endpoints=tuple(
                msgspec.structs.replace(each, traits=self.providers[each.id].traits)
                for each in self.rule.endpoints
            ),
        )

    def told(self, name: str) -> Told:
        provider = self.providers[name]
        assert isinstance(provider, Told)
        return provider

    def observed(self, name: str) -> dict[str, Entry]:
        """Return what is known of an endpoint, by path."""
        tree = self.store.sync("me", "sync").observed(name)
        return dict(below(tree, ROOT_ENTRY, ""))


class Died(BaseException):
    """The process died here."""


def die(_: object) -> None:
    raise Died


def below(tree: ObservedTree, folder: EntryId, prefix: str) -> Sequence[tuple[str, Entry]]:
    found: list[tuple[str, Entry]] = []
    for entry in tree.children(folder):
        found.append((prefix + entry.name, entry))
        if entry.kind is Kind.FOLDER:
            found.extend(below(tree, entry.id, f"{prefix}{entry.name}/"))
    return found


def started(quirks: Quirks | None = None) -> Followed:
    """Return a world in step, with a few files in it."""
    world = Followed(quirks={"a": quirks} if quirks else {})
    world.a.write("folder/inner/one", b"one")
    world.a.write("folder/two", b"two")
    world.a.write("three", b"three")
    world.run()
    world.quiet()
    return world


KINDS = {
    "of ids": Quirks(traits=Clouds),
    "of ids, topmost deletions, newest first": Quirks(
        traits=Clouds, feed=FeedQuirks(page_size=2, repeats=1, deletes="top", backwards=True)
    ),
    "of paths": Quirks(traits=Clouds, feed=FeedQuirks(page_size=3, deletes="top", paths=True)),
}


@pytest.mark.parametrize("quirks", KINDS.values(), ids=KINDS.keys())
def test_no_listing(quirks: Quirks) -> None:
    """What a feed tells is brought into step without listing anything that was known."""
    world = started(quirks)
    world.a.calls.clear()
    world.a.write("three", b"edited")
    world.a.rename("folder", "renamed")
    world.a.remove("renamed/two")
    world.run()
    assert world.a.calls["rescan"] == 0
    assert world.agreed() == {
        "renamed": None,
        "renamed/inner": None,
        "renamed/inner/one": b"one",
        "three": b"edited",
    }
    assert world.b.calls["upload"] == 4  # a renamed folder moves, and carries nothing
    world.quiet()


def test_folder_from_outside() -> None:
    """A folder that came into the root is looked into, though its content is not told."""
    world = started()
    provider = world.told("a")
    world.a.write("new/deep/file", b"from elsewhere")
    provider.edit = lambda page: msgspec.structs.replace(
        page,
        changes=tuple(
            each for each in page.changes if each.entry is not None and each.entry.name == "new"
        ),
    )
    world.run()
    assert world.agreed()["new/deep/file"] == b"from elsewhere"


def test_folder_from_outside_in_a_new_folder() -> None:
    """A folder that came into a new folder, which is told as well, is looked into."""
    world = started()
    provider = world.told("a")
    world.a.write("new/deep/file", b"from elsewhere")
    provider.edit = lambda page: msgspec.structs.replace(
        page,
        changes=tuple(
            each for each in page.changes if each.entry is not None and each.entry.name != "file"
        ),
    )
    world.run()
    assert world.agreed()["new/deep/file"] == b"from elsewhere"
    world.quiet()


@pytest.mark.parametrize("died_at", range(1, 4))
def test_folder_from_outside_that_a_dead_run_took_in(died_at: int) -> None:
    """A run that dies before it has listed a new folder leaves that to the next one."""
    world = started()
    world.a.bring("new", {"file": b"from elsewhere", "deep/er/file": b"from elsewhere as well"})
    commits = iter(range(1, 100))

    def stop(_: object) -> None:
        if next(commits) == died_at:
            raise Died

    world.store.after = stop
    with pytest.raises(Died):
        world.run()
    world.store.after = lambda _: None
    world.run()
    assert world.agreed()["new/file"] == b"from elsewhere"
    assert world.agreed()["new/deep/er/file"] == b"from elsewhere as well"
    world.quiet()


def test_folder_that_a_listing_does_not_show_yet() -> None:
    """A folder in a new one is looked into, though the listing lags behind the feed."""
    world = started()
    world.a.mkdir("new")
    world.a.bring("new/deep", {"file": b"from elsewhere"})
    deep = world.a.entry("new/deep").id
    rescan = world.a.rescan

    def late(known: Known, folders: Iterable[Ref] | None = None) -> Iterator[FolderDelta]:
        asked = None if folders is None else list(folders)
        for delta in rescan(known, asked):
            if asked is not None and deep not in {each.id for each in asked}:
                changed = tuple(each for each in delta.changed if each.id != deep)
                yield msgspec.structs.replace(delta, changed=changed)
                if delta.folder == world.a.entry("new").id:
                    return
            else:
                yield delta

    world.a.rescan = late  # type: ignore[method-assign]  # as it is for a while
    world.run()
    assert world.agreed()["new/deep/file"] == b"from elsewhere"


def test_moved_into_a_folder_that_a_look_finds() -> None:
    """What was moved into a folder that is not told of, in one that is new, is not gone."""
    world = started()
    provider = world.told("a")
    world.a.mkdir("new/deep")
    world.a.rename("three", "new/deep/three")
    world.a.write("three", b"another")
    provider.edit = lambda page: msgspec.structs.replace(
        page,
        changes=tuple(
            each for each in page.changes if each.entry is not None and each.entry.name != "deep"
        ),
    )
    world.run()
    assert world.agreed()["three"] == b"another"
    assert world.agreed()["new/deep/three"] == b"three"
    world.quiet()


def test_entries_outside_the_root() -> None:
    """What stands in folders that nobody knows is left out; what went there is gone."""
    world = started()
    provider = world.told("a")
    known = world.observed("a")
    stray = Change(Entry("x", "elsewhere", "stray", Kind.FILE, "1", 1))
    left = Change(msgspec.structs.replace(known["folder"], parent="elsewhere"))
    provider.edit = lambda page: msgspec.structs.replace(page, changes=(stray, left))
    world.a.remove("folder")
    world.run()
    assert world.agreed() == {"three": b"three"}
    assert world.observed("a").keys() == {"three"}


def test_children_before_their_folder() -> None:
    """It does not matter whether a folder is told of before or after what is in it."""
    world = started()
    provider = world.told("a")
    provider.edit = lambda page: msgspec.structs.replace(page, changes=page.changes[::-1])
    world.a.write("x/y/z/file", b"deep")
    world.run()
    assert world.agreed()["x/y/z/file"] == b"deep"


@pytest.mark.parametrize("foreign", [True, False])
@pytest.mark.parametrize("named", ["by id", "by path"])
def test_withdrawn(foreign: bool, named: str) -> None:
    """Somebody else's file that vanishes may have been withdrawn: it is deleted nowhere else.

    Our own that vanishes was deleted.
    """
    world = started()
    provider = world.told("a")
    tree = world.store.sync("me", "sync").observed("a")
    shared = msgspec.structs.replace(world.observed("a")["three"], foreign=foreign)
    by_id, by_path = Change(id=shared.id, lost=True), Change(path="three", lost=True)
    gone = by_id if named == "by id" else by_path
    pages = iter([(Change(shared),), (gone,), ()])
    provider.edit = lambda page: msgspec.structs.replace(page, changes=next(pages, ()))
    world.run()
    world.a.remove("three")
    outcome = world.run()
    assert ("three" in world.b.tree()) is foreign
    if foreign:
        assert [note.path for note in outcome.notes] == ["three"]
        assert tree.get([shared.id])[shared.id].lost
        world.clock.advance(SOON + DAY)
        world.run()  # a look at everything does not find it either
        assert world.b.tree()["three"] == b"three"
        world.b.write("three", b"edited")
        world.run()  # who edits it gets a file of our own there
        assert world.agreed()["three"] == b"edited"


def test_withdrawn_folder() -> None:
    """A folder that was withdrawn stays elsewhere whatever is put into it, and so does the rest.

    What is put into it gets a folder of our own there.
    """
    world = started()
    provider = world.told("a")
    tree = world.store.sync("me", "sync").observed("a")
    known = world.observed("a")
    inside = [
        Change(msgspec.structs.replace(each, foreign=True))
        for path, each in known.items()
        if path.startswith("folder")
    ]
    gone = Change(id=known["folder"].id, lost=True)
    pages = iter([tuple(inside), (gone,)])
    provider.edit = lambda page: msgspec.structs.replace(page, changes=next(pages, ()))
    world.run()
    world.a.remove("folder")
    world.run()
    assert tree.get([known["folder"].id])[known["folder"].id].lost
    world.b.write("folder/new", b"new")
    for _ in range(3):
        world.run()
    assert world.b.tree() == {
        "folder": None,
        "folder/inner": None,
        "folder/inner/one": b"one",
        "folder/two": b"two",
        "folder/new": b"new",
        "three": b"three",
    }
    assert world.a.tree() == {"folder": None, "folder/new": b"new", "three": b"three"}
    world.b.write("folder/two", b"edited")
    for _ in range(3):
        world.run()
    assert world.a.tree()["folder/two"] == b"edited"
    assert world.b.tree()["folder/inner/one"] == b"one"
    world.clock.advance(SOON + DAY)
    world.run()
    assert world.b.tree()["folder/inner/one"] == b"one"


def test_lost_cursor() -> None:
    """A feed that has forgotten is made up for by a look at everything; deletions are found."""
    world = started()
    world.a.remove("three")
    world.a.write("folder/four", b"four")
    world.told("a").expire_cursors()
    outcome = world.run()
    assert any("feed" in note.detail for note in outcome.notes)
    assert world.agreed().keys() == {
        "folder",
        "folder/inner",
        "folder/inner/one",
        "folder/two",
        "folder/four",
    }
    world.a.calls.clear()
    world.quiet()
    assert world.a.calls["rescan"] == 0


def test_looks_at_everything_now_and_then() -> None:
    """What a feed never tells is found soon after the first look, and later once a day."""
    world = started()
    for number, pause in enumerate((SOON, DAY, DAY)):
        data = b"%d" % number
        provider = world.told("a")
        provider.edit = lambda page: msgspec.structs.replace(page, changes=())
        world.a.write("unheard", data)
        world.run()
        assert world.b.tree().get("unheard") != data
        world.clock.advance(pause)
        world.run()
        world.run()
        assert world.agreed()["unheard"] == data


def test_deleted_in_a_folder_before_our_own_move_of_it() -> None:
    """What was deleted under a path that our move has ended is found, though no path tells."""
    world = started(KINDS["of paths"])
    world.b.rename("folder", "renamed")

    def remove(what: str) -> None:
        if what == "move":
            world.a.before = None
            world.a.remove("folder/two")

    world.a.before = remove
    world.run()
    world.run()
    assert world.agreed().keys() == {"renamed", "renamed/inner", "renamed/inner/one", "three"}
    world.quiet()


def test_deleted_in_a_moved_folder_of_which_a_dead_run_knows() -> None:
    """A run that dies with half of what a page told hears of the rest when it is told anew."""
    world = started(KINDS["of paths"])
    world.a.remove("folder/inner")
    world.a.rename("folder", "renamed")
    world.a.mkdir("folder")
    world.store.after = die
    with pytest.raises(Died):
        world.run()
    world.store.after = lambda _: None
    world.run()
    assert world.agreed().keys() == {"folder", "renamed", "renamed/two", "three"}


def test_a_folder_that_a_dead_run_may_have_made_is_looked_into() -> None:
    """Where a run died about to make a folder, one that stands there may hold what is not told."""
    world = started()
    provider = world.told("a")
    provider.edit = lambda page: msgspec.structs.replace(page, changes=())
    world.a.write("elsewhere/file", b"not heard of")
    world.run()
    provider.edit = lambda page: page
    world.b.mkdir("new")
    world.a.before = die
    with pytest.raises(Died):
        world.run()
    world.a.before = None
    world.a.rename("elsewhere", "new")
    world.run()
    assert world.agreed()["new/file"] == b"not heard of"
    world.quiet()


def test_what_was_moved_out_before_its_folder_was_deleted_is_known_with_its_content() -> None:
    """A run that died after a folder took the place of the one above it knows what is in it."""
    world = started()
    world.a.remove("folder/two")
    world.a.rename("folder/inner", "passing")
    world.a.remove("folder")
    world.a.rename("passing", "folder")
    moves = iter((False, True))

    def stop(what: str) -> None:
        if what == "move" and next(moves):
            die(what)

    world.b.after = stop
    with pytest.raises(Died):
        world.run()
    world.b.after = None
    world.a.remove("folder/one")
    world.run()
    assert world.agreed() == {"folder": None, "three": b"three"}
    world.quiet()


@pytest.mark.parametrize("quirks", KINDS.values(), ids=KINDS.keys())
def test_moved_into_a_folder_that_is_deleted_before_all_is_told(quirks: Quirks) -> None:
    """What went into a folder that is told to be gone later on went with it."""
    feed = msgspec.structs.replace(quirks.feed, page_size=1, repeats=0)
    world = started(msgspec.structs.replace(quirks, feed=feed))
    world.a.mkdir("other/place")
    world.run()
    world.a.rename("folder", "other/place/folder")

    def remove(page: Page) -> Page:
        if any(each.entry is not None and each.entry.name == "folder" for each in page.changes):
            world.told("a").edit = lambda page: page
            world.a.remove("other/place")
            return msgspec.structs.replace(page, more=True)
        return page

    world.told("a").edit = remove
    world.run()
    assert world.agreed() == {"other": None, "three": b"three"}
    world.quiet()


def test_deleted_where_another_had_taken_its_place_before_a_run_died() -> None:
    """A path that is gone takes all with it that a run which died has left to be known there."""
    world = started(KINDS["of paths"])
    world.a.remove("folder")
    world.a.mkdir("folder")
    world.store.after = die
    with pytest.raises(Died):
        world.run()
    world.store.after = lambda _: None
    world.a.remove("folder")
    world.run()
    assert world.agreed() == {"three": b"three"}
    world.quiet()


def test_deleted_in_a_folder_that_changed_places_with_the_one_it_is_in() -> None:
    """What was deleted is not told where something else stands at its path by now."""
    world = started(KINDS["of paths"])
    world.a.write("folder/one", b"another one")
    world.run()
    world.a.remove("folder/inner/one")
    world.a.rename("folder/inner", "passing")
    world.a.rename("folder", "passing/inner")
    world.a.rename("passing", "folder")
    world.run()
    assert world.agreed().keys() == {
        "folder",
        "folder/inner",
        "folder/inner/one",
        "folder/inner/two",
        "three",
    }
    world.quiet()


def test_deleted_in_a_folder_whose_place_another_took() -> None:
    """What a folder held is told where that was moved to, or is gone; it is not where it was."""
    world = started(KINDS["of paths"])
    world.a.remove("folder/inner/one")
    world.a.write("other/inner/one", b"another")
    world.a.rename("folder", "passing")
    world.a.rename("other", "folder")
    world.a.rename("passing", "moved")
    world.run()
    assert world.agreed() == {
        "folder": None,
        "folder/inner": None,
        "folder/inner/one": b"another",
        "moved": None,
        "moved/inner": None,
        "moved/two": b"two",
        "three": b"three",
    }
    world.quiet()


def test_cursor_stays_until_all_is_taken_in() -> None:
    """A run that dies before what a page told is stored hears it again."""
    world = started()
    world.a.write("new", b"new")
    world.store.before = die
    with pytest.raises(Died):
        world.run()
    world.store.before = lambda _: None
    world.run()
    assert world.agreed()["new"] == b"new"


def test_emptied_by_the_feed() -> None:
    """A feed that tells of everything as gone is stopped by the guard, and asked again."""
    world = started()
    for path in ("folder", "three"):
        world.a.remove(path)
    for _ in range(2):
        outcome = world.run()
        assert outcome.stop is not None
        assert outcome.stop.kind == "emptied"
        assert len(world.b.tree()) == 5
    assert outcome.stop is not None
    world.options = dataclasses.replace(world.options, approve=parts(outcome.stop.plan_id))
    world.run()
    assert world.agreed() == {}


def test_case_of_paths() -> None:
    """A feed of paths in another case speaks of what stands there, where case does not matter."""
    traits = Traits(cheap_hash=False, case_insensitive=True)
    world = started(Quirks(traits=traits, feed=FeedQuirks(deletes="top", paths=True)))
    provider = world.told("a")

    def shout(page: Page) -> Page:
        return msgspec.structs.replace(
            page,
            changes=tuple(
                msgspec.structs.replace(each, path=each.path.upper())
                if each.entry is None
                else each
                for each in page.changes
            ),
        )

    provider.edit = shout
    world.a.remove("folder/inner")
    world.run()
    assert world.agreed().keys() == {"folder", "folder/two", "three"}


def test_what_takes_a_name_that_was_left() -> None:
    """Of entries of one name the next is asked for when the oldest is moved: none tells of it."""

    class Twins(Told):
        def heirs(self, places: Iterable[tuple[EntryId, str]]) -> list[Entry]:
            found = [self.at(Ref(folder, ""), name) for folder, name in places]
            return [each for each in found if each is not None]

    world = started()
    world.providers["a"] = Twins(Quirks(traits=Clouds, twins=True), clock=world.clock, name="a")
    world.store = MemoryStateStore()
    world.a.write("file", b"old")
    young = world.a.add("file", b"young")
    world.run()
    assert world.b.tree()[young.name] == b"young"

    def silent(page: Page) -> Page:
        changes = [each for each in page.changes if each.entry and each.entry.id != young.id]
        return msgspec.structs.replace(page, changes=tuple(changes))

    world.told("a").edit = silent
    world.a.rename("file", "other")
    world.run()
    assert {path: world.b.tree()[path] for path in ("file", "other")} == {
        "file": b"young",
        "other": b"old",
    }
    assert young.name not in world.b.tree()
    world.quiet()
