"""Syncs: which folders are kept in step, and how; their plans."""

from datetime import datetime
from typing import Annotated, Literal

from annotated_types import Ge, Le, MaxLen, MinLen

from syncoxiders.api.shapes.accounts import Name
from syncoxiders.api.shapes.base import shape

Mode = Literal["two-way", "one-way", "copy", "move"]
"""Which sides' changes count, and where they go; the source is the first endpoint."""


@shape
class Endpoint:
    """A folder of an account."""

    account: Name
    path: Annotated[str, MaxLen(4096)] = ""
    """From the account's root; ``""`` is all of it. Of S3 it begins with the bucket."""


@shape
class Rule:
    """How folders are kept in step; the words are those of the command line's options."""

    mode: Mode = "two-way"
    keep: Annotated[str, MaxLen(16)] = "newer"
    """Which version stays under its name in a conflict: ``newer``, ``older``, ``bigger``,
    ``smaller``, ``path1`` … ``pathN``. The other one is kept beside it."""
    auto_merge: bool = False
    """Whether two edits of a text are merged where they do not touch each other."""
    patterns: Annotated[list[str], MaxLen(1000)] | None = None
    """Filter lines in gitignore syntax: what is matched is left alone."""
    min_size: Annotated[int, Ge(0), Le(1 << 53)] | None = None
    max_size: Annotated[int, Ge(0), Le(1 << 53)] | None = None
    """In bytes."""
    min_age: Annotated[str, MaxLen(32)] = ""
    max_age: Annotated[str, MaxLen(32)] = ""
    """As ``30d``, ``12h``."""
    max_delete: Annotated[str, MaxLen(16)] = "50%"
    """So many files, or such a share, may be deleted or overwritten in a day unasked."""


@shape
class NewSync:
    """A sync that is to be made."""

    name: Name
    endpoints: Annotated[list[Endpoint], MinLen(2), MaxLen(26)]
    rule: Rule
    preview: bool = False
    """Whether its first plan waits to be looked at and let through, before anything is done."""


@shape
class SyncChange:
    """What is to be otherwise of a sync; what is null stays."""

    rule: Rule | None = None
    paused: bool | None = None


@shape
class EndpointState:
    """An endpoint of a sync, and how it is."""

    id: str
    account: str
    path: str
    kind: str
    title: str
    state: Literal["good", "looking", "news", "away", "stopped"]
    """``looking``: not all of it was seen yet; ``news``: something is to be planned; ``away``: it
    takes no part for now; ``stopped``: a guard asks a person."""
    reason: str = ""
    files: int | None = None
    """How many files and folders it has, as last heard."""


@shape
class Stopped:
    """All that a sync asks a person, and the plan that lets it through, if there is one."""

    reason: str
    plan: str = ""
    preview: bool = False
    """Whether it is only the first plan, that was to be shown before anything is done."""


@shape
class Sync:
    """A sync, and how it is."""

    name: Name
    endpoints: list[EndpointState]
    rule: Rule
    state: Literal["in-step", "working", "waiting", "paused", "stopped"]
    """``working``: something is being looked at, planned or done; ``waiting``: what is left has to
    wait for a provider; ``stopped``: it asks a person."""
    reason: str
    """In a sentence, why it is so, and what to do."""
    paused: bool
    verified_at: datetime | None = None
    """When it was last known to be in step."""
    stopped: Stopped | None = None
    to_do: int = 0
    """So many actions are planned and not done; of very many, so many at least."""
    conflicts: int = 0
    """So many conflicts wait for a decision; 100 are 100 or more."""
    problems: list[str]
    """What a person should know: files that a provider will not hold, and the like."""
    revision: str
    """Changes whenever the settings do; also the response's ETag."""


@shape
class Syncs:
    """All syncs, by name."""

    items: list[Sync]


@shape
class PlannedAction:
    """An action of a plan."""

    verb: str
    """``create``, ``update``, ``delete``, ``move``, ``make-folder``, ``meta``, ``probe``."""
    account: str
    endpoint: str
    path: str
    size: int | None = None


@shape
class PlanTotal:
    """How much of one kind a plan does at one endpoint."""

    verb: str
    account: str
    endpoint: str
    count: int
    bytes: int


@shape
class PlanHead:
    """What waits for a person to let it through: all that a sync asks, and what it would do."""

    id: str
    sync: str
    reason: str
    preview: bool
    totals: list[PlanTotal]
    left_out: int = 0
    """So many of its actions are counted, and not shown one by one."""


@shape
class Plan(PlanHead):
    """What waits for a person to let it through, with one page of its actions."""

    items: list[PlannedAction]
    next: str | None = None


@shape
class Plans:
    """All plans that wait for a person."""

    items: list[PlanHead]


@shape
class Moving:
    """What is being done right now, or will be next."""

    verb: str
    path: str
    to_account: str
    to_endpoint: str
    from_account: str = ""
    from_endpoint: str = ""
    size: int | None = None
    waits: str = ""
    """Why it is not being done yet."""


@shape
class Movings:
    """What a sync has to do, some of it: what is done next comes first."""

    total: int
    items: list[Moving]
