"""The one policy that waits and retries: how often an account is asked, and asked again."""

import random
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from syncoxiders.ports.clock import Clock
from syncoxiders.ports.errors import Throttled, Unreachable

T = TypeVar("T")

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 64.0
"""Seconds: pauses grow by doubling from the one to the other where the vendor names none."""

TRIES = 4
"""How often a request is made whose answer does not come."""


class Pacer:
    """A :class:`~syncoxiders.ports.pace.Pace` shared by all who use one account.

    When one request is told to pause, all others pause with it. Whoever would have to wait for
    longer than ``patience`` seconds in all hears Throttled instead, with the seconds that are
    left: the account is then parked. ``one_writer`` lets only one write through at a time.
    Pauses of our own choice vary at random, so that several machines do not come back together.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        patience: float = 120.0,
        one_writer: bool = False,
        vary: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._patience = patience
        self._vary = vary
        self._lock = threading.Lock()
        self._open_at = 0.0
        self._writer = threading.Lock() if one_writer else None

    def __call__(
        self, request: Callable[[], T], *, repeatable: bool = True, writes: bool = False
    ) -> T:
        """Make a request, when the account may be asked, and return its answer."""
        turn: AbstractContextManager[object] = (
            self._writer if writes and self._writer is not None else nullcontext()
        )
        with turn:
            return self._persist(request, repeatable=repeatable)

    def _persist(self, request: Callable[[], T], *, repeatable: bool) -> T:
        give_up_at = self._clock.now() + self._patience
        tries = 0
        while True:
            self._wait(give_up_at)
            tries += 1
            try:
                return request()
            except Throttled as error:
                pause = error.retry_after or self._pause(tries)
                self._park(pause)
                if self._clock.now() + pause > give_up_at:
                    raise Throttled(str(error), pause) from error
            except Unreachable:
                if not repeatable or tries >= TRIES:
                    raise
                self._sleep(self._pause(tries))

    def _wait(self, give_up_at: float) -> None:
        while True:
            with self._lock:
                now, until = self._clock.now(), self._open_at
            if until <= now:
                return
            if until > give_up_at:
                raise Throttled("the provider asks for a pause", until - now)
            self._sleep(until - now)

    def _sleep(self, pause: float) -> None:
        end = self._clock.now() + pause
        self._clock.sleep(pause)
        left = end - self._clock.now()
        if left > pause / 2:  # woken up, since we are to stop
            raise Throttled("stopped while waiting for the provider", left)

    def _park(self, pause: float) -> None:
        with self._lock:
            self._open_at = max(self._open_at, self._clock.now() + pause)

    def _pause(self, tries: int) -> float:
        longest = min(FIRST_PAUSE * 2.0 ** (tries - 1), LONGEST_PAUSE)
        return longest * (0.5 + self._vary() / 2)
