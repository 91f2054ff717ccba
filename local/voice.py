"""Says what the functions do, from their logs, line by line."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from local.deploy import Deployed
from syncoxiders.cli.queries import run_line
from syncoxiders.ports.pipeline import SharedStates

FUNCTIONS = ("Webhook", "Poll", "Merge", "Apply", "Sweep", "Renew", "Housekeeping", "Api")

# What Powertools adds to each record, and is of no interest here.
_USUAL = frozenset(
    {
        *("level", "location", "message", "timestamp", "service", "cold_start", "xray_trace_id"),
        *("function_name", "function_memory_size", "function_arn", "function_request_id"),
    }
)


LONGEST = 160
"""Characters that are shown of a value."""


RUNS = 5
"""So many runs are looked at: more do not end between two looks."""


class Voice:
    """Follows the logs of the deployed functions; ``logs`` is botocore's client."""

    def __init__(self, logs: Any, stack: Deployed) -> None:
        self._logs = logs
        self._groups = {stack.outputs[f"Log{name}"]: name.lower() for name in FUNCTIONS}
        self._since = int(time.time() * 1000)
        self._told: set[tuple[str, int, str]] = set()

    def new(self) -> Iterator[str]:
        """Yield what was logged since the last time, in its order, as lines for a person."""
        found: list[tuple[int, str]] = []
        for group, name in self._groups.items():
            for event in self._events(group):
                known = (group, event["timestamp"], event["message"])
                line = readable(name, event["message"])
                if line and known not in self._told:
                    found.append((event["timestamp"], line))
                self._told.add(known)
        for at, line in sorted(found):
            yield f"{datetime.fromtimestamp(at / 1000):%H:%M:%S}  {line}"  # noqa: DTZ006 -- a clock on the wall

    def _events(self, group: str) -> Iterator[Mapping[str, Any]]:
        pages = self._logs.get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=group, startTime=self._since):
            yield from page["events"]


class Runs:
    """Follows a sync's runs: what each does to which file, and how it ended."""

    def __init__(self, states: SharedStates, owner: str, sync: str) -> None:
        self._states = states
        self._sync = owner, sync
        self._told: dict[int, int] = {}
        self._ended: set[int] = set()
        self._fresh = False
        self._first = self._last()

    def new(self) -> Iterator[str]:
        """Yield what was done since the last time, as lines for a person."""
        store = self._states.sync(*self._sync)
        for run in reversed(store.runs(RUNS)):
            if run.id in self._ended or run.id <= self._first:
                continue
            events = store.events(run.id)
            for event in events[self._told.get(run.id, 0) :]:
                detail = f"  ({event.detail})" if event.detail else ""
                yield f"          {event.endpoint:12}{event.verb:12}{event.path}{detail}"
            self._told[run.id] = len(events)
            if run.outcome:
                self._ended.add(run.id)
                self._fresh = True
                yield f"run {run_line(run).strip()}"

    def ended(self) -> bool:
        """Say whether a run has ended since this was asked last."""
        fresh, self._fresh = self._fresh, False
        return fresh

    def _last(self) -> int:
        """Return the number of the newest run that ended before."""
        runs = self._states.sync(*self._sync).runs(RUNS)
        return max((run.id for run in runs if run.outcome), default=0)


def readable(function: str, message: str) -> str:
    """Return a line of a log for a person, ``""`` for what is only for programs."""
    text = message.strip()
    try:
        record = json.loads(text)
    except ValueError:
        ours = text.startswith(("START ", "END ", "REPORT ", "INIT_START "))
        return "" if ours or not text else f"{function:12}{text}"
    if not isinstance(record, dict) or "_aws" in record:
        return ""
    details = " ".join(
        f"{name}={_short(value)}" for name, value in record.items() if name not in _USUAL
    )
    mark = "" if record.get("level") in ("INFO", "DEBUG", None) else f"{record['level']}: "
    return f"{function:12}{mark}{record.get('message', '')} {details}".rstrip()


def _short(value: object) -> str:
    """Return a value in few words: of frames of a traceback the last one, without its folders."""
    if isinstance(value, list) and value:
        return str(value[-1]).rpartition("/python/")[2]
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def say(text: str = "") -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
