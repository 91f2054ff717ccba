"""Several functions at work at once, in an order that one seed decides."""

import random
from collections.abc import Callable, Sequence

from greenlet import getcurrent, greenlet


class Scheduler:
    """Lets tasks take turns: at each :meth:`pause` another one may go on."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._main = getcurrent()
        self.likely = 0.0

    def run(self, tasks: Sequence[Callable[[], None]]) -> None:
        """Run all of them to their end."""
        self._main = getcurrent()
        alive = [greenlet(task) for task in tasks]
        while alive:
            task = self._rng.choice(alive)
            task.switch()
            if task.dead:
                alive.remove(task)

    def pause(self) -> None:
        """Let another task go on, perhaps."""
        if getcurrent() is not self._main and self._rng.random() < self.likely:
            self._main.switch()

    def is_at_work(self) -> bool:
        """Say whether a task is at work."""
        return getcurrent() is not self._main

    @staticmethod
    def current() -> int:
        """Return which task is at work."""
        return id(getcurrent())
