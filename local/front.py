"""The front door of a deployment on this machine: an address without a path, as in AWS.

The emulator has the HTTP API below a path of its own. A browser, and the addresses in pages, begin
at the root: so what comes to a free port here is passed on to there, and the answer back, as it is.
"""

import http.client
import ssl
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_HOPS = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te"),
        *("trailer", "transfer-encoding", "upgrade"),
    }
)
"""Headers that are of a connection and not of a request (RFC 9110, 7.6.1)."""

_WITHOUT_BODY = (204, 304)

_SECONDS = 60.0
"""So long an answer may take: API Gateway gives up after half of it."""


class Front:
    """Passes requests on to an address, once it is :meth:`opened` to one; until then it is 503."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where browsers come to."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def opened(self, url: str, certificate: Path | None = None) -> None:
        """Lead to an address from now on, which may have a certificate of its own."""
        self._server.target = url
        self._server.trusted = ssl.create_default_context(cafile=certificate)

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


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    target = ""
    trusted: ssl.SSLContext | None = None

    def connect(self) -> tuple[http.client.HTTPConnection, str]:
        """Return a connection to where requests go, and the path that they go below."""
        to = urlsplit(self.target)
        if to.scheme == "https":
            return (
                http.client.HTTPSConnection(to.netloc, timeout=_SECONDS, context=self.trusted),
                to.path,
            )
        return http.client.HTTPConnection(to.netloc, timeout=_SECONDS), to.path


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _pass(self) -> None:
        """Pass a request on, and its answer back."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        try:
            status, headers, content = self._ask(body)
        except (OSError, http.client.HTTPException):
            status, headers, content = 503, [("Retry-After", "1")], b""
        with suppress(ConnectionError):  # whoever asked has gone: browsers do, in the midst of it
            self._reply(status, headers, content)

    def _reply(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _HOPS | {"content-length"}:
                self.send_header(name, value)
        if status not in _WITHOUT_BODY:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _ask(self, body: bytes | None) -> tuple[int, list[tuple[str, str]], bytes]:
        if not self.server.target:
            raise ConnectionRefusedError
        connection, below = self.server.connect()
        try:
            connection.putrequest(self.command, below + self.path, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _HOPS | {"host"}:
                    connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _pass  # noqa: N815 -- as the base class finds them

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- as it is overridden
        """Say nothing: addresses may have a word in them that lets somebody in."""
