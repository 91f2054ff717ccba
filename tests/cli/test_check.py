"""``check``: equal by content or not, and nothing changed."""

import os

from tests.cli.conftest import Shell


def test_equal_folders(shell: Shell) -> None:
    """What has the same content is equal, whatever its times; the exit code says so."""
    shell.write("left/a/b", "same")
    shell.write("right/a/b", "same")
    os.utime(shell.right / "a" / "b", (1, 1))
    said = shell("check", "left", "right")
    assert (said.code, said.out) == (0, "equal; 1 file compared by content (8 B read).\n")


def test_differences_are_listed(shell: Shell) -> None:
    """What is only in one, of another kind or of another content is a difference."""
    for side, content in (("left", "abc"), ("right", "abd")):
        shell.write(f"{side}/same", "same")
        place = shell.write(f"{side}/content", content)
        os.utime(place, (1, 1))
    shell.write("left/size", "12")
    shell.write("right/size", "123")
    shell.write("left/only/inner")
    shell.write("left/kind")
    (shell.right / "kind").mkdir()
    before = shell.tree()
    said = shell("check", "left", "right")
    assert said.code == 8
    assert said.out.splitlines() == [
        "kind: file in left and folder in right",
        "only: only in left",
        "only/inner: only in left",
        "size: 2 B in left and 3 B in right",
        "content: different content",
        "5 differences; 2 files compared by content (14 B read).",
    ]
    assert shell.tree() == before


def test_several_folders(shell: Shell) -> None:
    """More than two folders are compared with each other."""
    for side in ("left", "right", "third"):
        shell.write(f"{side}/a", "same")
    shell.write("third/b")
    said = shell("check", "left", "right", "third")
    assert said.out.splitlines()[0] == "b: only in third"


def test_filters_hide_on_all_sides(shell: Shell) -> None:
    """What an option or a ``.syncignore`` file leaves out anywhere is not compared."""
    shell.write("left/a.log", "1")
    shell.write("left/b.tmp", "1")
    shell.write("right/b.tmp", "22")
    shell.write("left/.syncignore", "*.log\n")
    assert shell("check", "left", "right", "--exclude", ".sync*", "--exclude", "*.tmp").code == 0
    assert shell("check", "left", "right", "--include", "*.tmp").code == 8


def test_for_programs_and_in_silence(shell: Shell) -> None:
    """``--json`` prints an object for each difference and one at the end; ``-q`` nothing."""
    shell.write("left/a")
    said = shell("check", "left", "right", "--json")
    assert [each["path"] for each in said.of("difference")] == ["a"]
    assert said.of("check")[0]["equal"] is False
    assert shell("check", "left", "right", "-q").out == ""
