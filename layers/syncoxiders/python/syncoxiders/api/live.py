"""Hearing of what is new.

A deployment says over a WebSocket what may be asked for anew; what is lost on the way costs nothing
but time, for one asks now and then anyway, and more often while there is no connection.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from syncoxiders.api.addresses import loopback
from syncoxiders.api.client import Client
from syncoxiders.api.errors import ApiError
from syncoxiders.api.shapes.live import Hint
from syncoxiders.ports.errors import Unreachable

SELDOM, OFTEN = 30.0, 3.0
"""Seconds between two questions, with a connection and without."""

_AGAIN = (3.0, 120.0)
"""So long it takes from one attempt to connect to the next: at first, and at most."""
_LOOK = 0.25
"""Seconds within which it is noticed that it is to end."""
_PATIENCE = 10.0


class Connection(Protocol):
    """An open connection."""

    def recv(self, timeout: float | None = None) -> str | bytes:
        """Return the next message. Raises TimeoutError, and OSError or another if it is over."""


@contextmanager
def connect(url: str) -> Iterator[Connection]:
    """Open a connection to the address of a ticket. Raises Unreachable, without the address."""
    from websockets.exceptions import WebSocketException  # noqa: PLC0415 -- who follows pays
    from websockets.sync.client import connect as opened  # noqa: PLC0415 -- likewise

    parts = urlsplit(url)
    local = loopback(parts.hostname or "")
    if parts.scheme != "wss" and not (parts.scheme == "ws" and local):
        raise Unreachable("the address of the live updates is not one that is safe to use")
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(
                opened(
                    url,
                    open_timeout=_PATIENCE,
                    close_timeout=1.0,
                    max_size=1 << 20,
                    proxy=None if local else True,
                    logger=_silent(),
                )
            )
        except (OSError, WebSocketException, ValueError) as error:
            # Its text may have the address in it, and with that the ticket.
            name = type(error).__name__
            raise Unreachable(f"the live updates cannot be reached ({name})") from None
        yield connection


class Updates:
    """What is new at a deployment; made for one thread. Iterate over :meth:`hints`."""

    def __init__(
        self,
        client: Client,
        *,
        open_: Callable[[str], AbstractContextManager[Connection]] = connect,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._open = open_
        self._now = now
        self._connection: Connection | None = None
        self._held = ExitStack()
        self._failed = 0
        self._next = 0.0
        self._forbidden = False

    @property
    def connected(self) -> bool:
        """Say whether there is a connection, as far as is known."""
        return self._connection is not None

    def hints(self, stop: threading.Event) -> Iterator[Hint | None]:
        """Yield a hint when one comes in, and None when it is time to ask for everything.

        The first is None, and so is the first after a connection was opened or lost. It goes on
        until ``stop`` is set. Raises ApiError if the login has ended.
        """
        try:
            while not stop.is_set():
                every = SELDOM if self._connect() else OFTEN
                yield None
                yield from self._until(self._now() + every, stop)
        finally:
            self._close()

    def _until(self, due: float, stop: threading.Event) -> Iterator[Hint]:
        while not stop.is_set() and (left := due - self._now()) > 0:
            if self._connection is None:
                stop.wait(min(left, _LOOK))
                continue
            try:
                message = self._connection.recv(timeout=min(left, _LOOK))
            except TimeoutError:
                continue
            except Exception:  # noqa: BLE001 -- however it ended, one asks by the clock from now on
                self._close()
                self._later()
                return
            hint = _read(message)
            if hint is not None:
                yield hint

    def _connect(self) -> bool:
        """Open a connection if there is none and it is time to; say whether there is one."""
        if self._connection is not None:
            return True
        if self._forbidden or self._now() < self._next:
            return False
        try:
            url = self._client.sessions.ticket().url
            self._connection = self._held.enter_context(self._open(url))
        except ApiError as error:
            if error.status == HTTPStatus.UNAUTHORIZED:
                raise
            # A deployment without live updates has none later either.
            self._forbidden = error.status == HTTPStatus.NOT_FOUND
            self._later()
            return False
        except Unreachable:
            self._later()
            return False
        self._failed = 0
        return True

    def _later(self) -> None:
        first, most = _AGAIN
        pause = min(first * 2.0**self._failed, most)
        self._failed += 1
        self._next = self._now() + pause * random.uniform(0.8, 1.2)  # noqa: S311 -- no secret

    def _close(self) -> None:
        self._connection = None
        with suppress(Exception):  # there is nothing more to be had of it
            self._held.close()


def _read(message: str | bytes) -> Hint | None:
    try:
        return msgspec.json.decode(message, type=Hint)
    except msgspec.MsgspecError:
        return None  # of another version


def _silent() -> Any:
    """Return a logger that tells nothing: the address of the connection is a secret."""
    logger = logging.getLogger("syncoxiders.api.live")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    logger.setLevel(logging.CRITICAL + 1)
    return logger
