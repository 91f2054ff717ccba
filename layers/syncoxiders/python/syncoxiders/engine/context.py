"""What a run works with."""

from dataclasses import dataclass, field

from syncoxiders.core.rule import Rule
from syncoxiders.engine.guard import Limit
from syncoxiders.engine.report import Quiet, Reporter
from syncoxiders.ports.clock import Clock
from syncoxiders.ports.provider import Providers
from syncoxiders.ports.state import BlobStore, SyncStore


@dataclass(frozen=True, slots=True)
class Options:
    """How a run goes about it; none of it changes what base means.

    ``approve`` are the ids of what guards stopped and a person lets through. ``transfers`` is how
    many run at once.
    """

    limit: Limit = field(default_factory=Limit)
    approve: frozenset[str] = frozenset()
    dry_run: bool = False
    verify: bool = True
    transfers: int = 4
    rate: float | None = None  # bytes a second


@dataclass(frozen=True, slots=True)
class Context:
    """The ports, the rule and the options of a run."""

    store: SyncStore
    providers: Providers
    rule: Rule
    clock: Clock
    blobs: BlobStore | None = None
    options: Options = field(default_factory=Options)
    reporter: Reporter = field(default_factory=Quiet)
