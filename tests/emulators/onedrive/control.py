"""Steering the emulator from another process: what it does differently, by requests."""

from collections.abc import Callable
from typing import Any, Protocol

from tests.emulators.oauth import OAuth
from tests.emulators.onedrive.feed import Feed
from tests.emulators.onedrive.pushes import Pushes
from tests.emulators.onedrive.service import Service
from tests.emulators.onedrive.sessions import Sessions
from tests.emulators.serving import Request, Response, Routes


class Steered(Protocol):
    """An emulator, as far as it can be steered."""

    routes: Routes
    service: Service
    feed: Feed
    sessions: Sessions
    pushes: Pushes

    @property
    def oauth(self) -> OAuth:
        """The authorization server."""

    def throttle(self, times: int = 1) -> None:
        """Let the next requests be answered with "too many"."""


def add_routes(emulator: Steered) -> None:
    """Serve the control requests: POST with a JSON object, answered by 204, or 400 if unknown.

    ``quirks`` sets those of :class:`~.service.Quirks`; ``pushes``: ``lost``, ``repeats``;
    ``quota``: ``total``; ``throttle``: see :meth:`~.emulator.OneDrive.throttle`; ``expire``: any
    of ``tokens``, ``grants``, ``sessions``, and ``cursors`` with the code of the 410;
    ``freeze`` and ``catch-up`` hold and release listings and feed; ``reauthorize``: the
    ``subscription`` that has to be.
    """
    control = _Control(emulator)
    for name, action in (
        ("quirks", control.quirks),
        ("pushes", control.pushes),
        ("quota", control.quota),
        ("throttle", emulator.throttle),
        ("expire", control.expire),
        ("freeze", emulator.service.freeze),
        ("catch-up", emulator.service.thaw),
        ("reauthorize", control.reauthorize),
    ):
        emulator.routes.add("POST", f"/_control/{name}", _answer(action))


class _Control:
    def __init__(self, emulator: Steered) -> None:
        self._emulator = emulator

    def quirks(self, **values: Any) -> None:
        quirks = self._emulator.service.quirks
        for name, value in values.items():
            getattr(quirks, name)
            setattr(quirks, name, frozenset(value) if name == "hashes" else value)

    def pushes(self, lost: int = 0, repeats: int = 0) -> None:
        self._emulator.pushes.lost = lost
        self._emulator.pushes.repeats = repeats

    def quota(self, total: int) -> None:
        self._emulator.service.drive.quota = total

    def expire(
        self,
        cursors: str = "",
        *,
        tokens: bool = False,
        grants: bool = False,
        sessions: bool = False,
    ) -> None:
        if cursors:
            self._emulator.feed.expire(cursors)
        if tokens:
            self._emulator.oauth.expire()
        if grants:
            self._emulator.oauth.revoke_all()
        if sessions:
            self._emulator.sessions.expire()

    def reauthorize(self, subscription: str) -> None:
        self._emulator.pushes.require_reauthorization(subscription)


def _answer(action: Callable[..., None]) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        try:
            action(**(request.json() or {}))
        except (TypeError, AttributeError) as error:
            return Response(400, {"error": str(error)})
        return Response(204)

    return answer
