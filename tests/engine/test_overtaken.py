"""Looks at folders that are moved while they are looked for."""

from pathlib import Path

from syncoxiders.adapters.memory.state import MemoryStateStore
from syncoxiders.adapters.providers.folder import FolderProvider
from syncoxiders.core.model import ROOT_ENTRY, Entry, Ref
from syncoxiders.engine.observe import Observer
from syncoxiders.ports.state import Commit, Observation, ObservedTree
from tests.engine.deployed import Deployed


def found(tree: ObservedTree, folder: str = ROOT_ENTRY) -> dict[str, Entry]:
    return {entry.name: entry for entry in tree.children(folder)}


def test_a_folder_that_was_renamed_is_looked_into(tmp_path: Path) -> None:
    """What is new in it is found though it does not stand any more where it was known to."""
    for name in ("one", "one/deep", "stays"):
        (tmp_path / name).mkdir()
    (tmp_path / "one/deep/file").write_bytes(b"old")
    store, provider = MemoryStateStore().sync("me", "sync"), FolderProvider(str(tmp_path))
    observer = Observer(store, "a", provider, told=lambda *_: None, now=lambda: 0.0)
    observer.look()
    tree = store.observed("a")
    one = found(tree)["one"]
    deep = found(tree, one.id)["deep"]
    (tmp_path / "one").rename(tmp_path / "stays/two")
    (tmp_path / "stays/two/deep").rename(tmp_path / "stays/two/deeper")
    (tmp_path / "stays/two/deeper/file").write_bytes(b"new content")
    stays = found(tree)["stays"]
    observer.look([Ref(deep.id, "one/deep"), Ref(ROOT_ENTRY, ""), Ref(stays.id, "stays")])
    moved = found(tree, one.id)
    assert found(tree, stays.id)["two"].id == one.id
    assert found(tree, moved["deeper"].id)["file"].size == len(b"new content")


def test_the_folder_above_tells_where_one_has_gone(tmp_path: Path) -> None:
    """It is asked though nothing was heard of it yet."""
    (tmp_path / "one").mkdir()
    (tmp_path / "one/file").write_bytes(b"old")
    store, provider = MemoryStateStore().sync("me", "sync"), FolderProvider(str(tmp_path))
    observer = Observer(store, "a", provider, told=lambda *_: None, now=lambda: 0.0)
    observer.look()
    tree = store.observed("a")
    one = found(tree)["one"]
    (tmp_path / "one").rename(tmp_path / "two")
    (tmp_path / "two/file").write_bytes(b"new content")
    observer.look([Ref(one.id, "one")])
    assert found(tree)["two"].id == one.id
    assert found(tree, one.id)["file"].size == len(b"new content")


def test_what_others_confirm_in_a_folder_that_is_new_stays_known() -> None:
    """A worker tells of what it has made in a folder before of the folder, as a look finds both."""
    world = Deployed()
    world.a.mkdir("folder/inner")
    world.a.write("folder/inner/file", b"content")
    inner = world.a.entry("folder/inner")
    store, begun = world.store(), {inner.id: world.clock.now()}

    def confirmed(*_: object) -> None:
        made = Observation("a", [inner], log=False, begun=begun)
        world.store().commit(Commit(observed=[made]))
        world.clock.advance(60.0)

    Observer(store, "a", world.a, told=confirmed, now=world.clock.now).look()
    tree = world.store().observed("a")
    outer = found(tree)["folder"]
    assert found(tree, outer.id)["inner"].id == inner.id
