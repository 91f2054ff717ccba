"""Asking a deployment, and what its answers mean to whoever typed a command."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus

import click

from syncoxiders.api.client import Client
from syncoxiders.api.errors import AddressError, ApiError
from syncoxiders.cli import options
from syncoxiders.cli.deployments import Deployments
from syncoxiders.cli.exits import Usage
from syncoxiders.cli.text import shown
from syncoxiders.ports.errors import AccountError, StateUnavailable, SyncError, Unreachable

URL, TOKEN = "SYNCOXIDERS_URL", "SYNCOXIDERS_TOKEN"
"""The environment variables that stand for a login."""

_WRONG = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
"""What was asked for cannot be, and nothing was touched."""

_AWAY = frozenset({429, 502, 503, 504})


@contextmanager
def asked(ctx: click.Context) -> Iterator[Client]:
    """Yield a client of the deployment that the command line means, logged in.

    Unless that names one, it may be given by the environment, which is for scripts. What goes
    wrong is raised as what decides the exit code: Usage, StateUnavailable, or another SyncError.
    """
    name = ctx.meta.get(options.DEPLOYMENT, "")
    url, token, again = _given(os.environ) if not name else ("", "", "")
    if not url:
        known = Deployments()
        name, found = known.named(name)
        url, token = found.url, known.token(name, found)
        again = f"syncoxiders cloud login --deployment {name}"
        if not token:
            raise AccountError(f"you are not logged in to {url}: {again}")
    with opened(url, token) as client, told(again):
        yield client


def _given(environment: Mapping[str, str]) -> tuple[str, str, str]:
    """Return address and token by the environment, and what to do if the token is not good."""
    url, token = environment.get(URL, ""), environment.get(TOKEN, "")
    if bool(url) is not bool(token):
        raise Usage(f"{URL} and {TOKEN} mean something together only")
    return url, token, f"{TOKEN} is not good (any more)"


def opened(url: str, token: str = "") -> Client:
    """Return a client of a deployment. Raises Usage."""
    try:
        return Client(url, token)
    except AddressError as error:
        raise Usage(shown(str(error))) from error


@contextmanager
def told(again: str = "") -> Iterator[None]:
    """Turn what a deployment answers into what is told; ``again`` is how to log in again."""
    try:
        yield
    except Unreachable as error:
        raise StateUnavailable(str(error)) from error
    except ApiError as error:
        raise _meant(error, again) from error


def _meant(error: ApiError, again: str) -> SyncError | Usage:
    if error.status == HTTPStatus.UNAUTHORIZED and again:
        return AccountError(f"{error.detail}: {again}")
    text = str(error)
    if error.status in _WRONG and error.code:
        return Usage(text)
    return StateUnavailable(text) if error.status in _AWAY else SyncError(text)
