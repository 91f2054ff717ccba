"""An HTTP server for emulators: requests in, responses out, faults on demand."""

import functools
import http.server
import json
import re
import socket
import ssl
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from tests.emulators import bulk
from tests.emulators.faults import Faults

JSON = "application/json"


@dataclass(frozen=True)
class Request:
    """A request. ``headers`` have lower-case names; ``query`` holds the last value of each key."""

    method: str
    scheme: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def base(self) -> str:
        """The address that the client used, for absolute URLs in answers."""
        return f"{self.scheme}://{self.host}"

    def json(self) -> Any:
        """Return the body as JSON; raises ValueError."""
        return json.loads(self.body or b"null")

    def form(self) -> dict[str, str]:
        """Return the fields of a form."""
        return dict(urllib.parse.parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass
class Response:
    """An answer; a ``body`` that is not bytes is sent as JSON."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        self.headers.setdefault("Content-Type", JSON)
        return json.dumps(self.body).encode()


class Failure(Exception):  # noqa: N818 -- an answer, not an error
    """An answer other than success, raised from wherever it is found out."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status, response.body)
        self.response = response


Handler = Callable[..., Response]


class Routes:
    """Which handler answers which request: patterns of paths with ``{name}`` in them.

    A name takes one segment, ``{name:path}`` the rest. Segments are handed over decoded.
    """

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        form = re.sub(r"\\\{(\w+):path\\\}", r"(?P<\1>.*)", re.escape(pattern))
        form = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", form)
        self._routes.append((method, re.compile(form), handler))

    def find(self, request: Request) -> Callable[[], Response] | None:
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path) if method == request.method else None
            if match:
                names = {k: urllib.parse.unquote(v) for k, v in match.groupdict().items()}
                return functools.partial(handler, request, **names)
        return None


class Emulator:
    """What all emulators share: faults, a lock around each request, a clock that can be moved.

    A subclass adds its routes in ``__init__`` and overrides :meth:`failed` where its vendor says
    "not found" in a way of its own. Control requests go to ``/_control/…``.
    """

    def __init__(self) -> None:
        self.routes = Routes()
        self.faults = Faults()
        self.lock = threading.RLock()
        self.ahead = 0.0
        self.calls: list[str] = []
        self.routes.add("POST", "/_control/faults", self._add_fault)
        self.routes.add("DELETE", "/_control/faults", self._clear_faults)
        self.routes.add("POST", "/_control/clock", self._move_clock)

    def now(self) -> float:
        """Return the emulator's time in seconds since the epoch."""
        return time.time() + self.ahead

    def handle(self, request: Request) -> Response:
        """Answer a request."""
        action = self.routes.find(request)
        if action is None:
            return self.not_found(request)
        with self.lock:
            if not request.path.startswith("/_control/"):
                self.calls.append(f"{request.method} {request.path}")
            try:
                return action()
            except Failure as failure:
                return failure.response

    def not_found(self, request: Request) -> Response:
        """Answer what no route takes."""
        return Response(404, {"error": f"no such endpoint: {request.method} {request.path}"})

    # Control

    def _add_fault(self, request: Request) -> Response:
        self.faults.add(**request.json())
        return Response(204)

    def _clear_faults(self, request: Request) -> Response:
        del request
        self.faults.clear()
        return Response(204)

    def _move_clock(self, request: Request) -> Response:
        self.ahead += float(request.json()["seconds"])
        return Response(204)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_HTTPServer"
    timeout = 120
    disable_nagle_algorithm = True  # head and body go out apart; the second would wait 40 ms

    def _answer(self) -> None:
        request = self._request()
        if request is None:
            return
        emulator = self.server.emulator
        fault = emulator.faults.take(request.method, request.path)
        if fault is not None and fault.kind == "drop-before":
            self._drop()
            return
        if fault is not None and fault.kind == "status":
            self._send(Response(fault.status, fault.body, dict(fault.headers)))
            return
        response = emulator.handle(request)
        if fault is not None and fault.kind == "drop-after":
            self._drop()
            return
        self._send(
            response,
            cut=fault is not None and fault.kind == "cut",
            pause=fault.seconds if fault is not None and fault.kind == "slow" else 0.0,
        )

    def _request(self) -> Request | None:
        address = urllib.parse.urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        if headers.get("expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = b"".join(self._chunked())
        else:
            length = int(headers.get("content-length", "0"))
            body = self.rfile.read(length)
            if len(body) < length:
                self.close_connection = True
                return None
        return Request(
            method=self.command,
            scheme="https" if isinstance(self.connection, ssl.SSLSocket) else "http",
            host=headers.get("host", ""),
            path=address.path,
            query=dict(urllib.parse.parse_qsl(address.query, keep_blank_values=True)),
            headers=headers,
            body=body,
        )

    def _chunked(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            continue

    def _send(self, response: Response, *, cut: bool = False, pause: float = 0.0) -> None:
        body = response.encoded()
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status not in {204, 304}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        half = len(body) // 2
        self._write(body[:half])
        if pause:
            self.wfile.flush()
            time.sleep(pause)
        if cut:
            self._drop()
            return
        self._write(body[half:])

    def _write(self, body: bytes) -> None:
        for piece in bulk.pieces(body):
            self.wfile.write(piece)

    def _drop(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's name
        """Keep quiet."""

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Answer every method alike."""
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)


class _HTTPServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, emulator: Emulator, port: int, context: ssl.SSLContext | None) -> None:
        self.emulator = emulator
        self._context = context
        super().__init__(("127.0.0.1", port), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer on one connection; TLS begins in its own thread, not in the accepting one."""
        if self._context is None:
            super().finish_request(request, client_address)
            return
        with self._context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away; an error of the emulator is a bug to be seen."""
        if not isinstance(sys.exception(), OSError | ssl.SSLError):
            super().handle_error(request, client_address)


class Server:
    """An emulator that is being served on 127.0.0.1 until the ``with`` block ends."""

    def __init__(
        self, emulator: Emulator, *, port: int = 0, context: ssl.SSLContext | None = None
    ) -> None:
        self.emulator = emulator
        self._server = _HTTPServer(emulator, port, context)
        self.port: int = self._server.server_address[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
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
