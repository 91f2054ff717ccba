"""The proxy by which rclone reaches emulated clouds, which costs as little as a proxy can."""

import http.server
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

_AT_ONCE = 1 << 20


@contextmanager
def relay(port_of: Callable[[str], int | None]) -> Iterator[int]:
    """Hand each CONNECT to the port on loopback that is told for its host; yields the proxy's."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            host = self.path.partition(":")[0]
            port = port_of(host)
            if port is None:
                self.send_error(502, f"{host} is not emulated")
                return
            with socket.create_connection(("127.0.0.1", port)) as there:
                self.send_response(200)
                self.end_headers()
                back = threading.Thread(target=_pour, args=(there, self.connection), daemon=True)
                back.start()
                _pour(self.connection, there)
                back.join()
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's
            """Keep quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _pour(source: socket.socket, target: socket.socket) -> None:
    """Hand bytes on until there are no more; the kernel alone touches them where it can."""
    with suppress(OSError):
        if hasattr(os, "splice"):
            _splice(source.fileno(), target.fileno())
        else:
            while data := source.recv(_AT_ONCE):
                target.sendall(data)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def _splice(source: int, target: int) -> None:
    out, into = os.pipe()
    with closing(os.fdopen(out, "rb", 0)), closing(os.fdopen(into, "wb", 0)):
        while count := os.splice(source, into, _AT_ONCE):
            while count:
                count -= os.splice(out, target, count)
