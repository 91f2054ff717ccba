"""Looks at accounts: by messages, and by the clock at all of them."""

from syncoxiders.cloud.app import app, prepare
from syncoxiders.cloud.batches import batch
from syncoxiders.cloud.handling import Context, Event, count, function, traced, until
from syncoxiders.engine.pipeline.hints import wake
from syncoxiders.engine.pipeline.listen import poll
from syncoxiders.engine.pipeline.messages import Poll, read

ACCOUNTS = 4
"""So many are looked at at once: a look mostly waits for the vendor."""


@traced
@function
def handler(event: Event, context: Context) -> Event:
    """Look at what each message names, or have all accounts looked at."""
    pipeline = app().pipeline
    if "Records" not in event:
        awake = wake(pipeline.registry, pipeline.polls, pipeline.clock.now())
        count("AccountsWoken", awake)
        return {"accounts": awake}
    end = until(pipeline.clock.now(), context)
    with app().telling():
        return batch(
            event,
            lambda body: poll(pipeline, read(body, Poll), end),
            app().returns_to("poll"),
            at_once=ACCOUNTS,
        )


prepare()
