"""The progress display on a terminal."""

import sys
import time
from collections import deque
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from syncoxiders.cli.progress import Tally
from syncoxiders.cli.text import size

_EFFORT = 32 << 10
"""What an action costs beside its bytes, in bytes: the bar moves with many small files, too."""

_WINDOW = 5.0
"""The rate is that of so many seconds."""


class Display:
    """Shows how far a run has come until it is left, and then disappears.

    It looks at the tally ten times a second, so that an action costs nothing to show.
    """

    def __init__(self, tally: Tally, title: str) -> None:
        self._bar = _Bar(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[facts]}", markup=False),
            _Left(compact=True),
            console=Console(stderr=True, highlight=False),
            transient=True,
            redirect_stdout=sys.stdout.isatty(),
        )
        self._bar.follow(tally, title)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()


class _Left(TimeRemainingColumn):
    """The time that is left, and the word."""

    def render(self, task: Task) -> Text:
        """Return nothing while nothing is known."""
        text = super().render(task)
        return text.append(" left") if text and task.time_remaining is not None else Text("")


class _Bar(Progress):
    """A progress display that looks at a tally whenever it is drawn."""

    _tally: Tally | None = None

    def follow(self, tally: Tally, title: str) -> None:
        """Show this tally from now on."""
        self._tally = tally
        self._seen: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])
        self._task = self.add_task(title, total=None, facts="")

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return what to draw."""
        tally = self._tally
        if tally is None:
            return []
        done, carried = tally.ended, tally.carried
        if tally.actions:
            actions, total = tally.total()
            self.update(
                self._task,
                total=total + _EFFORT * actions,
                completed=min(carried, tally.bytes) + _EFFORT * done,
                facts=f"{done:,}/{actions:,}  {size(carried)}/{size(total)}"
                f"  {size(self._rate(carried))}/s",
            )
        else:
            self.update(self._task, facts=tally.doing)
        return super().get_renderables()

    def _rate(self, carried: int) -> float:
        now = time.monotonic()
        self._seen.append((now, carried))
        while now - self._seen[0][0] > _WINDOW:
            self._seen.popleft()
        then, before = self._seen[0]
        return (carried - before) / (now - then) if now > then else 0.0
