"""Clients of AWS services, and what their errors mean here."""

import os
from functools import lru_cache
from typing import Any, TypeVar

import botocore.session  # type: ignore[import-untyped]  # it has none; boto3 would add 70 ms
from botocore.config import Config  # type: ignore[import-untyped]  # it has none; boto3 would add 70 ms
from botocore.exceptions import (  # type: ignore[import-untyped]  # it has none; boto3 would add 70 ms
    BotoCoreError,
    ClientError,
)

from syncoxiders.ports.errors import SyncError

E = TypeVar("E", bound=SyncError)

ERRORS = (BotoCoreError, ClientError)
"""Whatever a call may raise."""

_CONNECT, _READ, _TRIES = 2.0, 8.0, 3
"""Seconds, and how often botocore asks."""


@lru_cache(maxsize=1)
def session() -> Any:
    """Return what clients are made of, once per process."""
    return botocore.session.get_session()


@lru_cache(maxsize=16)
def client(service: str) -> Any:
    """Return a service's client, of the region and with the credentials of the environment.

    It is made once per process, and may be used from several threads.
    """
    retries = {"mode": "standard", "total_max_attempts": _TRIES}
    config = Config(connect_timeout=_CONNECT, read_timeout=_READ, retries=retries)
    region = os.environ.get("AWS_REGION") or None  # which botocore itself does not look at
    return session().create_client(service, region_name=region, config=config)


def failed(what: str, error: Exception, kind: type[E]) -> E:
    """Return an error of ours for one of botocore's; no text of a request is in it."""
    return kind(f"{what}: {code(error) or type(error).__name__}")


def code(error: Exception) -> str:
    """Return the code that a service gave its error, ``""`` if it did not answer."""
    if not isinstance(error, ClientError):
        return ""
    return str(error.response.get("Error", {}).get("Code", ""))
