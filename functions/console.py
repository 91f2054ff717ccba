"""Gives out the console: the static files beside this module."""

import urllib.parse
from functools import lru_cache
from pathlib import Path

from syncoxiders.cloud.app import app
from syncoxiders.cloud.handling import Context, Event, function
from syncoxiders.cloud.site import Site


@function
def handler(event: Event, context: Context) -> Event:
    """Give out a file."""
    del context
    headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
    method = event["requestContext"]["http"]["method"]
    return site().answer(method, urllib.parse.unquote(event["rawPath"]), headers)


@lru_cache(maxsize=1)
def site() -> Site:
    """Return the console's files."""
    return Site(Path(__file__).with_name("console"), app().settings.live)
