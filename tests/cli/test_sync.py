"""``sync``: what a person is told and what a program is told, and the exit codes."""

import os
import re
from pathlib import Path

import pytest

from syncoxiders.adapters.providers.folder import FolderProvider
from syncoxiders.adapters.state.sqlite import SqliteStateStore
from syncoxiders.cli.exits import MEANINGS, Exit
from syncoxiders.cli.output import exit_code
from syncoxiders.core.model import Ref
from syncoxiders.engine.report import Outcome
from syncoxiders.ports.errors import Denied
from syncoxiders.ports.provider import Reader
from syncoxiders.ports.state import Event
from tests.cli.conftest import Said, Shell, plan_of


def test_a_first_run_and_one_with_nothing_to_do(shell: Shell) -> None:
    """The summary says what was done, or that there was nothing to do."""
    shell.write("left/notes/a.txt", "hello")
    shell.write("right/b.txt", "you")
    said = shell.sync()
    assert said.code == 0
    assert said.err == ""
    assert re.fullmatch(
        r"left ⇄ right: 1 folder made, 2 files copied \(8 B in [0-9.]+ s\)\.\n", said.out
    )
    assert (shell.right / "notes" / "a.txt").read_text() == "hello"
    assert (shell.left / "b.txt").read_text() == "you"
    assert shell.sync().out == "left ⇄ right: in step, nothing to do.\n"


def test_verbose_says_every_step(shell: Shell) -> None:
    """With ``-v`` there is a line for each action, with its direction."""
    shell.write("left/notes/a.txt", "hello")
    said = shell.sync("-v")
    assert "new        left → right  notes/\n" in said.out
    assert "new        left → right  notes/a.txt  (5 B)\n" in said.out


def test_quiet_says_nothing(shell: Shell) -> None:
    """With ``-q`` a run that went well says nothing."""
    shell.write("left/a")
    said = shell.sync("-q")
    assert (said.code, said.out, said.err) == (0, "", "")
    assert (shell.right / "a").exists()


def test_names_that_are_no_text_are_shown_and_told_apart(shell: Shell) -> None:
    """A name of arbitrary bytes is synced; people see it escaped, programs get it whole."""
    name = os.fsdecode(b"caf\xe9\x1b")
    (shell.left / name).write_text("x")
    dry = shell.sync("--dry-run")
    assert "caf\\xe9\\x1b" in dry.out
    assert [each["path"] for each in shell.sync("--json").of("action")] == [name]
    assert (shell.right / name).exists()


def test_a_conflict_is_told_and_done(shell: Shell) -> None:
    """Conflicts are kept side by side, told, and no failure unless that is asked for."""
    shell.write("left/plan.txt", "base")
    shell.sync()
    shell.edit("left/plan.txt", "from the left", 10)
    shell.edit("right/plan.txt", "from the right!", 20)
    said = shell.sync()
    assert said.code == 0
    assert re.search(
        r"^conflict   plan\.txt \(left\): kept as plan\.conflict-left-", said.out, re.MULTILINE
    )
    assert "1 conflict: see syncoxiders conflicts." in said.out
    assert (shell.left / "plan.txt").read_text() == "from the right!"
    shell.edit("left/plan.txt", "again from the left", 10)
    shell.edit("right/plan.txt", "again from the right!", 20)
    assert shell.sync("--fail-on-conflict").code == 5


def test_what_is_left_out_is_said_once(shell: Shell) -> None:
    """Many links are one note, a few are named; with ``-v`` all are."""
    for number in range(3):
        (shell.left / f"link{number}").symlink_to("nowhere")
    assert shell.sync().out.count("\nnote") + 1 >= 3
    (shell.left / "link3").symlink_to("nowhere")
    assert "note       4 times in left: a symbolic link (-v shows all)\n" in shell.sync().out
    assert "note       link3 (left): a symbolic link\n" in shell.sync("-v").out


def test_what_went_wrong_is_said_with_its_place(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that cannot be read is named once, the others are synced, the exit code says so."""
    read = FolderProvider.read

    def deny(self: FolderProvider, ref: Ref, version: str) -> Reader:
        if ref.path == "notes/secret":
            raise Denied("notes/secret: Permission denied")
        return read(self, ref, version)

    monkeypatch.setattr(FolderProvider, "read", deny)
    shell.write("left/notes/secret", "x" * (4 << 20))  # too large to be carried along with others
    shell.write("left/notes/plain")
    said = shell.sync()
    assert said.code == 4
    assert re.fullmatch(
        r"syncoxiders: notes/secret \((left|right)\): Permission denied\n", said.err
    )
    assert (shell.right / "notes" / "plain").exists()


class TestDryRun:
    """A dry run says what would be done."""

    def test_it_touches_nothing(self, shell: Shell) -> None:
        """Neither the folders nor the state are touched, whether there is a state or not."""
        shell.fill("left/new", 3)
        before = shell.tree()
        assert shell.sync("--dry-run").code == 0
        assert shell.tree() == before
        shell.sync()
        shell.write("left/more")
        (shell.left / "new" / "file0").unlink()
        before = shell.tree()
        assert "delete" in shell.sync("--dry-run").out
        assert shell.tree() == before

    def test_its_plan_is_what_happens(self, shell: Shell) -> None:
        """What a dry run tells is what the run then does."""
        shell.write("left/old/a", "a")
        shell.write("left/b", "b")
        shell.write("left/gone", "c")
        shell.sync()
        (shell.left / "old").rename(shell.left / "fresh")
        (shell.right / "gone").unlink()
        shell.edit("right/b", "changed", 10)
        planned = shell.sync("--dry-run", "--json").of("action")
        done = shell.sync("--json").of("action")
        key = {(each["kind"], each["endpoint"], each["path"]) for each in planned}
        assert key == {(each["kind"], each["endpoint"], each["path"]) for each in done}
        assert ("move", "b", "fresh") in key
        assert [each["before"] for each in planned if each["kind"] == "move"] == ["old"]

    def test_it_is_grouped_by_direction_and_folded(self, shell: Shell) -> None:
        """A new folder stands for all that is in it; ``-v`` shows everything."""
        shell.fill("left/photos/2024", 30)
        shell.fill("left/many", 0)
        shell.write("right/r", "12")
        said = shell.sync("--dry-run")
        assert "left → right\n  new        photos/  with 30 files, 50 B\n" in said.out
        assert "right → left\n  new        r  2 B\n" in said.out
        assert said.out.endswith("To do: 33 new; 52 B to carry.\n")
        assert "  new        photos/2024/file7   1 B\n" in shell.sync("--dry-run", "-v").out

    def test_long_lists_are_cut(self, shell: Shell) -> None:
        """Of many files at one place only some are shown, and that is said."""
        shell.fill("left", 100)
        said = shell.sync("--dry-run")
        assert said.out.count("  new  ") == 20
        assert "… and 80 more (-v shows all)" in said.out
        assert shell.sync("--dry-run", "-v").out.count("  new  ") == 100

    def test_it_works_beside_a_run(self, shell: Shell) -> None:
        """A dry run needs no lock."""
        shell.write("left/a")
        shell.sync("--state", "state")
        with SqliteStateStore(shell.folder / "state" / "state.db"):
            assert shell.sync("--state", "state", "--dry-run").code == 0


class TestPrograms:
    """``--json`` prints one object per line."""

    def test_every_line_has_its_schema(self, shell: Shell) -> None:
        """Every object says what it is and in which version; the last one how it ended."""
        shell.write("left/a", "abc")
        for said in (shell.sync("--dry-run", "--json"), shell.sync("--json")):
            assert [each["schema"] for each in said.objects] == [
                "syncoxiders.sync/1",
                "syncoxiders.action/1",
                "syncoxiders.outcome/1",
            ]
        sync, action, outcome = said.objects
        assert [each["address"] for each in sync["endpoints"]] == [
            str(shell.left),
            str(shell.right),
        ]
        assert (action["kind"], action["path"], action["size"]) == ("create", "a", 3)
        assert (outcome["outcome"], outcome["exit"], outcome["bytes"]) == ("done", 0, 3)


class TestGuard:
    """A guard stops the sync, says how to look at the plan, and how to let it through."""

    @staticmethod
    def stop(shell: Shell) -> Said:
        shell.fill("left", 40)
        shell.sync()
        for number in range(39):
            (shell.left / f"file{number}").unlink()
        return shell.sync("--max-delete", "10")

    def test_it_stops_before_anything_is_lost(self, shell: Shell) -> None:
        """Nothing is deleted, and the exit code is the guard's own."""
        said = self.stop(shell)
        assert said.code == 3
        assert len(list(shell.right.iterdir())) == 40
        assert "stopped: 39 of " in said.err
        plan = plan_of(said)
        assert f"syncoxiders log --plan {plan}\n" in said.err
        assert f"--approve {plan}\n" in said.err

    def test_its_plan_can_be_looked_at(self, shell: Shell) -> None:
        """The command that it names shows what would be done."""
        plan = plan_of(self.stop(shell))
        shown = shell("log", "--plan", plan)
        assert shown.code == 0
        assert shown.out.count("  delete  ") == 39
        assert f"--approve {plan}" in shown.out
        objects = shell("log", "--plan", plan, "--json")
        assert len(objects.of("planned")) == 39
        assert shell("log", "--plan", "other").code == 2

    def test_it_lets_the_approved_plan_through(self, shell: Shell) -> None:
        """``--approve`` lets exactly that plan through, once."""
        plan = plan_of(self.stop(shell))
        wrong = shell.sync("--approve", "123456")
        assert wrong.code == 2
        assert f"the one that was stopped last is {plan}" in wrong.err
        assert shell.sync("--max-delete", "10", "--approve", plan).code == 0
        assert [each.name for each in shell.right.iterdir() if each.is_file()] == ["file39"]
        assert "none was stopped" in shell.sync("--approve", plan).err

    def test_a_plan_that_has_changed_is_not_let_through(self, shell: Shell) -> None:
        """What was approved is the plan, not whatever comes after it."""
        plan = plan_of(self.stop(shell))
        (shell.left / "file39").unlink()
        said = shell.sync("--max-delete", "10", "--approve", plan)
        assert said.code == 3
        assert len(list(shell.right.iterdir())) == 40

    def test_the_state_folder_is_named_where_it_was_given(self, shell: Shell) -> None:
        """With ``--state`` the command to look at the plan finds it there."""
        shell.fill("left", 40)
        shell.sync("--state", "my state")
        for number in range(40):
            (shell.left / f"file{number}").unlink()
        said = shell.sync("--state", "my state", "--max-delete", "10")
        assert said.code == 3
        plan = plan_of(said)
        assert f"syncoxiders log --state 'my state' --plan {plan}\n" in said.err
        assert shell("log", "--state", "my state", "--plan", plan).code == 0

    def test_a_dry_run_says_so_as_well(self, shell: Shell) -> None:
        """A dry run tells that the run would be stopped, in words and by its exit code."""
        self.stop(shell)
        said = shell.sync("--max-delete", "10", "--dry-run")
        assert said.code == 3
        assert "this would be stopped: 39 of" in said.err

    def test_a_folder_that_is_gone_stops_it(self, shell: Shell) -> None:
        """A folder that has been in step and is missing is a loss, not a slip of the pen."""
        shell.write("left/a")
        shell.sync()
        shell.right.rename(shell.folder / "elsewhere")
        said = shell.sync()
        assert said.code == 3
        assert "stopped: " in said.err
        assert (shell.left / "a").exists()
        assert not shell.right.exists()

    def test_other_folders_in_the_place_of_two(self, shell: Shell) -> None:
        """All that a run asks is one plan, and let through at once."""
        shell.write("left/a")
        (shell.folder / "third").mkdir()
        assert shell("sync", "left", "right", "third").code == 0
        for name in ("right", "third"):
            (shell.folder / name).rename(shell.folder / f"{name}-elsewhere")
            (shell.folder / name).mkdir()
        said = shell("sync", "left", "right", "third")
        assert said.code == 3
        assert "the root of right is" in said.err
        assert "the root of third is" in said.err
        assert shell("sync", "left", "right", "third", "--approve", plan_of(said)).code == 0
        assert (shell.right / "a").exists()
        assert (shell.folder / "third" / "a").exists()

    def test_another_folder_in_its_place_stops_it(self, shell: Shell) -> None:
        """A root that was exchanged asks; once let through it is filled, nothing is deleted."""
        shell.write("left/a")
        shell.sync()
        shell.right.rename(shell.folder / "elsewhere")
        shell.right.mkdir()
        said = shell.sync()
        assert said.code == 3
        plan = plan_of(said)
        assert "another folder" in shell("log", "--plan", plan).out
        assert shell.sync("--approve", plan).code == 0
        assert (shell.right / "a").exists()


class TestState:
    """A state that cannot be used."""

    def test_a_second_run_says_so_and_exits(self, shell: Shell) -> None:
        """Two runs on one state: the second has an exit code of its own."""
        shell.write("left/a")
        shell.sync("--state", "state")
        with SqliteStateStore(shell.folder / "state" / "state.db"):
            said = shell.sync("--state", "state")
        assert said.code == 6
        assert "Another run is using the state" in said.err

    def test_a_damaged_one_is_not_touched(self, shell: Shell) -> None:
        """A damaged state is an error of its own; neither it nor a folder is touched."""
        shell.write("left/a")
        shell.sync("--state", "state")
        database = shell.folder / "state" / "state.db"
        data = bytearray(database.read_bytes())
        data[100:] = b"\xa5" * (len(data) - 100)
        database.write_bytes(data)
        (shell.left / "a").unlink()
        said = shell.sync("--state", "state")
        assert said.code == 7
        assert "damaged" in said.err
        assert database.read_bytes() == data
        assert (shell.right / "a").exists()

    def test_a_lost_one_is_a_union(self, shell: Shell) -> None:
        """Without its state a sync starts over: nothing is deleted."""
        shell.write("left/a")
        shell.sync("--state", "state")
        for path in Path("state").iterdir():
            path.unlink()
        (shell.left / "a").unlink()
        assert shell.sync("--state", "state").code == 0
        assert (shell.left / "a").exists()


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome(), Exit.DONE),
        (Outcome(conflicts=2), Exit.CONFLICTS),
        (Outcome(conflicts=2, errors=[Event("error", "a", "x", "no")]), Exit.PARTIAL),
        (Outcome(left=[Event("left", "a", "x", "it changes")]), Exit.PARTIAL),
        (Outcome(away={"b": "not there"}), Exit.PARTIAL),
    ],
)
def test_exit_codes(outcome: Outcome, code: Exit) -> None:
    """What could not be brought into step weighs more than a conflict."""
    assert exit_code(outcome, fail_on_conflict=True) is code


def test_every_exit_code_has_a_meaning() -> None:
    """No code is undocumented."""
    assert MEANINGS.keys() == set(Exit)
