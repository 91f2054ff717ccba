"""The browser's way back to us: a small server on this machine (RFC 8252, 7.3)."""

import http.server
import queue
import threading
import time
import urllib.parse
from types import TracebackType
from typing import Self

from syncoxiders.adapters.oauth import consent
from syncoxiders.ports.errors import AccountError

_LOOK_AGAIN = 0.2
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>SyncOxiders</title>
<style>body{{font:18px/1.5 sans-serif;max-width:32em;margin:20vh auto;padding:0 1em}}</style>
<h1>{title}</h1><p>{text} You can close this window.</p></html>
"""
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "Connection": "close",
}


class Loopback:
    """Listens on 127.0.0.1 for the answer to one sign-in, until the ``with`` block ends.

    ``redirect`` is the redirect address with ``{port}`` in it, as a vendor's rules want it.
    Raises AccountError if the port is taken.
    """

    def __init__(self, port: int = 0, redirect: str = "http://127.0.0.1:{port}/") -> None:
        self._answers: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
        try:
            self._server = _Server(port, self._answers)
        except OSError as error:
            raise AccountError(
                f"port {port} of this machine cannot be used ({error.strerror}); choose another "
                "with --port, or sign in with --no-browser"
            ) from error
        self.redirect = redirect.format(port=self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    def expect(self, state: str) -> None:
        """Tell which sign-in is waited for, before the browser goes there."""
        self._server.state = state

    def wait(self, patience: float) -> str:
        """Return the code that the browser brings within so many seconds. Raises AccountError."""
        deadline = time.monotonic() + patience
        while (left := deadline - time.monotonic()) > 0:
            try:
                # Not in one go, so that Ctrl-C is heard.
                answer = self._answers.get(timeout=min(left, _LOOK_AGAIN))
            except queue.Empty:
                continue
            return consent.read_answer(answer, self._server.state)
        raise AccountError(
            f"no answer came from the browser within {patience:.0f} seconds; start again, or sign "
            "in with --no-browser if it is on another machine"
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(http.server.ThreadingHTTPServer):
    """A thread for each connection: browsers open some in advance and then say nothing."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, answers: "queue.SimpleQueue[dict[str, str]]") -> None:
        self.answers = answers
        self.state = ""
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    timeout = 30
    server_version = "SyncOxiders"
    sys_version = ""

    def do_GET(self) -> None:
        address = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(address.query))
        if address.path != "/" or not {"code", "error", "state"} & query.keys():
            self._send(404, "Nothing here", "This address is only for signing in.")
            return
        try:
            consent.read_answer(query, self.server.state)
        except AccountError:
            self._send(200, "No access", "The terminal says why.")
        else:
            self._send(200, "Thank you", "SyncOxiders goes on in the terminal.")
        self.server.answers.put(query)

    def _send(self, status: int, title: str, text: str) -> None:
        body = _PAGE.format(title=title, text=text).encode()
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's name
        """Keep quiet: the request has the code in it."""
