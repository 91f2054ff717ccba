"""Enters accounts and a sync into a deployment, and gives reasons to look."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from local.deploy import ACCOUNT, Deployed
from local.emulator import Ministack
from local.places import Connectable
from syncoxiders.adapters.aws.clients import client
from syncoxiders.cloud import apps
from syncoxiders.cloud.app import App, made
from syncoxiders.cloud.secrets import of_app, secret_of
from syncoxiders.engine.pipeline.hints import call
from syncoxiders.ports.registry import EndpointSettings, SyncSettings

OWNER = "me"
SYNC = "demo"


@contextmanager
def reaching(emulator: Ministack, stack: Deployed) -> Iterator[App]:
    """Have this process's AWS clients speak to an emulator; yields what works with the stack."""
    variables = emulator.environment(ACCOUNT)
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    client.cache_clear()
    try:
        yield made(stack.environment())
    finally:
        client.cache_clear()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def connect(
    app: App, stack: Deployed, places: Connectable, *, owner: str = OWNER, pushes: bool = True
) -> None:
    """Enter the accounts of places, a two-way sync of them, and where pushes go.

    More accounts can be signed in to at the same vendors.
    """
    for kind, secret in places.app_secrets.items():
        app.vault.put(of_app(kind), secret)
    for kind, registered in places.apps.items():
        apps.put(app, kind, registered)
    for place in places.opened:
        name = place.account.name
        if place.secret is not None:
            secret_of(app.vault, owner, name).put(place.secret)
        app.registry.put_account(owner, place.account, place.vendor_ids)
    endpoints = tuple(
        EndpointSettings(place.account.name, place.account.name, place.root)
        for place in places.opened
    )
    if app.registry.sync(owner, SYNC) is None:  # else it is known from before
        app.registry.put_sync(owner, SyncSettings(SYNC, endpoints, changed_at=time.time()))
    if pushes:
        places.listen(stack)
        client("lambda").invoke(FunctionName=stack.outputs["FunctionRenew"], InvocationType="Event")
    hint(app, {place.account.name for place in places.opened}, owner)


def disconnect(app: App, places: Connectable, owner: str = OWNER) -> None:
    """Forget the sync and the accounts; what is known of their files stays."""
    app.registry.remove_sync(owner, SYNC)
    for place in places.opened:
        app.registry.remove_account(owner, place.account.name)


def hint(app: App, names: set[str], owner: str = OWNER) -> None:
    """Give a reason to look at accounts."""
    call(app.registry, app.polls, [(owner, name) for name in sorted(names)], app.clock.now())
