"""Does the actions of batches."""

from syncoxiders.cloud.app import app, prepare
from syncoxiders.cloud.batches import batch
from syncoxiders.cloud.handling import Context, Event, function, traced, until
from syncoxiders.engine.pipeline.execute import apply
from syncoxiders.engine.pipeline.messages import Apply, read


@traced
@function
def handler(event: Event, context: Context) -> Event:
    """Do the batch that each message names, as far as time allows."""
    pipeline = app().pipeline
    end = until(pipeline.clock.now(), context)
    return batch(
        event, lambda body: apply(pipeline, read(body, Apply), end), app().returns_to("apply")
    )


prepare()
