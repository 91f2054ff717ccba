"""``syncoxiders cloud accounts connect``: a person signs in to a provider, for the deployment."""

import time
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import click
import msgspec

from syncoxiders.api.addresses import checked
from syncoxiders.api.client import Client
from syncoxiders.api.errors import AddressError, ApiError
from syncoxiders.api.shapes.accounts import Account, NewConnection
from syncoxiders.cli.asking import asked
from syncoxiders.cli.exits import Exit
from syncoxiders.cli.output import emit
from syncoxiders.cli.signin import browser_opens
from syncoxiders.cli.text import shown
from syncoxiders.ports.errors import AccountError, Unreachable

_EVERY = 2.0
"""Seconds between two looks whether the person is done."""

_SETTINGS = ("shared_drive", "documents", "tenant", "site")


def connect(ctx: click.Context, given: Mapping[str, Any]) -> Exit:
    """Begin a sign-in, and wait until it is done."""
    ctx.obj.farewell = "interrupted; what was begun in the browser may still be finished there"
    name = given["name"]
    settings = {each: given[each] for each in _SETTINGS if given[each]}
    with asked(ctx) as client:
        before = _account(client, name)
        begun = client.accounts.connect(
            NewConnection(kind=given["kind"], name=name, settings=settings or None)
        )
        opening = not given["no_browser"] and _opens(begun.url)
        what = "Allow access in your browser" if opening else "Open this address in a browser"
        click.echo(
            f"{what}; it has to be logged in to the deployment:\n\n  {shown(begun.url)}\n", err=True
        )
        if before is not None and before.health != "broken":
            click.echo(
                f"Then see whether all is well: syncoxiders cloud accounts check {name}", err=True
            )
            return Exit.DONE
        made = _waited(client, name, begun.expires_at.timestamp())
    if given["as_json"]:
        emit("cloud-account", **msgspec.to_builtins(made))
        return Exit.DONE
    of = f" of {shown(made.identity)}" if made.identity else ""
    click.echo(f"{shown(name)} is connected there: {shown(made.title)}{of}.")
    return Exit.DONE


def _opens(url: str) -> bool:
    """Open the browser, if that is an address to be opened."""
    with suppress(AddressError):
        checked(url)
        return browser_opens(url)
    return False


def _account(client: Client, name: str) -> Account | None:
    try:
        return client.accounts.get(name)
    except ApiError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return None


def _waited(client: Client, name: str, until: float) -> Account:
    """Return the account once it is there and works. Raises AccountError if that is too late."""
    while time.time() < until:
        time.sleep(_EVERY)
        with suppress(Unreachable):
            found = _account(client, name)
            if found is not None and found.health != "broken":
                return found
    raise AccountError(
        f"nobody has signed in in time; {shown(name)} is as it was. The browser says why, if "
        "somebody tried"
    )
