"""The Dropbox emulator's webhook: handshake, signed pushes, and what goes wrong with them."""

import hashlib
import hmac
import http.server
import json
import queue
import threading
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.emulators.dropbox import DropboxEmulator, create
from tests.emulators.dropbox.client import connected
from tests.emulators.serving import Server


@pytest.fixture
def emulator() -> DropboxEmulator:
    return create()


@pytest.fixture
def plain(emulator: DropboxEmulator) -> Iterator[httpx.Client]:
    with (
        Server(emulator) as server,
        httpx.Client(base_url=server.url, trust_env=False) as client,
    ):
        yield client


class Push(NamedTuple):
    signature: str
    body: bytes


class Receiver:
    """A web app with a webhook. ``replies`` are the statuses of its next answers, then 200."""

    def __init__(self) -> None:
        self.pushes: queue.Queue[Push] = queue.Queue()
        self.replies: list[int] = []
        self.echoes = True
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                self._answer(200, query["challenge"][0] if receiver.echoes else "hello")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.pushes.put(Push(self.headers["X-Dropbox-Signature"], body))
                self._answer(receiver.replies.pop(0) if receiver.replies else 200, "")

            def _answer(self, status: int, text: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "text/plain")
                self.send_header("X-Content-Type-Options", "nosniff")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's
                """Keep quiet."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def take(self) -> Push:
        return self.pushes.get(timeout=10)

    @property
    def count(self) -> int:
        return self.pushes.qsize()


class TestWebhook:
    @pytest.fixture
    def receiver(self) -> Iterator[Receiver]:
        receiver = Receiver()
        thread = threading.Thread(
            target=receiver.server.serve_forever, kwargs={"poll_interval": 0.02}
        )
        thread.start()
        yield receiver
        receiver.server.shutdown()
        receiver.server.server_close()
        thread.join()

    @pytest.fixture
    def hooked(
        self, emulator: DropboxEmulator, plain: httpx.Client, receiver: Receiver
    ) -> Iterator[Receiver]:
        answer = plain.post("/_control/webhook", json={"address": receiver.url})
        assert answer.status_code == 204
        yield receiver
        emulator.webhook.unregister()

    def test_handshake(self, plain: httpx.Client, receiver: Receiver) -> None:
        """An address that does not echo the challenge, or does not answer, is not registered."""
        receiver.echoes = False
        for address in (receiver.url, "http://127.0.0.1:9/"):
            answer = plain.post("/_control/webhook", json={"address": address})
            assert answer.status_code == 400

    def test_signed(self, emulator: DropboxEmulator, hooked: Receiver) -> None:
        """A push names accounts, and is signed with the app's secret."""
        emulator.people.write("file", b"")
        push = hooked.take()
        assert json.loads(push.body)["list_folder"] == {"accounts": [emulator.account.id]}
        secret = emulator.oauth.clients["client"].encode()
        assert push.signature == hmac.new(secret, push.body, hashlib.sha256).hexdigest()

    def test_own_writes(self, emulator: DropboxEmulator, hooked: Receiver) -> None:
        """An app's own writes push too; what changes nothing does not."""
        with connected(emulator) as box:
            box.files_upload(b"content", "/Root/file")
            emulator.webhook.settle()
            assert hooked.count == 1
            box.files_upload(b"content", "/Root/file")
            box.files_list_folder("/Root")
            emulator.webhook.settle()
            assert hooked.count == 1

    def test_lost_and_repeated(self, emulator: DropboxEmulator, hooked: Receiver) -> None:
        """On demand pushes are lost, or come twice."""
        emulator.webhook.lose()
        emulator.people.write("file", b"lost")
        emulator.webhook.settle()
        assert hooked.count == 0
        emulator.webhook.repeat()
        emulator.people.write("file", b"twice")
        emulator.webhook.settle()
        assert hooked.count == 2

    def test_tried_again(self, emulator: DropboxEmulator, hooked: Receiver) -> None:
        """A push that is not answered with 200 comes again."""
        hooked.replies = [500, 204]
        emulator.people.write("file", b"")
        emulator.webhook.settle()
        assert hooked.count == 3
        assert emulator.webhook.answers == [500, 204, 200]

    def test_unregistered(
        self, emulator: DropboxEmulator, plain: httpx.Client, hooked: Receiver
    ) -> None:
        """After it is unregistered nothing is pushed."""
        plain.delete("/_control/webhook")
        emulator.people.write("file", b"")
        assert hooked.count == 0
