"""Sends messages again that were lost, by the clock."""

from syncoxiders.cloud.app import app, prepare
from syncoxiders.cloud.handling import Context, Event, function, traced
from syncoxiders.engine.pipeline.sweep import sweep


@traced
@function
def handler(event: Event, context: Context) -> Event:
    """Send again what is to be done."""
    del event, context
    sweep(app().pipeline)
    return {}


prepare()
