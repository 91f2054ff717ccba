"""Several functions at work at once, in an order that one seed decides."""

import random
from collections.abc import Callable, Sequence

from greenlet import getcurrent, greenlet


class Task(greenlet):
    """A function at work, known by a number that no other one has."""

    number: int


class Scheduler:
    """Lets tasks take turns: at each :meth:`pause` another one may go on; ``count`` have begun."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._main = getcurrent()
        self.count = 0
        self.likely = 0.0

    def run(self, tasks: Sequence[Callable[[], None]]) -> None:
        """Run all of them to their end."""
        self._main = getcurrent()
        alive = [self._task(each) for each in tasks]
        while alive:
            task = self._rng.choice(alive)
            task.switch()
            if task.dead:
                alive.remove(task)

    def _task(self, function: Callable[[], None]) -> Task:
        task = Task(function)
        self.count += 1
        task.number = self.count
        return task

    def pause(self) -> None:
        """Let another task go on, perhaps."""
        if getcurrent() is not self._main and self._rng.random() < self.likely:
            self._main.switch()

    def sleep(self) -> None:
        """Let others go on, whoever there is."""
        if self.is_at_work():
            self._main.switch()

    def is_at_work(self) -> bool:
        """Say whether a task is at work."""
        return getcurrent() is not self._main

    @staticmethod
    def current() -> int:
        """Return the number of the task that is at work."""
        task = getcurrent()
        return task.number if isinstance(task, Task) else 0
