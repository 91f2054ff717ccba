"""Named syncs from a TOML file: the options of the command line, which wins."""

import pytest

from tests.cli.conftest import Said, Shell

WORK = "[sync.work]\npaths = ['~/../left', '~/../right']"


def named(shell: Shell, toml: str, *args: str) -> Said:
    shell.config.parent.mkdir(parents=True, exist_ok=True)
    shell.config.write_text(toml)
    return shell("sync", "--name", "work", *args)


def test_a_name_stands_for_paths_and_options(shell: Shell) -> None:
    """Paths and options of the file are taken; paths are relative to it, ``~`` is the home."""
    shell.write("left/a.txt")
    shell.write("left/a.tmp")
    shell.write("right/extra")
    toml = f"""
    [sync.work]
    paths = ["{shell.left}", "../../../right"]
    mode = "one-way"
    exclude = ["*.tmp"]
    max-delete = "100%"
    verify = false
    transfers = 2
    compare = ["size", "modtime"]
    interval = "1h"
    """
    assert named(shell, toml).code == 0
    assert (shell.right / "a.txt").exists()
    assert not (shell.right / "a.tmp").exists()
    assert not (shell.left / "extra").exists()


def test_the_command_line_wins(shell: Shell) -> None:
    """An option of the command line replaces the file's; its filters come after the file's."""
    shell.write("left/a.log")
    shell.write("left/b.log")
    shell.write("right/r")
    toml = """
    [sync.work]
    paths = ["~/../left", "~/../right"]
    mode = "one-way"
    exclude = ["*.log"]
    """
    assert named(shell, toml, "--mode", "two-way", "--include", "b.log").code == 0
    assert (shell.left / "r").exists()
    assert [each.name for each in shell.right.glob("*.log")] == ["b.log"]


def test_filters_apply_in_the_order_of_the_file(shell: Shell) -> None:
    """Of all filters the last match wins, in the file as on the command line."""
    shell.write("left/a.log")
    toml = """
    [sync.work]
    paths = ["~/../left", "~/../right"]
    include = ["a.log"]
    exclude = ["*.log"]
    """
    named(shell, toml)
    assert not (shell.right / "a.log").exists()
    assert shell("sync", "left", "right", "--exclude", "*.log", "--include", "a.log").code == 0
    assert (shell.right / "a.log").exists()


def test_the_state_of_a_name_is_used_by_all_commands(shell: Shell) -> None:
    """``log --name`` and ``conflicts --name`` find the state that the file names."""
    shell.write("left/a")
    toml = f"{WORK}\nstate = '../../../mine'\nkeep = 'older'\n"
    assert named(shell, toml).code == 0
    assert (shell.folder / "mine" / "state.db").exists()
    assert "1 file copied" in shell("log", "--name", "work").out
    assert shell("conflicts", "--name", "work").code == 0


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        (f"{WORK}\nspeed = 3", "no option 'speed'"),
        (f"{WORK}\nkeep = 'mine'", "'mine' is not one of"),
        (
            f"{WORK}\nkeep = ['older']",
            "not a single value",
        ),
        (f"{WORK}\nexclude = 3", "not a list of texts"),
        ("[sync.work]\npaths = ['~/../left']", "name at least two folders"),
        ("[sync.work]\nmode = 'copy'", "name at least two folders"),
        ("[sync.play]\npaths = []", "no sync called 'work'; "),
        ("[sync]\nwork = 1", "is not a table"),
        ("sync = 1", "'sync' is not a table"),
        ("[sync.work", "is not TOML"),
    ],
)
def test_a_file_that_is_wrong_is_an_error_of_usage(shell: Shell, toml: str, message: str) -> None:
    """What is wrong in the file is told with its place, and nothing is touched."""
    shell.write("left/a")
    said = named(shell, toml)
    assert said.code == 2
    assert message in said.err
    assert said.err.count("\n") == 1
    assert not list(shell.right.iterdir())
