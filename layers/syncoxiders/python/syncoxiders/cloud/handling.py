"""What all functions have in common: logs, metrics, traces, time, and batches of messages.

Nothing secret gets out: events are not logged, and of an error only its kind, where it came from,
and its text if it is one of ours. (What a library says may quote the address of an upload.)
"""

import functools
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from syncoxiders.ports.errors import SyncError

Event = dict[str, Any]

logger = Logger()
metrics = Metrics(namespace="SyncOxiders")
tracer = Tracer(auto_patch=False)

LEFT = 5.0
"""Seconds that are kept back of a function's time, to end in peace."""

FIRST_PAUSE, LONGEST_PAUSE = 10.0, 300.0
"""Seconds after which a message that failed is tried again, doubling from the one to the other."""


class Context(Protocol):
    """What is used of Lambda's context."""

    function_name: str
    memory_limit_in_mb: int
    invoked_function_arn: str
    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Return how much time is left."""


class Returning(Protocol):
    """A queue that messages can be given back to."""

    def give_back(self, receipts: Mapping[str, float]) -> None:
        """Have messages come again, each after so many seconds."""


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
            logger.error("the function failed", extra=told(error))  # noqa: TRY400 -- likewise
            raise Failed(type(error).__name__) from None
        finally:
            if metrics.metric_set:
                metrics.flush_metrics()

    entry = logger.inject_lambda_context(entry)
    traced: Handler = tracer.capture_lambda_handler(entry, capture_response=False)
    return traced


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


def batch(event: Event, handle: Callable[[str], None], queue: Callable[[], Returning]) -> Event:
    """Handle each message of a batch by its body, and return those that failed.

    After one that failed the others of its group are left for later, so that order is kept. They
    come again soon: they would else be hidden for as long as a function that died might take.
    """

    def one(record: SQSRecord) -> None:
        try:
            handle(record.body)
        except Exception as error:
            group = record.attributes.message_group_id
            about = {"group": group, **told(error)}
            logger.error("a message failed", extra=about)  # noqa: TRY400 -- as above
            count("MessageFailed")
            raise

    processor = SqsFifoPartialProcessor(skip_group_on_error=True)
    processor.raise_on_entire_batch_failure = False
    with processor(event["Records"], one):
        processor.process()
    failed = [each for each in processor.fail_messages if isinstance(each, SQSRecord)]
    if failed:
        again = {each.receipt_handle: _pause(each) for each in failed}
        try:
            queue().give_back(again)
        except SyncError as error:  # then it takes longer
            logger.warning("messages could not be given back", extra=told(error))
    return dict(processor.response())


def _pause(record: SQSRecord) -> float:
    tries = int(record.attributes.approximate_receive_count)
    return min(FIRST_PAUSE * 2.0 ** (tries - 1), LONGEST_PAUSE)


def until(now: float, context: Context) -> float:
    """Return the time at which a function has to have ended."""
    return now + context.get_remaining_time_in_millis() / 1000 - LEFT
