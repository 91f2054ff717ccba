"""``watch``: events settle, map to folders, and lead to looks; and the command as it runs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from watchfiles import Change

from syncoxiders.adapters.memory.state import MemoryStateStore
from syncoxiders.cli.events import MANY, PATIENCE, SETTLE, SETTLE_DELETION, Batch, Mapper
from syncoxiders.core.model import ROOT_ENTRY, Entry, Kind
from syncoxiders.ports.state import Commit, Observation
from tests.cli.conftest import Shell, plan_of

ADDED, MODIFIED, DELETED = Change.added, Change.modified, Change.deleted


class TestBatch:
    """Events wait until nothing more happens."""

    def test_nothing_is_due_without_events(self) -> None:
        """Where nothing was heard there is nothing to look at."""
        assert not Batch().due(1e9)

    def test_a_change_settles_quickly(self) -> None:
        """What was written is looked at once nothing more is written."""
        batch = Batch()
        batch.add({(MODIFIED, "/x/a")}, 100)
        assert not batch.due(100 + SETTLE / 2)
        assert batch.due(100 + SETTLE + 0.01)

    def test_a_deletion_waits_longer(self) -> None:
        """An editor that saves by replacing is not taken for one that deletes."""
        batch = Batch()
        batch.add({(DELETED, "/x/a")}, 100)
        assert not batch.due(100 + SETTLE)
        assert SETTLE_DELETION >= 1
        assert batch.due(100 + SETTLE_DELETION + 0.01)

    def test_what_never_settles_is_looked_at_in_the_end(self) -> None:
        """A file that is written all the time does not hold up the others for ever."""
        batch = Batch()
        for tick in range(60):
            batch.add({(MODIFIED, "/x/a"), (DELETED, "/x/b")}, 100 + tick / 10)
        assert batch.due(100 + PATIENCE)

    def test_names_of_our_own_are_not_heard(self) -> None:
        """The trash and temporary files are nobody's changes."""
        batch = Batch()
        batch.add({(ADDED, "/x/.syncoxiders-trash/a"), (ADDED, "/x/b/.syncoxiders-tmp-1")}, 100)
        assert not batch.due(1e9)
        assert batch.take() == {}

    def test_taking_begins_anew(self) -> None:
        """Each event is looked at once; that something appeared is not forgotten."""
        batch = Batch()
        batch.add({(ADDED, "/x/a")}, 100)
        batch.add({(MODIFIED, "/x/a"), (DELETED, "/x/b")}, 101)
        assert batch.take() == {"/x/a": True, "/x/b": False}
        assert not batch.due(1e9)

    def test_a_flood_is_doubted(self) -> None:
        """Of very many events some may have been dropped."""
        batch = Batch()
        batch.add({(ADDED, f"/x/{number}") for number in range(MANY + 1)}, 100)
        assert batch.doubtful
        batch.take()
        assert not batch.doubtful


class TestMapper:
    """Events speak of paths; looks are at folders that are known."""

    @pytest.fixture
    def mapper(self) -> Mapper:
        store = MemoryStateStore().sync("local", "sync")
        entries = [
            Entry("1", ROOT_ENTRY, "notes", Kind.FOLDER),
            Entry("2", "1", "Old", Kind.FOLDER),
            Entry("3", "2", "deep", Kind.FOLDER),
            Entry("4", "1", "a.txt", Kind.FILE),
        ]
        store.commit(Commit(observed=[Observation("a", put=entries)]))
        return Mapper(store, {"a": "/home/left", "b": "/home/left side"})

    @pytest.mark.parametrize(
        ("path", "folder"),
        [
            ("/home/left/x", ROOT_ENTRY),
            ("/home/left", ROOT_ENTRY),
            ("/home/left/notes/a.txt", "1"),
            ("/home/left/notes/Old/x", "2"),
            ("/home/left/notes/old/x", "1"),
            ("/home/left/notes/new/inner/x", "1"),
            ("/home/left/other/x", ROOT_ENTRY),
            ("/home/left/notes/a.txt/x", "1"),
        ],
    )
    def test_the_nearest_known_folder(self, mapper: Mapper, path: str, folder: str) -> None:
        """It is the folder that a path stands in, or the nearest one above that is known."""
        assert mapper.folders({path: False}) == {"a": [folder]}

    def test_each_endpoint_has_its_own(self, mapper: Mapper) -> None:
        """A path belongs to the root that it is below, and to no other that it resembles."""
        assert mapper.folders({"/home/left side/notes/x": False}) == {"b": [ROOT_ENTRY]}
        assert mapper.folders({"/elsewhere/x": True}) == {}

    def test_a_known_folder_that_appeared_is_looked_through(self, mapper: Mapper) -> None:
        """A folder that came back may have been changed while nobody listened."""
        assert mapper.folders({"/home/left/notes/Old": True}) == {"a": ["1", "2", "3"]}
        assert mapper.folders({"/home/left/notes/a.txt": True}) == {"a": ["1"]}


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for something that is to come true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


class Watching:
    """A watch over ``left`` and ``right`` in a process of its own."""

    def __init__(self, shell: Shell, *options: str) -> None:
        self._said = shell.folder / "said"
        with self._said.open("wb") as out:
            self.process = subprocess.Popen(
                [
                    Path(sys.executable).with_name("syncoxiders"),
                    *("watch", "left", "right", "--interval", "1h", *options),
                ],
                cwd=shell.folder,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self.hears("left ⇄ right: ")

    @property
    def said(self) -> str:
        return self._said.read_text(errors="replace")

    def hears(self, text: str) -> None:
        until(lambda: text in self.said or self.process.poll() is not None)
        assert text in self.said

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@pytest.fixture
def watching(shell: Shell) -> Iterator[Watching]:
    shell.write("left/notes/a.txt", "a")
    shell.write("left/notes/b.txt", "b")
    watch = Watching(shell)
    yield watch
    watch.process.kill()
    watch.process.wait()


def runs(shell: Shell) -> int:
    return max(int(run["run"]) for run in shell("log", "--json").of("run"))


def test_changes_are_carried_as_they_happen(shell: Shell, watching: Watching) -> None:
    """New, replaced, renamed and deleted things arrive on the other side, each with a line."""
    left, right = shell.left, shell.right
    (right / "new" / "deep").mkdir(parents=True)
    (right / "new" / "deep" / "file").write_text("1")
    until((left / "new" / "deep" / "file").exists)
    (left / "notes" / "draft").write_text("saved by an editor")
    (left / "notes" / "draft").replace(left / "notes" / "a.txt")
    until(lambda: (right / "notes" / "a.txt").read_text() == "saved by an editor")
    (left / "new").rename(left / "renamed")
    until((right / "renamed" / "deep" / "file").exists)
    (left / "notes" / "b.txt").unlink()
    until(lambda: not (right / "notes" / "b.txt").exists())
    watching.hears("delete     left → right  notes/b.txt")
    watching.hears("update     left → right  notes/a.txt  (18 B)")
    assert not (right / "notes" / "draft").exists()
    assert watching.stop() == 143
    assert "Traceback" not in watching.said


def test_a_name_that_is_no_text_is_carried_as_well(shell: Shell, watching: Watching) -> None:
    """A name that the events cannot tell of is found by looking."""
    name = os.fsdecode(b"caf\xe9")
    (shell.left / name).write_text("x")
    until((shell.right / name).exists)
    (shell.right / "after").write_text("y")
    until((shell.left / "after").exists)
    assert watching.stop() == 143


def test_it_comes_to_rest(shell: Shell, watching: Watching) -> None:
    """What it writes itself does not keep it busy."""
    shell.fill("left/many", 50)
    until((shell.right / "many" / "file49").exists)
    time.sleep(3)
    before = runs(shell)
    time.sleep(3)
    assert runs(shell) == before
    assert watching.process.poll() is None


def test_a_root_that_vanishes_for_a_while(shell: Shell, watching: Watching) -> None:
    """It says that a folder is away, loses nothing, and goes on when it is back."""
    away = shell.folder / "away"
    shell.right.rename(away)
    watching.hears("waiting for the folder to come back")
    (shell.left / "meanwhile").write_text("m")
    shell.right.mkdir()
    watching.hears("is another folder than last time")
    shell.right.rmdir()
    away.rename(shell.right)
    until((shell.right / "meanwhile").exists)
    assert (shell.left / "notes" / "a.txt").exists()
    (shell.right / "later").write_text("l")
    until((shell.left / "later").exists)


def test_a_guard_ends_it(shell: Shell) -> None:
    """Too many deletions stop the watch with the guard's exit code, and nothing is lost."""
    shell.fill("left/many", 60)
    watch = Watching(shell)
    try:
        for path in (shell.left / "many").iterdir():
            path.unlink()
        assert watch.process.wait(20) == 3
    finally:
        watch.process.kill()
    assert len(list((shell.right / "many").iterdir())) == 60
    assert "let it through" in watch.said


def test_what_it_may_do_once_it_asks_for_again(shell: Shell) -> None:
    """That a folder was let through as empty does not hold for the next time that it is."""
    shell.fill("left", 4)
    shell.sync()
    files = [shell.left / each.name for each in shell.right.iterdir() if each.is_file()]
    for file in files:
        file.unlink()
    stopped = shell.sync()
    assert stopped.code == 3
    watch = Watching(shell, "--approve", plan_of(stopped))
    try:
        assert not any((shell.right / each.name).exists() for each in files)
        for file in files:
            file.write_text("again")
        until(lambda: all((shell.right / each.name).exists() for each in files))
        for file in files:
            file.unlink()
        assert watch.process.wait(20) == 3
    finally:
        watch.process.kill()
    assert all((shell.right / each.name).exists() for each in files)


def test_its_state_is_locked_and_can_be_read(shell: Shell, watching: Watching) -> None:
    """While it watches a sync says that the state is busy, and the log can be read."""
    assert shell.sync().code == 6
    assert "folder made, 2 files copied" in shell("log").out
    assert shell("conflicts").code == 0
    assert watching.stop() == 143
    assert shell.sync().code == 0
