"""What all functions have in common: logs, metrics, traces and time.

Nothing secret gets out: events are not logged, and of an error only its kind, where it came from,
and its text if it is one of ours. (What a library says may quote the address of an upload.)
"""

import functools
import os
import traceback
from collections.abc import Callable
from typing import Any, Protocol

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from syncoxiders.ports.errors import SyncError

Event = dict[str, Any]

logger = Logger()
metrics = Metrics(namespace="SyncOxiders")

LEFT = 5.0
"""Seconds that are kept back of a function's time, to end in peace."""


class Context(Protocol):
    """What is used of Lambda's context."""

    function_name: str
    memory_limit_in_mb: int
    invoked_function_arn: str
    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Return how much time is left."""


class Failed(Exception):  # noqa: N818 -- named after what it says
    """A function failed; the log has the cause."""


Handler = Callable[[Event, Context], Any]


def function(handle: Handler) -> Handler:
    """Make a handler into a function's entry: its errors are told, its metrics flushed."""

    @functools.wraps(handle)
    def entry(event: Event, context: Context) -> Any:
        try:
            return handle(event, context)
        except Exception as error:  # noqa: BLE001 -- Lambda would print what libraries say
            logger.error("the function failed", extra=told(error))  # noqa: TRY400 -- Lambda would print what libraries say
            raise Failed(type(error).__name__) from None
        finally:
            if metrics.metric_set:
                metrics.flush_metrics()

    logged: Handler = logger.inject_lambda_context(entry)
    return logged


def traced(handle: Handler) -> Handler:
    """Have a function's calls traced, where that is switched on.

    The SDK for it takes longer to import than most functions altogether; without it Lambda still
    traces that a function was called, and for how long.
    """
    if os.environ.get("POWERTOOLS_TRACE_DISABLED", "true").lower() != "false":
        return handle
    from aws_lambda_powertools import Tracer  # noqa: PLC0415 -- see above

    tracer = Tracer(auto_patch=False)
    found: Handler = tracer.capture_lambda_handler(handle, capture_response=False)
    return found


def told(error: BaseException) -> dict[str, Any]:
    """Return what a log may have of an error."""
    frames = traceback.extract_tb(error.__traceback__)
    found = {
        "error": type(error).__name__,
        "at": [f"{each.filename}:{each.lineno} {each.name}" for each in frames],
    }
    if isinstance(error, SyncError):
        found["text"] = str(error)
    return found


def count(name: str, value: float = 1.0, unit: MetricUnit = MetricUnit.Count) -> None:
    """Add to a metric."""
    metrics.add_metric(name, unit, value)


def until(now: float, context: Context) -> float:
    """Return the time at which a function has to have ended."""
    return now + context.get_remaining_time_in_millis() / 1000 - LEFT
