"""Keeps the index of all files up with the tables: by a stream of one of them, and by the clock."""

from collections.abc import Mapping
from typing import Any

from syncoxiders.adapters.items.indexed import touched
from syncoxiders.cloud.app import app, prepare
from syncoxiders.cloud.handling import Context, Event, count, function, logger, traced, until
from syncoxiders.engine.indexing import heed, tend
from syncoxiders.ports.index import Touched


@traced
@function
def handler(event: Event, context: Context) -> Event:
    """Take in that items of the table ``tree`` were written, or see to all indexes."""
    work = app().indexing
    end = until(work.clock.now(), context)
    if "Records" not in event:
        lacking = tend(work, end)
        count("IndexLacking", lacking)
        return {"lacking": lacking}
    records = [
        (_touched(each), str(each["dynamodb"]["SequenceNumber"])) for each in event["Records"]
    ]
    failed = heed(work, (each for each, _ in records if each is not None), end)
    if failed:
        count("IndexFailed", len(failed))
        logger.warning("indexes could not be written", extra={"places": len(failed)})
    # From the first of these on all come again, those that were taken in as well.
    again = [number for each, number in records if each is not None and each.place in failed]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in again[:1]]}


def _touched(record: Mapping[str, Any]) -> Touched | None:
    """Return which entry's item a record of the stream is about; its keys are all that is used.

    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
    """
    keys = record["dynamodb"]["Keys"]
    return touched(keys["pk"]["S"], keys["sk"]["S"])


prepare()
