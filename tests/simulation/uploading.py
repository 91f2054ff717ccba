"""Histories in which large files are sent in pieces, by one process after the other."""

import random
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest import mock

from syncoxiders.adapters.memory.provider_cloud import MemoryCloudProvider
from syncoxiders.core.digests import digests_of
from syncoxiders.core.model import Entry
from syncoxiders.engine.pipeline.times import MARGIN
from syncoxiders.ports.provider import Provider, Session
from tests.simulation.cloud import CloudHistory
from tests.simulation.faults import FaultyProvider, OneAtATime
from tests.simulation.quirky import QuirkyHistory

LARGE = 4
"""From so many bytes on a file is sent in pieces here: some that people write are, some are not."""


class SessionProvider(FaultyProvider, MemoryCloudProvider):
    """A faulty provider that takes large files in pieces.

    ``dies`` is called before and after each piece. ``carries`` says whether it takes many new
    files at once, ``proves`` whether it is told what should have arrived. ``continued`` counts
    what was gone on with where another upload had ended.
    """

    dies: Callable[[str], None] = staticmethod(lambda _: None)
    carries = False
    proves = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.continued = 0

    def can_carry(self, source: Provider) -> bool:
        """Say whether new files, all of which are small, come together, and not in pieces."""
        return self.carries and super().can_carry(source)

    def append(self, session: Session, chunk: memoryview | bytes, *, last: bool) -> Session:
        """Take a piece."""
        self.dies("before a piece is sent")
        sent = super().append(session, chunk, last=last)
        self.dies("after a piece was sent")
        return sent

    def resume(self, session: Session) -> Session | None:
        """Return the session as it is."""
        there = super().resume(session)
        self.continued += there is not None and there.offset > 0
        return there

    def finish(self, session: Session, hashes: str) -> Entry:
        """Put the content in its place, whatever it is where nobody proves what it should be."""
        upload = self._uploads.get(session.token)
        if not self.proves and upload is not None:
            hashes = digests_of([bytes(upload.data)], self.upload_hashes).text()
        return super().finish(session, hashes)

    def lose_sessions(self) -> None:
        """Forget whatever was begun."""
        self._uploads.clear()


class Uploading(QuirkyHistory):
    """A history in which large files are sent in pieces, by one process after the other."""

    def __post_init__(self) -> None:
        self._haste = random.Random(f"uploading {self.seed}")
        self._in_haste = False
        super().__post_init__()
        self.people.lengths = [1, 2, 4, 8]

    def play(self) -> None:
        """Live it, where little is large."""
        with ExitStack() as stack:
            for where in ("resumable", "operations"):
                stack.enter_context(mock.patch(f"syncoxiders.engine.{where}.LARGE", LARGE))
            executor = "syncoxiders.engine.resumable.ThreadPoolExecutor"
            stack.enter_context(mock.patch(executor, OneAtATime))
            super().play()

    @property
    def continued(self) -> int:
        """Return how many uploads were gone on with."""
        return sum(
            each.continued for each in self._storage.values() if isinstance(each, SessionProvider)
        )

    def _new_provider(self, name: str) -> FaultyProvider:
        chunk = self._haste.choice([1, 2, 4])
        provider = SessionProvider(self._quirks(), clock=self.world.clock, name=name, chunk=chunk)
        provider.dies = self._may_die
        provider.carries = self._haste.random() < 0.2
        provider.proves = self._haste.random() < 0.5
        return provider

    def _run(self, *, listen: bool = False) -> bool:
        for provider in self._storage.values():
            if isinstance(provider, SessionProvider) and self._haste.random() < 0.1:
                self.log.append(f"-- {provider.name} forgets what was begun")
                provider.lose_sessions()
        return super()._run(listen=listen)


class UploadingHistory(Uploading):
    """Such a history on one machine."""


class UploadingCloudHistory(Uploading, CloudHistory):
    """Such a history of the deployed system, whose functions often have little time."""

    def _apply(self, body: str) -> None:
        self._in_haste = self._hard and self._haste.random() < 0.6
        super()._apply(body)

    def _call(self, provider: FaultyProvider, what: str) -> None:
        """What is said to who gives up what was begun is no answer to anything."""
        if what != "abandon":
            super()._call(provider, what)

    def _deadline(self) -> float:
        """Return when a function has to end: soon, where it carries."""
        in_haste, self._in_haste = self._in_haste, False
        if not in_haste:
            return super()._deadline()
        self.log.append("-- a worker has little time")
        self._hasty.add(self._scheduler.current())
        return self.world.clock.now() + MARGIN + self._haste.choice([6.5, 12.5, 20.5])
