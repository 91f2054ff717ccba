"""What is shown while a run works, and how it is interrupted."""

import io
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console

from syncoxiders.cli import display, progress
from syncoxiders.cli.output import Sides
from syncoxiders.cli.progress import Interrupted, Lines, Tally
from syncoxiders.cli.text import counted, duration, listed, shown, size
from syncoxiders.core.model import Action, ActionKind, Endpoint, Mode, Source
from tests.cli.conftest import Shell

PROGRAM = Path(sys.executable).with_name("syncoxiders")
SIDES = Sides((Endpoint("a", "left"), Endpoint("b", "right")), {}, Mode.TWO_WAY)


def create(number: int, bytes_: int) -> Action:
    source = Source("a", str(number), "1")
    return Action(f"{number}", ActionKind.CREATE, "b", number, size=bytes_, source=source)


def test_transfers_end_once_somebody_wants_to_stop() -> None:
    """What is being carried is dropped at its next bytes, in whatever thread."""
    stop = threading.Event()
    tally = Tally(stop)
    tally.moved(10)
    stop.set()
    with pytest.raises(Interrupted):
        tally.moved(10)
    assert tally.carried == 10


def test_a_plain_stream_is_told_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal a long run says how far it is, not every file."""
    monkeypatch.setattr(progress, "STATUS_SECONDS", 0.0)
    lines = Lines(threading.Event(), SIDES, verbose=False)
    lines.planned([create(1, 1024), create(2, 1024)])
    lines.moved(1024)
    lines.finished(create(1, 1024), "x", ok=True)
    assert capsys.readouterr().out == "1 of 2 done, 1.0 KiB of 2.0 KiB\n"


def test_the_display_shows_files_bytes_rate_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal there are the counts of files and bytes, a rate, and the time left."""
    out = io.StringIO()
    monkeypatch.setattr(
        display,
        "Console",
        lambda **_: Console(file=out, force_terminal=True, width=100, legacy_windows=False),
    )
    tally = Tally(threading.Event())
    with display.Display(tally, "left ⇄ right"):
        tally.phase("looking")
        time.sleep(0.3)
        tally.planned([create(number, 1 << 20) for number in range(40)])
        for number in range(30):
            tally.moved(1 << 20)
            tally.finished(create(number, 1 << 20), "x", ok=True)
            time.sleep(0.03)
    told = out.getvalue()
    assert "left ⇄ right" in told
    assert "looking" in told
    assert "/40  " in told
    assert "MiB/40.0 MiB" in told
    assert "MiB/s" in told
    assert " left" in told


def test_a_terminal_gets_the_display_and_a_pipe_does_not(shell: Shell) -> None:
    """The display is for people: it is drawn on a terminal, and gone in the end."""
    shell.write("left/a")
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [PROGRAM, "sync", "left", "right"],
        cwd=shell.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=follower,
    ) as process:
        os.close(follower)
        drawn = b""
        try:
            while data := os.read(leader, 1 << 16):
                drawn += data
        except OSError:
            pass  # the terminal is hung up
        assert process.stdout is not None
        told = process.stdout.read().decode()
    os.close(leader)
    assert b"\x1b[" in drawn
    assert "\x1b" not in told
    assert "1 file copied" in told


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_at_once_and_the_next_run_goes_on(
    shell: Shell, number: signal.Signals, code: int
) -> None:
    """Ctrl-C and SIGTERM end a run in the middle of a transfer, cleanly; nothing is lost."""
    for name in ("one", "two", "three", "four"):
        (shell.left / name).write_bytes(os.urandom(2 << 20))
    with subprocess.Popen(
        [PROGRAM, "sync", "left", "right", "--bwlimit", "1M"],
        cwd=shell.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        end = time.monotonic() + 20
        while not list(shell.right.iterdir()):
            assert time.monotonic() < end
            time.sleep(0.05)
        began = time.monotonic()
        process.send_signal(number)
        _, told = process.communicate(timeout=20)
        assert time.monotonic() - began < 3
    assert process.returncode == code
    assert (
        told.strip() == "syncoxiders: interrupted; nothing is lost, the next run goes on from here"
    )
    assert shell.sync().code == 0
    assert shell("check", "left", "right").code == 0
    assert not list(shell.right.glob(".syncoxiders-tmp-*"))


def test_texts() -> None:
    """Sizes, durations, lists and names as people read them."""
    assert [size(0), size(1023), size(1536), size(5 << 30)] == [
        "0 B",
        "1023 B",
        "1.5 KiB",
        "5.0 GiB",
    ]
    assert [duration(0.04), duration(59.97), duration(300), duration(3725)] == [
        "0.0 s",
        "1 min",
        "5 min",
        "1 h 2 min",
    ]
    assert [listed([]), listed(["a"]), listed(["a", "b", "c"], "or")] == ["", "a", "a, b or c"]
    assert [counted(1, "file"), counted(1234, "copy", "copies")] == ["1 file", "1,234 copies"]
    assert shown("a\nb\udcff\u202e") == "a\\nb\\xff\\u202e"
