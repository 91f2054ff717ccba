"""The webhook: a push is checked and counted, and its account looked at soon.

Only when the hint is counted and its message sent is the push taken, so that the vendor sends it
again if either fails. A genuine push that is replayed is one hint more.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import msgspec
from msgspec import structs

from syncoxiders.engine.pipeline.glance import tell
from syncoxiders.engine.pipeline.hints import call
from syncoxiders.ports.clock import Clock
from syncoxiders.ports.errors import AccountError, StateError
from syncoxiders.ports.push import Forged, Push, Verifier
from syncoxiders.ports.queue import Queue
from syncoxiders.ports.registry import OpenChannel, Registry

LIMIT = 256 * 1024
"""So many bytes a push may have; real ones have a few thousand at most."""

KEEP = 60.0
"""So many seconds a channel is remembered: of many pushes in a row only the first asks for it.

One that was closed meanwhile is heard for so much longer, which does no harm.
"""

MANY = 1_000
"""So many channels are remembered at most."""

_PATH = re.compile(r"/push/([a-z0-9-]+)/?")
_TEXT = {"content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff"}
"""What is echoed is not to be taken for a page: https://www.dropbox.com/developers/reference/webhooks"""


class Request(msgspec.Struct, frozen=True):
    """A request as it came: header names in lower case, the body's own bytes."""

    method: str
    path: str
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Reply(msgspec.Struct, frozen=True):
    """What is answered, and ``hints``: how many accounts were called.

    ``outcome`` is a word to count it by: heard, challenged, forged, strange (of a channel that is
    not known, or not yet, or not any more), oversized, lost (no such address), unavailable.
    """

    status: int
    outcome: str
    body: str = ""
    headers: Mapping[str, str] = msgspec.field(default_factory=_TEXT.copy)
    hints: int = 0


@dataclass(frozen=True, slots=True)
class Door:
    """Where pushes of one kind of account come in.

    ``verify`` tells genuine ones, with the channels' secrets, or with the one that ``app`` returns
    where the vendor signs for the whole app; it may raise AccountError.
    """

    verify: Verifier
    app: Callable[[], str | None] = lambda: None


@dataclass(frozen=True, slots=True)
class Ear:
    """What hearing needs; ``doors`` are by the kind of account that they are for."""

    registry: Registry
    polls: Queue
    clock: Clock
    doors: Mapping[str, Door]
    _heard: dict[str, tuple[float, OpenChannel]] = field(default_factory=dict, init=False)

    def hear(self, request: Request) -> Reply:
        """Take a push, or refuse it."""
        match = _PATH.fullmatch(request.path)
        kind = match[1] if match else ""
        if kind not in self.doors:
            return Reply(404, "lost", "there is nothing here\n")
        if request.method not in {"GET", "POST"}:
            return Reply(405, "lost", "pushes are posted\n", {**_TEXT, "allow": "GET, POST"})
        if len(request.body) > LIMIT:
            return Reply(413, "oversized", "no push is that long\n")
        secrets = _Secrets(self._channel, self.doors[kind].app)
        try:
            return self._hear(kind, request, secrets)
        except Forged as error:
            outcome = "strange" if secrets.strange else "forged"
            return Reply(403, outcome, f"{error}\n")
        except (StateError, AccountError):
            return Reply(503, "unavailable", "come again later\n", {**_TEXT, "retry-after": "5"})

    def touched(self, kind: str, folders: Mapping[str, Iterable[str]]) -> int:
        """Have folders looked into that a vendor's events name, and return of how many accounts.

        They are by the vendor's name for what they are in. Where the events came from is proved
        otherwise. Raises StateUnavailable.
        """
        return tell(self.registry, self.polls, kind, folders)

    def _channel(self, channel: str) -> OpenChannel | None:
        """Return a channel, as it was within the last minute."""
        now = self.clock.now()
        until, known = self._heard.get(channel, (0.0, None))
        if known is not None and now < until:
            return known
        found = self.registry.channel(channel)
        if found is not None:
            if len(self._heard) >= MANY:
                self._heard.clear()
            self._heard[channel] = now + KEEP, found
        return found

    def _call(self, accounts: Iterable[tuple[str, str]]) -> int:
        return call(self.registry, self.polls, accounts, self.clock.now())

    def _hear(self, kind: str, request: Request, secrets: "_Secrets") -> Reply:
        push = self.doors[kind].verify(request.query, request.headers, request.body, secrets)
        if push.reply is not None:
            return Reply(200, "challenged", push.reply)
        self._expire(push, secrets)
        accounts = [
            (opened.owner, opened.account)
            for channel in (*push.channels, *push.renew)
            if (opened := secrets.opened(channel)) is not None
        ]
        for vendor_id in push.accounts:
            accounts.extend(self.registry.called(kind, vendor_id))
        return Reply(200, "heard", hints=self._call(accounts))

    def _expire(self, push: Push, secrets: "_Secrets") -> None:
        """Let channels that will end lapse now in our books, so that the next renewal sees to them.

        One that ended may have missed something, so that its account is looked at as well.
        """
        now = self.clock.now()
        for channel in push.renew:
            self._heard.pop(channel, None)
            opened = self.registry.channel(channel) if secrets.opened(channel) else None
            if opened is not None and not 0 < opened.channel.expires <= now:
                ending = structs.replace(opened.channel, expires=now)
                self.registry.put_channel(structs.replace(opened, channel=ending))


class _Secrets:
    """The secrets of channels; each channel is looked up once for a push."""

    def __init__(
        self,
        channel: Callable[[str], OpenChannel | None],
        app: Callable[[], str | None],
    ) -> None:
        self._channel = channel
        self._app = app
        self._opened: dict[str, OpenChannel | None] = {}

    @property
    def strange(self) -> bool:
        """Say whether a channel was asked for that is not known."""
        return None in self._opened.values()

    def __call__(self, channel: str) -> str | None:
        """Return the secret of a channel, or of the app by ``""``; None if it is not known."""
        if not channel:
            return self._app()
        opened = self.opened(channel)
        return None if opened is None else opened.channel.secret

    def opened(self, channel: str) -> OpenChannel | None:
        """Return a channel; a name that none can have is not asked for."""
        if not _CHANNEL.fullmatch(channel):
            return None
        if channel not in self._opened:
            self._opened[channel] = self._channel(channel)
        return self._opened[channel]


_CHANNEL = re.compile(r"[A-Za-z0-9_-]{1,64}")
