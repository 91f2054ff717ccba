"""Batches of messages from a FIFO queue."""

from collections.abc import Callable, Mapping
from typing import Protocol

from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from syncoxiders.cloud.handling import Event, count, logger, told
from syncoxiders.ports.errors import SyncError

FIRST_PAUSE, LONGEST_PAUSE = 10.0, 300.0
"""Seconds after which a message that failed is tried again, doubling from the one to the other."""


class Returning(Protocol):
    """A queue that messages can be given back to."""

    def give_back(self, receipts: Mapping[str, float]) -> None:
        """Have messages come again, each after so many seconds."""


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
            logger.error("a message failed", extra=about)
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
