"""Clients of AWS services, and what their errors mean here."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from syncoxiders.ports.errors import StateUnavailable

_CONNECT, _READ, _TRIES = 2.0, 8.0, 3
"""Seconds, and how often botocore asks: a webhook that is to answer in 3 seconds fails before."""


@lru_cache(maxsize=1)
def _session() -> Any:
    # boto3 adds 70 ms to botocore, and nothing that is needed here.
    import botocore.session  # type: ignore[import-untyped]  # noqa: PLC0415 -- no types; heavy

    return botocore.session.get_session()


@lru_cache(maxsize=16)
def client(service: str) -> Any:
    """Return a service's client, of the region and with the credentials of the environment.

    It is made once per process, and may be used from several threads.
    """
    from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415 -- likewise

    retries = {"mode": "standard", "total_max_attempts": _TRIES}
    config = Config(connect_timeout=_CONNECT, read_timeout=_READ, retries=retries)
    return _session().create_client(service, config=config)


@contextmanager
def answering(what: str) -> Iterator[None]:
    """Turn botocore's errors into StateUnavailable; no text of a request is in it."""
    from botocore import exceptions  # noqa: PLC0415 -- likewise

    try:
        yield
    except exceptions.ClientError as error:
        raise StateUnavailable(f"{what} does not answer: {code(error)}") from error
    except exceptions.BotoCoreError as error:
        raise StateUnavailable(f"{what} cannot be reached: {type(error).__name__}") from error


def code(error: Any) -> str:
    """Return the code that a service gave its error."""
    return str(error.response.get("Error", {}).get("Code", "no code"))
