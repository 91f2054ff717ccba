"""``log`` and ``conflicts``: what the state remembers, also while a sync runs."""

from pathlib import Path

from syncoxiders.adapters.state.sqlite import SqliteStateStore
from tests.cli.conftest import Shell


def conflict(shell: Shell, name: str = "notes/plan.txt") -> Path:
    """Leave a conflict copy of what was written on the left."""
    shell.write(f"left/{name}", "base")
    shell.sync()
    shell.edit(f"left/{name}", "from the left", 10)
    shell.edit(f"right/{name}", "from the right", 20)
    shell.sync()
    (copy,) = shell.left.rglob("*.conflict-*")
    return copy


def test_nothing_is_known_at_first(shell: Shell) -> None:
    """Where nothing was synced, there is nothing to tell, and that is no error."""
    assert shell("log").out == "Nothing has been synced yet.\n"
    assert shell("conflicts").out == "No conflict copies.\n"
    assert shell("log", "--json").out == ""


def test_the_log_tells_runs_and_what_each_did(shell: Shell) -> None:
    """Runs are listed newest last; of one run everything that it did."""
    shell.write("left/a", "12345")
    shell.sync()
    shell.sync()
    shell.sync()
    (shell.left / "a").rename(shell.left / "b")
    shell.sync()
    lines = shell("log", "left", "right").out.splitlines()
    assert lines[0] == f"{shell.left} and {shell.right}"
    assert lines[2].endswith("done         1 file copied (5 B)")
    assert lines[-1].endswith("done         1 moved")
    number = lines[-1].split()[0]
    assert shell("log", "--run", number).out.splitlines()[-1] == "  move         right: b"
    assert shell("log", "--run", "999").code == 2
    assert len(shell("log", "--limit", "1").out.splitlines()) == 3


def test_the_log_for_programs(shell: Shell) -> None:
    """Each run is an object; with ``--run`` each event as well."""
    shell.write("left/a", "12345")
    shell.sync()
    (run,) = shell("log", "--json").of("run")
    assert run["outcome"] == "done"
    assert run["counts"]["create"] == 1
    assert run["folders"] == [str(shell.left), str(shell.right)]
    (event,) = shell("log", "--run", str(run["run"]), "--json").of("event")
    assert (event["verb"], event["path"]) == ("create", "a")


def test_without_folders_all_syncs_are_told(shell: Shell) -> None:
    """``log`` alone lists every known sync; ``--run`` then has to know of which."""
    (shell.folder / "third").mkdir()
    shell.sync()
    shell("sync", "left", "third")
    said = shell("log")
    assert f"{shell.left} and {shell.right}\n" in said.out
    assert f"{shell.left} and {shell.folder / 'third'}\n" in said.out
    assert "say of which sync" in shell("log", "--run", "1").err


def test_conflicts_says_where_and_whose(shell: Shell) -> None:
    """A conflict copy is listed with its place, whose version it is, and of what."""
    copy = conflict(shell)
    said = shell("conflicts")
    assert f"{shell.left} and {shell.right}: 1 conflict copy\n" in said.out
    assert f"  notes/{copy.name}\n" in said.out
    assert "      the version of left of notes/plan.txt, 13 B, " in said.out
    (found,) = shell("conflicts", "--json").of("conflict")
    assert found["path"] == f"notes/{copy.name}"
    assert (found["label"], found["of"]) == ("left", "notes/plan.txt")


def test_a_conflict_copy_that_was_deleted_is_not_open_any_more(shell: Shell) -> None:
    """Deleting the copy in any folder is how a person closes a conflict."""
    conflict(shell).unlink()
    shell.sync()
    assert shell("conflicts").out == "No conflict copies.\n"


def test_both_work_while_a_sync_runs(shell: Shell) -> None:
    """Reading needs no lock."""
    conflict(shell)
    (database,) = shell.states.rglob("state.db")
    with SqliteStateStore(database):
        assert shell("log").code == 0
        assert shell("conflicts", "left", "right").code == 0
