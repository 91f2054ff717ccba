"""Parking: an endpoint whose provider asked for a long pause is left out until it is over."""

import datetime as dt

from syncoxiders.core.model import EndpointId
from syncoxiders.engine.context import Context


def park(context: Context, endpoint: EndpointId, seconds: float) -> None:
    """Leave an endpoint out of runs for so many seconds."""
    until = context.clock.now() + seconds
    context.store.save_text(_key(endpoint), str(until))


def parked(context: Context, endpoint: EndpointId) -> str:
    """Return a sentence that says until when an endpoint is parked, "" if it is not."""
    text = context.store.text(_key(endpoint))
    if not text:
        return ""
    if float(text) <= context.clock.now():
        context.store.save_text(_key(endpoint), "")
        return ""
    until = dt.datetime.fromtimestamp(float(text), tz=dt.UTC)
    return f"its provider asked for a pause until {until:%Y-%m-%d %H:%M} UTC"


def _key(endpoint: EndpointId) -> str:
    return f"parked:{endpoint}"
