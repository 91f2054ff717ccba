"""Bad input: a clear line that says what to do, exit code 2, and nothing touched."""

import os
from pathlib import Path

import pytest

from tests.cli.conftest import Shell

WRONG = {
    "no paths": ("sync", "name at least two folders"),
    "one path": ("sync left", "name at least two folders"),
    "no such folder": ("sync left missing", "there is no folder missing; create it first"),
    "a file": ("sync left file", "file is not a folder"),
    "below a file": ("sync left file/x", "a part of its path is a file"),
    "the same folder": ("sync left left", "left and left are the same folder"),
    "the same folder, spelt otherwise": ("sync left right/../left", "are the same folder"),
    "the same folder, through a link": ("sync left link", "left and link are the same folder"),
    "a folder in the other": ("sync left left/inner", "left/inner lies inside left"),
    "a folder around the other": ("sync left/inner left", "left/inner lies inside left"),
    "a folder in the other, through a link": ("sync left link/inner", "lies inside left"),
    "two of three nested": ("sync left right left/inner", "left/inner lies inside left"),
    "a dangling link": ("sync left nowhere", "nowhere is a link to nothing"),
    "an unknown account": ("sync left gdrive:docs", "there is no account called 'gdrive'"),
    "an unknown option": ("sync left right --fast", "No such option '--fast'"),
    "an unknown command": ("synk left right", "No such command 'synk'"),
    "an unknown mode": ("sync left right --mode mirror", "'--mode': 'mirror' is not one of"),
    "an unknown keep-mode": ("sync left right --keep mine", "'mine' is not one of newer"),
    "keep a path that is not there": ("sync left right --keep path7", "only 2 folders"),
    "an unknown comparison": ("sync left right --compare size,color", "'color' is not one of"),
    "a bad limit": ("sync left right --max-delete lots", "neither a number of files"),
    "a bad share": ("sync left right --max-delete 150%", "neither a number of files"),
    "a bad rate": ("sync left right --bwlimit fast", "'fast' is not a size"),
    "a bad size": ("sync left right --min-size big", "'big' is not a size"),
    "a bad age": ("sync left right --max-age old", "neither an age"),
    "no transfers": ("sync left right --transfers 0", "'--transfers': 0 is not in the range"),
    "crossed sizes": ("sync left right --min-size 2K --max-size 1K", "no file is both"),
    "crossed ages": ("sync left right --min-age 2d --max-age 1d", "no file is both"),
    "a contradiction": ("sync left right --include *.x --exclude *.x", "both included and"),
    "a bad pattern": ("sync left right --exclude a//b", "can never match"),
    "a filter file that is not there": ("sync left right --filter-from no", "does not exist"),
    "a filter file that is wrong": ("sync left right --filter-from rules", "rules, line 2"),
    "loud and quiet": ("sync left right -v -q", "contradict each other"),
    "a plan that was never stopped": ("sync left right --approve 12ab", "there is no plan 12ab"),
    "a state inside": ("sync left right --state left/state", "inside left, which is synced"),
    "a state inside, through a link": ("sync left right --state link/s", "inside left"),
    "a state that is a file": ("sync left right --state file", "--state file is not a folder"),
    "a name without a file": ("sync --name work", "that names syncs"),
    "a name that is not there": ("sync --name work --config c.toml", "no sync called 'work'"),
    "a dry watch": ("watch left right --dry-run", "No such option '--dry-run'"),
    "too short an interval": ("watch left right --interval 0", "'0' is not a duration"),
    "a folder to watch that is not there": ("watch left missing", "there is no folder missing"),
    "checking one folder": ("check left", "name at least two folders"),
    "checking what is not there": ("check left missing", "there is no folder missing"),
    "the log of strangers": ("log left right", "left and right have not been synced yet"),
    "the log of no state": ("log --state nothing", "there is no state in nothing"),
    "the conflicts of strangers": ("conflicts left right", "have not been synced yet"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_and_nothing_touched(shell: Shell, case: str) -> None:
    """A usage error is one line on stderr and exit code 2, and leaves everything as it was."""
    command, message = WRONG[case]
    shell.write("left/inner/a")
    shell.write("right/b")
    shell.write("file")
    shell.write("rules", "*.tmp\na//b\n")
    shell.write("c.toml", "[sync.play]\npaths = ['left', 'right']\n")
    (shell.folder / "link").symlink_to("left")
    (shell.folder / "nowhere").symlink_to("gone")
    before = shell.tree()

    said = shell(*command.split())

    assert said.code == 2
    assert message in said.err
    assert said.err.startswith("syncoxiders: ")
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert shell.tree() == before


def test_a_colon_behind_a_separator_is_a_local_path(shell: Shell) -> None:
    """``./a:b`` is a folder, as is whatever exists under that name; only the rest are accounts."""
    (shell.folder / "a:b").mkdir()
    shell.write("left/x")
    assert shell("sync", "left", "./a:b").code == 0
    assert shell("sync", "left", "a:b").code == 0
    assert (shell.folder / "a:b" / "x").exists()
    assert "there is no folder ./c:d" in shell("sync", "left", "./c:d").err


def test_control_characters_do_not_reach_the_terminal(shell: Shell) -> None:
    """A name can neither break a message into lines nor command the terminal."""
    said = shell("sync", "left", "a\n\x1b[2J\udcff")
    assert (
        said.err
        == "syncoxiders: there is no folder a\\n\\x1b[2J\\xff; create it first, if it is meant\n"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is denied to root")
@pytest.mark.parametrize(("mode", "word"), [(0o300, "read"), (0o500, "written")])
def test_a_folder_without_permission_is_refused(shell: Shell, mode: int, word: str) -> None:
    """A root that cannot be read, or not be written, is an error of usage."""
    shell.right.chmod(mode)
    try:
        said = shell.sync()
    finally:
        shell.right.chmod(0o700)
    assert said.code == 2
    assert f"right cannot be {word}" in said.err


def test_help_names_every_exit_code(shell: Shell) -> None:
    """What scripts depend on is in ``--help``."""
    said = shell("sync", "--help")
    assert said.code == 0
    for code in (0, 1, 2, 3, 4, 5, 6, 7, 8, 130, 143):
        assert f"\n    {code:>3}  " in said.out


def test_no_command_is_answered_with_help(shell: Shell) -> None:
    """Called with nothing, the program says what it can do, which is not success."""
    said = shell()
    assert said.code == 2
    assert "sync" in said.out


def test_version(shell: Shell) -> None:
    """``--version`` is one line."""
    assert shell("--version").out == "syncoxiders 0.1.0\n"


def test_a_state_of_something_else_is_not_touched(shell: Shell) -> None:
    """A file that is no state of ours is refused with a code of its own, and stays as it is."""
    foreign = shell.write("state/state.db", "my precious notes")
    shell.write("left/a")
    said = shell.sync("--state", "state")
    assert said.code == 7
    assert "is not a state of SyncOxiders" in said.err
    assert foreign.read_text() == "my precious notes"
    assert list(shell.right.iterdir()) == []


def test_unexpected_errors_show_no_traceback_unless_asked(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug is one line and exit code 1; ``SYNCOXIDERS_DEBUG=1`` shows where it is."""

    def fail(*_: object, **__: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr("syncoxiders.cli.run.sync", fail)
    said = shell.sync()
    assert said.code == 1
    assert said.err == (
        "syncoxiders: unexpected error (LookupError: a bug); SYNCOXIDERS_DEBUG=1 shows where\n"
    )
    monkeypatch.setenv("SYNCOXIDERS_DEBUG", "1")
    assert "Traceback" in shell.sync().err


def test_an_error_of_the_system_is_said_in_its_words(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the operating system names the file."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", str(Path("/full")))

    monkeypatch.setattr("syncoxiders.cli.run.sync", fail)
    said = shell.sync()
    assert said.code == 1
    assert said.err == "syncoxiders: No space left on device: /full\n"
