"""The command ``watch``: keeps folders in step by file-system events and a periodic look.

Events are hints. They say which folders to look at again; what changed there the look finds.
Whatever an event cannot say for sure, and whatever got lost, a look at everything makes up for.
"""

import contextlib
import os
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import click
import watchfiles

from syncoxiders.cli import signals
from syncoxiders.cli.bootstrap import Session, opened
from syncoxiders.cli.exits import Exit
from syncoxiders.cli.options import Request
from syncoxiders.cli.output import (
    Sides,
    complain,
    emit_outcome,
    emit_sync,
    exit_code,
    print_errors,
    print_outcome,
    print_stop,
)
from syncoxiders.cli.progress import Lines, Objects, reporting
from syncoxiders.cli.text import duration, listed, shown
from syncoxiders.core import names
from syncoxiders.core.model import ROOT_ENTRY, EndpointId, EntryId, Kind
from syncoxiders.engine.report import Outcome, Reporter
from syncoxiders.ports.state import ObservedTree

SETTLE = 0.3
"""Seconds without a further event, before what changed is looked at."""

SETTLE_DELETION = 1.2
"""The same where something is gone: an editor that saves may just be about to put it back."""

PATIENCE = 5.0
"""Seconds after which it is looked at though it goes on changing."""

TICK_MS = 200
MANY = 4_000
"""Of more events than these at once some may have been dropped on the way."""

RETRY = 15.0
"""Seconds until what could not be brought into step, or a lost folder, is looked at again."""

_TRASH = ".syncoxiders-trash"
_TEMPORARY = ".syncoxiders-tmp-"

Changes: TypeAlias = set[tuple[watchfiles.Change, str]]
Only: TypeAlias = dict[EndpointId, Sequence[EntryId]]


def watch(request: Request, stopping: signals.Stopping) -> Exit:
    """Keep the folders in step until somebody stops it or a guard does."""
    with opened(request, stopping.event) as session:
        return _Watch(session, stopping).run()
