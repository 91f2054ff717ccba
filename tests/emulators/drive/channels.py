"""Push channels: HTTP requests to whoever watches, without a word of what has changed.

https://developers.google.com/workspace/drive/api/guides/push
"""

import http.client
import secrets
import threading
import urllib.parse
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.emulators.drive import errors
from tests.emulators.drive.store import Drive
from tests.emulators.serving import Request

HOUR = 3600.0
LONGEST = 7 * 24 * HOUR
"""How long a channel for changes can last; an hour, unless asked for."""

ATTEMPTS = 3
_AGAIN = {500, 502, 503, 504}
"""Answers that are tried again; what else is not a success is given up."""

_LOCAL = {"127.0.0.1", "localhost", "::1"}


@dataclass
class _Channel:
    id: str
    resource: str
    uri: str
    address: str
    token: str
    expires: float
    messages: int = 0


@dataclass(frozen=True)
class _Message:
    address: str
    headers: dict[str, str]


class Channels:
    """The open channels of a Drive.

    Of the notifications to come, ``lost`` many never arrive, and ``repeated`` many do so twice;
    the first message of a channel is not among them.
    """

    def __init__(self, drive: Drive) -> None:
        self._drive = drive
        self._open: dict[str, _Channel] = {}
        self._waiting: deque[_Message] = deque()
        self._state = threading.Condition()
        self._busy = False
        self.lost = 0
        self.repeated = 0
        self.delivered = 0

    def open(self, request: Request) -> dict[str, Any]:
        """Open a channel as a request asks, and send its first message; raises Failure."""
        wanted = request.json() or {}
        for name in ("id", "type", "address"):
            if not wanted.get(name):
                raise errors.required(f"entity.{name}")
        self._check(wanted)
        now = self._drive.now()
        asked = float(wanted["expiration"]) / 1000 if wanted.get("expiration") else now + HOUR
        channel = _Channel(
            id=wanted["id"],
            resource=secrets.token_urlsafe(20),
            uri=f"{request.base}/drive/v3/changes?alt=json&pageToken={request.query['pageToken']}",
            address=wanted["address"],
            token=wanted.get("token", ""),
            expires=min(asked, now + LONGEST),
        )
        self._open[channel.id] = channel
        self._send(channel, "sync")
        told = {
            "kind": "api#channel",
            "id": channel.id,
            "resourceId": channel.resource,
            "resourceUri": channel.uri,
            "expiration": str(int(channel.expires * 1000)),
        }
        return {**told, "token": channel.token} if channel.token else told

    def _check(self, wanted: dict[str, Any]) -> None:
        """Raise Failure for a channel that cannot be; a loopback address needs no TLS here."""
        address = urllib.parse.urlsplit(wanted["address"])
        if wanted["type"] not in {"web_hook", "webhook"}:
            raise errors.invalid("entity.type", "Unknown channel type")
        if address.scheme != "https" and address.hostname not in _LOCAL:
            raise errors.failure(
                400,
                "push.webhookUrlNotHttps",
                f"WebHook callback must be HTTPS: {wanted['address']}",
            )
        if len(wanted["id"]) > 64 or len(wanted.get("token", "")) > 256:
            raise errors.invalid("entity.id", "Channel id or token is too long")
        held = self._open.get(wanted["id"])
        if held is not None and held.expires > self._drive.now():
            raise errors.failure(400, "channelIdNotUnique", f"Channel id {wanted['id']} not unique")
        expiration = wanted.get("expiration")
        if expiration and float(expiration) / 1000 <= self._drive.now():
            raise errors.invalid("entity.expiration", "Expiration is in the past")

    def stop(self, request: Request) -> None:
        """Close a channel; raises Failure."""
        wanted = request.json() or {}
        channel = self._open.get(wanted.get("id", ""))
        if channel is None or channel.resource != wanted.get("resourceId"):
            raise errors.failure(
                404,
                "notFound",
                f"Channel '{wanted.get('id')}' not found for project",
                location="entity.id",
                locationType="other",
            )
        del self._open[channel.id]

    def expire(self) -> None:
        """Let every channel end now."""
        self._open.clear()

    def notify(self) -> None:
        """Tell every channel that there is something new."""
        now = self._drive.now()
        for channel in list(self._open.values()):
            if channel.expires <= now:
                del self._open[channel.id]
            elif self.lost:
                self.lost -= 1
                channel.messages += 1
            else:
                message = self._send(channel, "change")
                if self.repeated:
                    self.repeated -= 1
                    self._push(message)

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until nothing waits to be delivered; False if that takes too long."""
        with self._state:
            return self._state.wait_for(lambda: not self._busy, timeout)

    def _send(self, channel: _Channel, state: str) -> _Message:
        channel.messages += 1
        expires = datetime.fromtimestamp(channel.expires, UTC)
        headers = {
            "Accept": "*/*",
            "User-Agent": "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)",
            "X-Goog-Channel-ID": channel.id,
            "X-Goog-Channel-Expiration": f"{expires:%a, %d %b %Y %H:%M:%S} GMT",
            "X-Goog-Resource-State": state,
            "X-Goog-Message-Number": str(channel.messages),
            "X-Goog-Resource-ID": channel.resource,
            "X-Goog-Resource-URI": channel.uri,
        }
        if channel.token:
            headers["X-Goog-Channel-Token"] = channel.token
        message = _Message(channel.address, headers)
        self._push(message)
        return message

    def _push(self, message: _Message) -> None:
        with self._state:
            self._waiting.append(message)
            if not self._busy:
                self._busy = True
                threading.Thread(target=self._deliver, daemon=True).start()

    def _deliver(self) -> None:
        """Send what waits, in order, until nothing does."""
        while True:
            with self._state:
                if not self._waiting:
                    self._busy = False
                    self._state.notify_all()
                    return
                message = self._waiting.popleft()
            for _ in range(ATTEMPTS):
                if _post(message) not in _AGAIN:
                    break
            self.delivered += 1


def _post(message: _Message) -> int:
    """Send a message; returns the status, 0 if there was none."""
    address = urllib.parse.urlsplit(message.address)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=10)
    target = address.path or "/"
    if address.query:
        target += f"?{address.query}"
    try:
        connection.request("POST", target, body=b"", headers=message.headers)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()
