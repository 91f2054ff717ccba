"""The deployment as who deployed it reaches it: by AWS's own settings, past the API."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from syncoxiders.cli import options
from syncoxiders.cloud.app import App
from syncoxiders.cloud.outputs import from_file, from_stack, unreached

OWNER = "me"
"""Whose everything is that was there before there were users: who deployed it."""


def connected(ctx: click.Context) -> App:
    """Return the deployment that the command line names. Raises SettingsError."""
    stack, outputs = ctx.meta[options.DEPLOYED]
    return App(from_file(outputs) if outputs is not None else from_stack(stack))


@contextmanager
def reached() -> Iterator[None]:
    """Tell what keeps us from AWS. Raises SettingsError."""
    from syncoxiders.adapters.aws import clients  # noqa: PLC0415 -- brings botocore

    try:
        yield
    except clients.ERRORS as error:
        raise unreached("AWS does not do what was asked", error) from error
