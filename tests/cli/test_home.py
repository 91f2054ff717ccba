"""Where state lives: found by the set of folders, the same ids for ever, never inside one."""

import json
from pathlib import Path

from syncoxiders.adapters.state.sqlite import SqliteStateStore
from syncoxiders.cli import home
from syncoxiders.cli.endpoints import labels, parse
from tests.cli.conftest import Shell


def states(shell: Shell) -> list[Path]:
    return sorted(shell.states.iterdir())


def ids(folder: Path) -> dict[str, str]:
    with SqliteStateStore(folder / "state.db", read_only=True) as store:
        return {
            Path(address).name: each
            for each, address in home.endpoints(store.sync(home.OWNER, home.SYNC)).items()
        }


def test_the_same_set_is_the_same_sync(shell: Shell) -> None:
    """However the folders are spelt and in whatever order, their state is found again."""
    (shell.folder / "link").symlink_to("right")
    shell.write("left/a")
    shell.write("left/b")
    shell.sync()
    before = ids(states(shell)[0])
    (shell.left / "a").unlink()
    assert shell("sync", "link", shell.left).code == 0
    assert len(states(shell)) == 1
    assert not (shell.right / "a").exists()
    assert ids(states(shell)[0]) == before == {"left": "a", "right": "b"}


def test_another_set_is_another_sync(shell: Shell) -> None:
    """Folders that share one folder with a known sync, or are a part of it, start their own."""
    (shell.folder / "third").mkdir()
    shell.sync()
    shell("sync", "left", "third")
    assert len(states(shell)) == 2


def test_a_further_folder_joins(shell: Shell) -> None:
    """A superset of one known sync joins its state; nothing that was deleted comes back."""
    shell.write("third/old", "old")
    shell.write("left/old", "old")
    shell.write("left/kept", "kept")
    shell.sync()
    (shell.left / "old").unlink()
    shell.sync()
    said = shell("sync", "third", "left", "right")
    assert said.code == 0
    assert len(states(shell)) == 1
    assert ids(states(shell)[0]) == {"left": "a", "right": "b", "third": "c"}
    assert (shell.folder / "third" / "kept").read_text() == "kept"


def test_a_part_of_what_was_joined_is_a_sync_of_its_own(shell: Shell) -> None:
    """Once a third folder has joined, the two alone do not change its state."""
    (shell.folder / "third").mkdir()
    shell.sync()
    shell("sync", "left", "right", "third")
    shell.sync()
    assert len(states(shell)) == 2


def test_several_that_could_be_joined_are_named(shell: Shell) -> None:
    """Which of several syncs to join is not guessed."""
    for name in ("third", "fourth"):
        (shell.folder / name).mkdir()
    shell.sync()
    shell("sync", "left", "third")
    said = shell("sync", "left", "right", "third", "fourth")
    assert said.code == 2
    assert "several known syncs could be joined" in said.err
    assert str(states(shell)[0]) in said.err
    assert str(states(shell)[1]) in said.err
    assert not list((shell.folder / "fourth").iterdir())


def test_a_given_state_is_not_mixed_up(shell: Shell) -> None:
    """A state that keeps other folders in step, too, is refused."""
    (shell.folder / "third").mkdir()
    shell.sync("--state", "state")
    said = shell("sync", "left", "third", "--state", "state")
    assert said.code == 2
    assert f"keeps {shell.left} and {shell.right} in step" in said.err


def test_the_usual_place_inside_a_synced_folder_is_refused(shell: Shell) -> None:
    """A person's whole home cannot be synced with the state in it."""
    (shell.folder / "home").mkdir()
    said = shell("sync", "home", "left")
    assert said.code == 2
    assert "state would live inside home, which is synced" in said.err
    assert not list((shell.folder / "home").iterdir())


def test_a_lost_index_is_repeated_from_the_store(shell: Shell) -> None:
    """The file beside the store is a convenience: without it nothing is mistaken."""
    shell.write("left/a")
    shell.sync()
    (index,) = shell.states.rglob("folders.json")
    before = json.loads(index.read_text())
    for damage in (index.unlink, lambda: index.write_text("{")):
        damage()
        (shell.right / "a").rename(shell.right / "b")
        (shell.right / "b").rename(shell.right / "a")
        assert shell("sync", "right", "left").out == "right ⇄ left: in step, nothing to do.\n"
    assert len(states(shell)) == 1
    index.unlink()
    shell.sync()
    assert json.loads(index.read_text()) == before


def test_ids_do_not_run_out_and_are_not_reused() -> None:
    """An id stays with its folder; a new folder gets one that nobody has."""
    assert home.assign({"b": "/x"}, ["/y", "/x"]) == {"a": "/y", "b": "/x"}
    many = home.assign({}, [f"/{number}" for number in range(40)])
    assert len(many) == 40


def test_labels() -> None:
    """A folder is called by its own name, or by its number where two have the same."""
    assert labels([parse("/x/left"), parse("/x/right")]) == ["left", "right"]
    assert labels([parse("/x/docs"), parse("/y/Docs")]) == ["path1", "path2"]
    assert labels([parse("/x/docs"), parse("/y/docs"), parse("/z")]) == ["path1", "path2", "z"]
    assert labels([parse("/"), parse("/path1")]) == ["path1", "path2"]
