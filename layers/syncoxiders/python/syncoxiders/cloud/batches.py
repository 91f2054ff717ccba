"""Batches of messages from a FIFO queue."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeAlias

from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from syncoxiders.cloud.handling import Event, count, logger, told
from syncoxiders.core.model import Action
from syncoxiders.engine.pipeline.messages import NotYet
from syncoxiders.engine.report import Quiet
from syncoxiders.ports.errors import SyncError

FIRST_PAUSE, LONGEST_PAUSE = 10.0, 300.0
"""Seconds after which a message that failed is tried again, doubling from the one to the other."""

HIDDEN_EVERY, HIDDEN_FOR = 20.0, 60.0
"""How often messages that are being handled are hidden for so many seconds, from the first moment.

From the queue they are hidden for several times as long as a function may live. One that is killed
would leave its groups blocked for all that time; like this they come again within a minute.
"""

Handle = Callable[[str], None]
Records = Sequence[Mapping[str, Any]]

Left: TypeAlias = tuple[SQSRecord, float]
"""A message that is to come again, and after how many seconds."""


class Loud(Quiet):
    """Logs the errors of ours that stopped single actions, and counts them."""

    def __init__(self) -> None:
        self._counting = threading.Lock()

    def failed(self, action: Action, error: Exception) -> None:
        """Log what became of an action that others do not wait for."""
        about = {"kind": action.kind.value, "endpoint": action.endpoint, **told(error)}
        logger.error("an action failed", extra=about)
        with self._counting:
            count("ActionFailed")


class Returning(Protocol):
    """A queue that messages can be given back to."""

    def give_back(self, receipts: Mapping[str, float]) -> None:
        """Have messages come again, each after so many seconds."""


def batch(
    event: Event, handle: Handle, queue: Callable[[], Returning], *, at_once: int = 1
) -> Event:
    """Handle each message of a batch by its body, and return those that failed.

    Up to ``at_once`` groups are handled at once, the messages of each one after the other. After
    one that failed the others of its group are left for later, so that order is kept. They come
    again soon: they would else be hidden for as long as a function that died might take. With one
    that said when it is to come again, the others of its group come again then.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for record in event["Records"]:
        groups.setdefault(record["attributes"]["MessageGroupId"], []).append(record)
    group = _Group(handle)
    with _Hidden(queue, [each for records in groups.values() for each in records]):
        results = _results(group, groups, at_once)
    again = {record.receipt_handle: pause for result in results for record, pause in result}
    if again:
        try:
            queue().give_back(again)
        except SyncError as error:  # then it takes longer
            logger.warning("messages could not be given back", extra=told(error))
    failed = [record.message_id for result in results for record, _ in result]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}


def _results(group: "_Group", groups: Mapping[str, Records], at_once: int) -> list[list[Left]]:
    if at_once == 1 or len(groups) == 1:
        return [group(records) for records in groups.values()]
    with ThreadPoolExecutor(at_once, thread_name_prefix="group") as pool:
        return list(pool.map(group, groups.values()))


class _Hidden:
    """Keeps messages hidden while they are handled."""

    def __init__(self, queue: Callable[[], Returning], records: Records) -> None:
        self._queue = queue
        self._receipts = {str(each["receiptHandle"]): HIDDEN_FOR for each in records}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._hide, name="hidden", daemon=True)

    def __enter__(self) -> None:
        if self._receipts:
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._receipts:
            self._thread.join()  # or it would hide what is given back

    def _hide(self) -> None:
        while True:
            try:
                self._queue().give_back(self._receipts)
            except SyncError as error:  # they are hidden for longer than is needed
                logger.warning("messages could not be kept hidden", extra=told(error))
            if self._over.wait(HIDDEN_EVERY):
                return


class _Group:
    """Handles the messages of a group in their order; may be called by several threads."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._counting = threading.Lock()

    def __call__(self, records: Records) -> list[Left]:
        """Return the messages that failed, or were left."""
        processor = SqsFifoPartialProcessor()
        processor.raise_on_entire_batch_failure = False
        too_soon: list[float] = []
        with processor(
            [dict(each) for each in records], lambda record: self._one(record, too_soon)
        ):
            processor.process()
        left = [each for each in processor.fail_messages if isinstance(each, SQSRecord)]
        return [(each, too_soon[0] if too_soon else _pause(each)) for each in left]

    def _one(self, record: SQSRecord, too_soon: list[float]) -> None:
        try:
            self._handle(record.body)
        except NotYet as answer:
            too_soon.append(answer.seconds)
            raise
        except Exception as error:
            about = {"group": record.attributes.message_group_id, **told(error)}
            logger.error("a message failed", extra=about)
            with self._counting:
                count("MessageFailed")
            raise


def _pause(record: SQSRecord) -> float:
    tries = int(record.attributes.approximate_receive_count)
    return min(FIRST_PAUSE * 2.0 ** (tries - 1), LONGEST_PAUSE)
