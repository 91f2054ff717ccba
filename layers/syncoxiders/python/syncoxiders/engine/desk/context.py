"""What use cases work with: the deployment, and whose things they are about."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from syncoxiders.core.model import Node
from syncoxiders.engine.desk.declined import Absent
from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.pipeline import SharedStore
from syncoxiders.ports.registry import SyncSettings


@dataclass(frozen=True, slots=True)
class Desk:
    """One owner's things in a deployment.

    ``url`` is where pushes come in, ``""`` for nowhere; ``texts`` says whether there is a place
    to keep texts that are to be merged. ``title`` names a kind of account for people, ``rooted``
    says whether the vendor's events call an account by the first part of a root in it (a bucket).
    """

    pipeline: Pipeline
    owner: str
    url: str = ""
    texts: bool = False
    title: Callable[[str], str] = str
    rooted: Callable[[Account], bool] = lambda _: False

    def now(self) -> float:
        """Return the time in seconds since the epoch."""
        return self.pipeline.clock.now()

    def sync(self, name: str) -> SyncSettings:
        """Return a sync's settings. Raises Absent."""
        found = self.pipeline.registry.sync(self.owner, name)
        if found is None:
            raise Absent("sync", name)
        return found

    def store(self, settings: SyncSettings) -> SharedStore:
        """Return a sync's state, for one piece of work."""
        return self.pipeline.states.sync(self.owner, settings.id)


def instant(seconds: float) -> datetime | None:
    """Return an instant, None for 0, which is never."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def clock_time(seconds: float) -> str:
    """Return an instant for a sentence."""
    moment = instant(seconds)
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment is not None else "never"


def is_waiting(loser: Node) -> bool:
    """Say whether a conflict waits for a decision: its other version still stands somewhere."""
    there = any(not replica.gone for replica in loser.replicas.values())
    return loser.conflict is not None and not loser.gone and there
