"""Subscriptions, and the notifications that they bring over HTTP.

Source: https://learn.microsoft.com/graph/api/resources/subscription and
https://learn.microsoft.com/graph/change-notifications-delivery-webhooks
"""

import functools
import queue
import ssl
import threading
import time
import urllib.parse
import uuid
from dataclasses import dataclass
from typing import Any

import httpx

from tests.emulators.onedrive import errors, facets
from tests.emulators.onedrive.addressing import parse
from tests.emulators.onedrive.drive import Drive
from tests.emulators.onedrive.items import Item
from tests.emulators.onedrive.service import Service, json_body
from tests.emulators.serving import Request, Response

LONGEST = 42_300 * 60.0
VALIDATION_SECONDS = 10.0
ANSWER_SECONDS = 3.0
CLIENT_STATE_LENGTH = 128
TENANT = "84bd8158-6d4d-4958-8b9f-9d6445542f95"

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass
class Subscription:
    """What is watched, and who hears of it."""

    id: str
    resource: str
    drive: str
    item: str
    url: str
    lifecycle_url: str
    client_state: str
    expires: float
    paused: bool = False

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "resource": self.resource,
            "changeType": "updated",
            "clientState": None,
            "notificationUrl": self.url,
            "lifecycleNotificationUrl": self.lifecycle_url or None,
            "expirationDateTime": facets.stamp(self.expires),
        }


class Pushes:
    """Subscriptions and what is sent for them.

    The next ``lost`` notifications are not sent; each is sent ``repeats`` times more. One that is
    not answered with 2xx in three seconds is sent again, up to ``attempts`` times in all, where
    the service goes on for four hours. ``sent`` lists the answers in order, 0 for none.
    ``tls`` says whom to trust under https.
    """

    def __init__(self, service: Service, lock: threading.RLock) -> None:
        self.lost = 0
        self.repeats = 0
        self.attempts = 3
        self.retry_seconds = 0.05
        self.tls: ssl.SSLContext | None = None
        self.sent: list[int] = []
        self.subscriptions: dict[str, Subscription] = {}
        self._service = service
        self._lock = lock
        self._touched: dict[str, None] = {}
        self._queue: queue.SimpleQueue[tuple[str, dict[str, Any]]] = queue.SimpleQueue()
        self._idle = threading.Condition()
        self._waiting = 0
        self._is_sending = False

    # Requests

    def create(self, request: Request) -> Response:
        """Answer ``POST subscriptions``, once the address has proved that it wants to hear."""
        body = json_body(request)
        with self._lock:
            made = self._checked(body)
        for url in dict.fromkeys(filter(None, (made.url, made.lifecycle_url))):
            self._validate(url)
        with self._lock:
            self.subscriptions[made.id] = made
        return Response(201, {**made.shown(), "clientState": made.client_state or None})

    def _checked(self, body: dict[str, Any]) -> Subscription:
        if body.get("changeType") != "updated":
            raise errors.invalid("Only changeType updated is supported for drive items")
        state = str(body.get("clientState") or "")
        if len(state) > CLIENT_STATE_LENGTH:
            raise errors.invalid("clientState is too long")
        resource = str(body.get("resource", ""))
        address = parse(f"/v1.0/{resource.strip('/')}")
        if address is None or address.action:
            raise errors.invalid("The resource cannot be subscribed to")
        drive = self._service.find_drive(address.drive)
        item = drive.walk(drive.get(address.item or "root"), address.path)
        if item is None or item.kind != "folder":
            raise errors.not_found()
        if drive.type != "personal" and item is not drive.root:
            raise errors.invalid("Only the root of a business drive can be subscribed to")
        return Subscription(
            id=str(uuid.uuid4()),
            resource=resource,
            drive=drive.id,
            item=item.id,
            url=_checked_url(body.get("notificationUrl")),
            lifecycle_url=(
                _checked_url(body["lifecycleNotificationUrl"])
                if body.get("lifecycleNotificationUrl")
                else ""
            ),
            client_state=state,
            expires=self._expiry(body),
        )

    def _expiry(self, body: dict[str, Any]) -> float:
        expires = facets.seconds(body.get("expirationDateTime"))
        now = self._service.now()
        if not now < expires <= now + LONGEST + 1:
            raise errors.invalid("Subscription expiration can only be 42300 minutes in the future")
        return expires

    def _validate(self, url: str) -> None:
        token = f"Validation: Testing client application {uuid.uuid4()} +&"
        joint = "&" if "?" in url else "?"
        query = urllib.parse.urlencode({"validationToken": token})
        try:
            with httpx.Client(verify=self.tls or _trusted(), trust_env=False) as client:
                answer = client.post(
                    f"{url}{joint}{query}",
                    headers={"Content-Type": "text/plain; charset=utf-8"},
                    timeout=VALIDATION_SECONDS,
                )
        except httpx.HTTPError as error:
            raise errors.failure(
                400, "ValidationError", f"The notification endpoint did not answer: {error}"
            ) from None
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if answer.status_code != 200 or kind != "text/plain" or answer.text != token:
            raise errors.failure(
                400, "ValidationError", "The notification endpoint did not answer with the token"
            )

    def get(self, request: Request, name: str) -> Response:
        del request
        return Response(200, self._find(name).shown())

    def every(self, request: Request) -> Response:
        del request
        with self._lock:
            self._end_old()
            return Response(200, {"value": [each.shown() for each in self.subscriptions.values()]})

    def renew(self, request: Request, name: str) -> Response:
        """Answer ``PATCH subscriptions/{id}``: it lives longer, and is authorised anew."""
        found = self._find(name)
        found.expires = self._expiry(json_body(request))
        found.paused = False
        return Response(200, found.shown())

    def reauthorize(self, request: Request, name: str) -> Response:
        """Answer ``POST subscriptions/{id}/reauthorize``: it goes on, and ends when it did."""
        del request
        self._find(name).paused = False
        return Response(200)

    def delete(self, request: Request, name: str) -> Response:
        del request
        del self.subscriptions[self._find(name).id]
        return Response(204)

    def _find(self, name: str) -> Subscription:
        self._end_old()
        if name not in self.subscriptions:
            raise errors.failure(404, "ResourceNotFound", "The object was not found.")
        return self.subscriptions[name]

    def _end_old(self) -> None:
        now = self._service.now()
        for name in [each.id for each in self.subscriptions.values() if each.expires <= now]:
            del self.subscriptions[name]

    # Notifications

    def note(self, drive: Drive, item: Item, around: list[Item]) -> None:
        """Remember a change for those who watch a folder around it."""
        for each in self.subscriptions.values():
            watched = each.drive == drive.id and any(up.id == each.item for up in (item, *around))
            if watched:
                self._touched[each.id] = None

    def flush(self) -> None:
        """Send what was noted since the last time."""
        with self._lock:
            self._end_old()
            touched, self._touched = self._touched, {}
            for name in touched:
                found = self.subscriptions.get(name)
                if found is None or found.paused:
                    continue
                if self.lost:
                    self.lost -= 1
                    continue
                for _ in range(1 + self.repeats):
                    self._send(found.url, self._notification(found))

    def require_reauthorization(self, name: str) -> None:
        """Tell a subscriber that it has to authorise again, and pause until it has."""
        with self._lock:
            found = self._find(name)
            found.paused = True
            self._send(found.lifecycle_url, self._event(found, "reauthorizationRequired"))

    def wait(self, seconds: float = 10.0) -> None:
        """Wait until everything was sent, and answered or given up."""
        with self._idle:
            if not self._idle.wait_for(lambda: not self._waiting, seconds):
                raise TimeoutError("notifications are still under way")

    @staticmethod
    def _notification(found: Subscription) -> dict[str, Any]:
        return {
            "subscriptionId": found.id,
            "subscriptionExpirationDateTime": facets.stamp(found.expires),
            "clientState": found.client_state or None,
            "changeType": "updated",
            "resource": found.resource,
            "tenantId": TENANT,
            "resourceData": None,
        }

    @staticmethod
    def _event(found: Subscription, event: str) -> dict[str, Any]:
        return {
            "subscriptionId": found.id,
            "subscriptionExpirationDateTime": facets.stamp(found.expires),
            "tenantId": TENANT,
            "clientState": found.client_state or None,
            "lifecycleEvent": event,
        }

    def _send(self, url: str, body: dict[str, Any]) -> None:
        """Queue a request for the thread that sends, which lives while there is work."""
        if not url:
            return
        with self._idle:
            self._waiting += 1
            self._queue.put((url, body))
            if self._is_sending:
                return
            self._is_sending = True
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        with httpx.Client(
            verify=self.tls or _trusted(), trust_env=False, timeout=ANSWER_SECONDS
        ) as client:
            while True:
                with self._idle:
                    if not self._waiting:
                        self._is_sending = False
                        return
                url, body = self._queue.get()
                try:
                    self._deliver(client, url, body)
                finally:
                    with self._idle:
                        self._waiting -= 1
                        self._idle.notify_all()

    def _deliver(self, client: httpx.Client, url: str, body: dict[str, Any]) -> None:
        for attempt in range(self.attempts):
            if attempt:
                time.sleep(self.retry_seconds)
            try:
                status = client.post(url, json={"value": [body]}).status_code
            except httpx.HTTPError:
                status = 0
            self.sent.append(status)
            if 200 <= status < 300:
                return


@functools.cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()


def _checked_url(url: object) -> str:
    """Return an address that may be notified: https, or anything on loopback."""
    found = urllib.parse.urlsplit(str(url or ""))
    is_local = found.hostname in _LOOPBACK and found.scheme == "http"
    if found.scheme != "https" and not is_local:
        raise errors.invalid("The notification URL must use https")
    return str(url)
