"""Does the actions of batches."""

from syncoxiders.cloud.app import app, prepare
from syncoxiders.cloud.batches import Loud, batch
from syncoxiders.cloud.handling import Context, Event, function, traced, until
from syncoxiders.engine.pipeline.execute import apply
from syncoxiders.engine.pipeline.messages import Apply, read

LANES = 4
"""So many batches are done at once, of different lanes: most of the time goes by on the network."""


@traced
@function
def handler(event: Event, context: Context) -> Event:
    """Do the batch that each message names, as far as time allows."""
    pipeline = app().pipeline
    end = until(pipeline.clock.now(), context)
    with app().telling():
        return batch(
            event,
            lambda body: apply(pipeline, read(body, Apply), end, Loud()),
            app().returns_to("apply"),
            at_once=LANES,
        )


prepare()
