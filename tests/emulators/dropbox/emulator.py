"""The server: what all routes have in common, and how to make it misbehave."""

import json
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from tests.emulators.dropbox.account import Account
from tests.emulators.dropbox.grants import Grants
from tests.emulators.dropbox.listing import Listing
from tests.emulators.dropbox.locking import WriteLock
from tests.emulators.dropbox.people import People
from tests.emulators.dropbox.reading import Reading
from tests.emulators.dropbox.refusals import Refused, bad_request, rate_limited
from tests.emulators.dropbox.relocating import Relocating
from tests.emulators.dropbox.routes import Answer, Route
from tests.emulators.dropbox.storage import Storage
from tests.emulators.dropbox.uploading import Uploading
from tests.emulators.dropbox.webhook import Webhook
from tests.emulators.serving import Emulator, Failure, Request, Response

RPC_TYPE = re.compile(r"application/json(; *charset=utf-8)?", re.IGNORECASE)
UPLOAD_TYPE = "application/octet-stream"


class DropboxEmulator(Emulator):
    """A Dropbox.

    ``people`` are the hands of those who use it; :meth:`acting` is for whoever changes ``tree``
    directly. With ``strict`` every answer is compared with the specification, and one that does
    not keep to it is an error.
    """

    def __init__(self, root: str = "/Root") -> None:
        super().__init__()
        self.strict = False
        self._garbled = {"upload": 0, "download": 0}
        self.changed = threading.Condition(self.lock)
        self.storage = Storage(self.now)
        self.tree = self.storage.tree
        self.account = Account(self.storage)
        self.oauth = Grants(self.now, self.account.id, self.account.user)
        self.token = str(self.oauth.issue()["access_token"])
        self.write_lock = WriteLock()
        self.webhook = Webhook(self.oauth.clients["client"], self.account.id, self.account.user)
        self.listing = Listing(self.storage, self.changed)
        self.uploading = Uploading(self.storage, self.write_lock)
        self.relocating = Relocating(self.storage, self.write_lock)
        self.reading = Reading(self.storage)
        self._routes = {
            f"/2/{route.function}": route
            for part in (
                self.account, self.listing, self.uploading, self.relocating, self.reading,
            )
            for route in part.routes()
        }  # fmt: skip
        self.routes.add("GET", "/oauth2/authorize", self.oauth.authorize)
        self.routes.add("POST", "/oauth2/token", self.oauth.token)
        self.routes.add("POST", "/2/auth/token/revoke", self._revoke)
        self.routes.add("POST", "/2/{function:path}", self._call)
        self.routes.add("GET", "/2/{function:path}", self._get)
        self.routes.add("POST", "/_control/webhook", self._register)
        self.routes.add("DELETE", "/_control/webhook", self._unregister)
        self.routes.add("POST", "/_control/{action}", self._control)
        self.people = People(self, root)

    # Misbehaviour

    def throttle(
        self, times: int = 1, *, seconds: int = 1, path: str = "/2/", plain: bool = False
    ) -> None:
        """Answer the next requests to matching paths that there were too many.

        ``plain`` is how it is said where the API is not reached: as text, with the header alone.
        """
        answer = rate_limited("too_many_requests", seconds)
        kind = "text/plain" if plain else "application/json"
        self.faults.add(
            "status",
            path=path,
            times=times,
            status=answer.status,
            body=b"Too many requests" if plain else answer.body,
            headers={**answer.headers, "Content-Type": kind},
        )

    def garble(self, *, uploads: int = 0, downloads: int = 0) -> None:
        """Damage the bytes of the next requests, or answers, on their way."""
        self._garbled = {"upload": uploads, "download": downloads}

    def allot(self, size: int) -> None:
        """Give the account this much space, in bytes; a basic one has 2 GiB."""
        self.tree.quota = size

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Hold everything while something is changed, and tell of it afterwards."""
        with self.lock:
            before = self.tree.number
            try:
                yield
            finally:
                if self.tree.number != before:
                    self.changed.notify_all()
                    self.webhook.notify()

    # Requests

    def handle(self, request: Request) -> Response:
        """Answer a request; a write has to get hold of the write lock first."""
        route = self._routes.get(request.path)
        if route is None or not route.writes:
            return self._handle(request)
        with self.write_lock.held() as granted:
            if granted:
                return self._handle(request)
        self.calls.append(f"{request.method} {request.path}")
        return rate_limited("too_many_write_operations", self.write_lock.retry_after)

    def _handle(self, request: Request) -> Response:
        with self.acting():
            response = super().handle(request)
        response.headers["X-Dropbox-Request-Id"] = secrets.token_hex(16)
        return response

    def _call(self, request: Request, function: str) -> Response:
        route = self._routes.get(request.path)
        if route is None:
            return Response(400, f'Unknown API function: "{function}"'.encode())
        if route.needs_token:
            self._check_token(request, route)
        self.account.check_path_root(request)
        argument, body = self._argument(request, route)
        if route.style == "upload":
            body = self._damage(body, "upload")
        try:
            result = route.action(argument, body)
        except Refused as refused:
            if self.strict:
                route.check_error(refused.body)
            return refused.response()
        answer = result if isinstance(result, Answer) else Answer(result)
        if self.strict:
            route.check(answer.result)
        if answer.data is None:
            return Response(200, answer.result)
        return _download(request, replace(answer, data=self._damage(answer.data, "download")))

    def _damage(self, data: bytes, way: str) -> bytes:
        if not data or not self._garbled[way]:
            return data
        self._garbled[way] -= 1
        return bytes([data[0] ^ 1]) + data[1:]

    def _get(self, request: Request, function: str) -> Response:
        """Answer a GET, which downloads can be asked for with; whoever has the bytes gets none."""
        route = self._routes.get(request.path)
        if route is None or route.style != "download":
            return self.not_found(request)
        response = self._call(request, function)
        if response.headers.get("ETag") == request.headers.get("if-none-match", ""):
            return Response(304, b"", response.headers)
        return response

    def _check_token(self, request: Request, route: Route) -> None:
        value = request.headers.get("authorization", "")
        if not value:
            raise bad_request(route.function, 'Must provide HTTP header "Authorization".')
        if not value.lower().startswith("bearer "):
            raise bad_request(
                route.function, 'Invalid authorization value in HTTP header "Authorization".'
            )
        self.oauth.check(request, route.scope)

    def _argument(self, request: Request, route: Route) -> tuple[Any, bytes]:
        """Return the SDK's object for the argument, and the bytes that come with it.

        What is beyond ASCII should be escaped in the header; UTF-8 will do, as rclone sends it.
        """
        kind = request.headers.get("content-type", "")
        if route.style == "rpc":
            if not kind and not request.body and not route.has_argument:
                return None, b""
            if not RPC_TYPE.fullmatch(kind):
                raise bad_request(
                    route.function,
                    f'Bad HTTP "Content-Type" header: "{kind}". Expecting "application/json".',
                )
            text, where, body = request.body, "request body", b""
        else:
            if route.style == "upload" and kind != UPLOAD_TYPE:
                raise bad_request(
                    route.function,
                    f'Bad HTTP "Content-Type" header: "{kind}". Expecting "{UPLOAD_TYPE}".',
                )
            where = 'HTTP header "Dropbox-API-Arg"'
            text, body = request.query.get("arg", "").encode(), request.body
            if "dropbox-api-arg" in request.headers:
                text = request.headers["dropbox-api-arg"].encode("latin-1")
        try:
            value = json.loads(text)
        except ValueError as error:
            complaint = f"{where}: could not decode input as JSON"
            raise bad_request(route.function, complaint) from error
        return route.decode(value, where), body

    def not_found(self, request: Request) -> Response:
        """Answer what no route takes."""
        return Response(404, f"No such page: {request.path}".encode())

    def _revoke(self, request: Request) -> Response:
        grant = self.oauth.check(request, "")
        grant.alive = False
        return Response(200, None)

    # Control

    def _register(self, request: Request) -> Response:
        try:
            self.webhook.register(request.json()["address"])
        except ValueError as error:
            return Response(400, {"error": str(error)})
        return Response(204)

    def _unregister(self, request: Request) -> Response:
        del request
        self.webhook.unregister()
        return Response(204)

    def _control(self, request: Request, action: str) -> Response:
        """Do what a test that has only the address wants, with the body's arguments."""
        actions: dict[str, Callable[..., None]] = {
            "throttle": self.throttle,
            "garble": self.garble,
            "allot": self.allot,
            "refuse-writes": self.write_lock.refuse,
            "reset-cursors": self.listing.reset,
            "freeze-listings": self.listing.freeze,
            "thaw-listings": self.listing.thaw,
            "lose-pushes": self.webhook.lose,
            "repeat-pushes": self.webhook.repeat,
            "expire-tokens": self.oauth.expire,
            "revoke-tokens": self.oauth.revoke_all,
        }
        if action not in actions:
            return self.not_found(request)
        actions[action](**(request.json() or {}))
        return Response(204)


def _download(request: Request, answer: Answer) -> Response:
    """Return bytes, or the range of them that was asked for."""
    data = answer.data or b""
    described = answer.result.get("file_metadata", answer.result)
    headers = {
        "Content-Type": "application/octet-stream",
        "Accept-Ranges": "bytes",
        "ETag": f'W/"{described["rev"]}"',
        "Dropbox-API-Result": json.dumps(answer.result),
    }
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", ""))
    if asked is None or asked.groups() == ("", ""):
        return Response(200, data, headers)
    first, last = asked.groups()
    start = int(first) if first else max(0, len(data) - int(last))
    end = min(int(last) + 1, len(data)) if first and last else len(data)
    if start >= end:
        raise Failure(Response(416, b"", {"Content-Range": f"bytes */{len(data)}"}))
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
    return Response(206, data[start:end], headers)
