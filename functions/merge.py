"""Plans what is new for syncs."""

from syncoxiders.cloud.app import app, prepare
from syncoxiders.cloud.batches import batch
from syncoxiders.cloud.handling import Context, Event, function, traced, until
from syncoxiders.engine.pipeline.messages import Merge, read
from syncoxiders.engine.pipeline.reconcile import merge


@traced
@function
def handler(event: Event, context: Context) -> Event:
    """Plan for each sync that a message names, as far as time allows."""
    pipeline = app().pipeline
    end = until(pipeline.clock.now(), context)
    with app().telling():
        return batch(
            event, lambda body: merge(pipeline, read(body, Merge), end), app().returns_to("merge")
        )


prepare()
