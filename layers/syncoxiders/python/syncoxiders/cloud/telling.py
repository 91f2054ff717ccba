"""Telling people what is new, beside the work of which it is news."""

import threading
from types import TracebackType

from syncoxiders.engine.desk.live import EVERY, Teller

_WAIT = 2.0
"""Seconds that an invocation waits in the end for what is just being told; then it is given up."""


class Telling:
    """While it is entered, what is noted is told at once, but no more than once a second.

    Without a teller there is nobody to be told. The first hint goes out beside the work, the last
    one before the invocation ends: what a function leaves undone then stands still.
    """

    def __init__(self, teller: Teller | None) -> None:
        self._teller = teller
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> None:
        if self._teller is not None:
            teller = self._teller
            self._thread = threading.Thread(target=self._tell, args=(teller,), daemon=True)
            self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._teller is not None and self._thread is not None:
            self._over.set()
            self._teller.news.set()
            self._thread.join(_WAIT)

    def _tell(self, teller: Teller) -> None:
        while not self._over.is_set():
            teller.news.wait()
            teller.tell()
            self._over.wait(EVERY)
        teller.tell()
