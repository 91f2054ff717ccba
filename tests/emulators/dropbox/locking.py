"""The namespace's write lock: writes to one Dropbox do not go on at the same time.

Source: https://developers.dropbox.com/dbx-performance-guide ("Namespace locks and lock
contention")
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from tests.emulators.dropbox.refusals import Refused

Form = Literal["429", "409"]


class WriteLock:
    """Who may write now.

    A write takes ``seconds``. While it does, others are refused; with 0 they wait for their turn.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.retry_after = 1
        self._held = threading.Lock()
        self._guard = threading.Lock()
        self._refusals: dict[Form, int] = {"429": 0, "409": 0}

    def refuse(self, times: int, form: Form = "429") -> None:
        """Refuse the next writes: as requests (429), or as the error of the route (409).

        Of a batch every entry counts in the latter form.
        """
        with self._guard:
            self._refusals[form] = times

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Hold the lock, and yield True; or False if it cannot be had."""
        if self._is_refused("429") or not self._held.acquire(blocking=self.seconds == 0):
            yield False
            return
        try:
            time.sleep(self.seconds)
            yield True
        finally:
            self._held.release()

    def check(self) -> None:
        """Raise Refused if a write is to be refused in the form of its route."""
        if self._is_refused("409"):
            raise Refused("too_many_write_operations")

    def _is_refused(self, form: Form) -> bool:
        with self._guard:
            refused = self._refusals[form] > 0
            self._refusals[form] -= refused
            return refused
