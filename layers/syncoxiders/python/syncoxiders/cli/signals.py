"""Ctrl-C and SIGTERM: stop at once; the journal makes that safe."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from syncoxiders.cli.exits import Exit


class Stopping:
    """Whether somebody wants the command to end, and how; ``farewell`` is said then."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.code = Exit.INTERRUPTED
        self.farewell = "interrupted; nothing is lost, the next run goes on from here"

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take a signal. Raises KeyboardInterrupt; the second time it ends the process."""
        del frame
        self.code = Exit.TERMINATED if number == signal.SIGTERM else Exit.INTERRUPTED
        if self.event.is_set():
            os._exit(self.code)
        self.event.set()
        raise KeyboardInterrupt


@contextmanager
def taken() -> Iterator[Stopping]:
    """Take both signals, unless whoever started us has them ignored."""
    stopping = Stopping()
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, stopping)
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
