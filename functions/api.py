"""Answers requests of the console and of programs: the HTTP API."""

from syncoxiders.cloud.app import app, prepare
from syncoxiders.cloud.handling import Context, Event, function, traced
from syncoxiders.cloud.web.everything import served


@traced
@function
def handler(event: Event, context: Context) -> Event:
    """Answer a request."""
    return served(app()).resolve(event, context)


prepare()
