"""Parking: an endpoint whose provider asked for a long pause is left out until it is over."""

import datetime as dt

from syncoxiders.core.model import EndpointId
from syncoxiders.engine.context import Context
from syncoxiders.ports.errors import Throttled


def park(context: Context, endpoint: EndpointId, error: Throttled) -> str:
    """Leave an endpoint out of runs for as long as was asked for; returns what to say of it."""
    until = context.clock.now() + error.retry_after
    context.store.save_text(parked_key(endpoint), str(until))
    return f"{error}: it is left alone until {_moment(until)}"


def parked(context: Context, endpoint: EndpointId) -> str:
    """Return a sentence that says until when an endpoint is parked, "" if it is not."""
    text = context.store.text(parked_key(endpoint))
    if not text:
        return ""
    if float(text) <= context.clock.now():
        context.store.save_text(parked_key(endpoint), "")
        return ""
    return f"its provider asked for a pause until {_moment(float(text))}"


def _moment(seconds: float) -> str:
    return f"{dt.datetime.fromtimestamp(seconds, tz=dt.UTC):%Y-%m-%d %H:%M} UTC"


def parked_key(endpoint: EndpointId) -> str:
    """Return the key of the text that says until when an endpoint is parked."""
    return f"parked:{endpoint}"
