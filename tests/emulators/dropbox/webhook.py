"""The app's webhook: Dropbox asks an address whether it wants to hear, then tells it of changes.

Source: https://www.dropbox.com/developers/reference/webhooks
"""

import hashlib
import hmac
import json
import queue
import secrets
import threading

import httpx

TIMEOUT = 10.0
ATTEMPTS = 6


class Webhook:
    """The one address of the app, and what was sent to it.

    ``answers`` holds the status of each POST, 0 for one that was not answered. Anything but 200
    is tried again, after ``pause`` seconds and then twice as many each time.
    """

    def __init__(self, secret: str, account: str, user: int) -> None:
        self._secret = secret
        self._message = {"list_folder": {"accounts": [account]}, "delta": {"users": [user]}}
        self._queue: queue.Queue[int | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._lost = 0
        self._repeated = 0
        self._ended = threading.Event()
        self.pause = 0.05
        self.answers: list[int] = []

    def lose(self, times: int = 1) -> None:
        """Do not send the next notifications."""
        self._lost = times

    def repeat(self, times: int = 1) -> None:
        """Send the next notifications twice."""
        self._repeated = times

    def register(self, address: str) -> None:
        """Take an address that echoes the challenge; raises ValueError for one that does not."""
        self.unregister()
        challenge = secrets.token_urlsafe(16)
        try:
            answer = httpx.get(
                address, params={"challenge": challenge}, timeout=TIMEOUT, trust_env=False
            )
        except httpx.HTTPError as error:
            raise ValueError(f"{address} does not answer: {error}") from error
        if answer.status_code != httpx.codes.OK or answer.text != challenge:
            raise ValueError(f"{address} does not echo the challenge")
        self._ended.clear()
        self._thread = threading.Thread(target=self._serve, args=[address], daemon=True)
        self._thread.start()

    def unregister(self) -> None:
        """Send what is due, then nothing any more; what failed is not tried again."""
        if self._thread is not None:
            self._ended.set()
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def settle(self) -> None:
        """Wait until everything that is due was sent."""
        self._queue.join()

    def notify(self) -> None:
        """Tell that something changed, in a while; it may have been the app itself."""
        if self._thread is None:
            return
        if self._lost:
            self._lost -= 1
            return
        times = 1
        if self._repeated:
            self._repeated -= 1
            times = 2
        self._queue.put(times)

    def _serve(self, address: str) -> None:
        with httpx.Client(trust_env=False, timeout=TIMEOUT) as client:
            while (times := self._queue.get()) is not None:
                for _ in range(times):
                    self._send(client, address)
                self._queue.task_done()
        self._queue.task_done()

    def _send(self, client: httpx.Client, address: str) -> None:
        body = json.dumps(self._message).encode()
        signature = hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "DropboxWebhooks/1.0",
            "X-Dropbox-Signature": signature,
        }
        for attempt in range(ATTEMPTS):
            try:
                status = client.post(address, content=body, headers=headers).status_code
            except httpx.HTTPError:
                status = 0
            self.answers.append(status)
            if status == httpx.codes.OK or self._ended.wait(self.pause * 2**attempt):
                return
