"""The front door passes on what comes, and what is answered, as it is."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from local.front import Front


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _echo(self) -> None:
        if self.path.endswith("/nothing"):
            self.send_response(204)
            self.end_headers()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = {
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body.decode("latin-1"),
        }
        content = json.dumps(said).encode()
        self.send_response(418)
        for cookie in ("a=1; Path=/", "b=2; Path=/"):
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = _echo  # noqa: N815 -- the base class's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- as it is overridden
        pass


@pytest.fixture
def behind() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/below/$default"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def front() -> Iterator[Front]:
    with Front() as found:
        yield found


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_passed_on(front: Front, behind: str, method: str) -> None:
    """Method, address, headers and body arrive below the path; all of the answer comes back."""
    front.opened(behind)
    body = bytes(range(256)) if method in {"POST", "PATCH"} else b""
    answer = httpx.request(
        method,
        f"{front.url}/a%2Fb/%C3%BC?x=%20&y",
        headers={"Cookie": "s=1", "Accept-Encoding": "gzip"},
        content=body,
        trust_env=False,
    )
    assert answer.status_code == 418
    assert answer.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2; Path=/"]
    said = answer.json()
    assert (said["method"], said["path"]) == (method, "/below/$default/a%2Fb/%C3%BC?x=%20&y")
    assert said["body"].encode("latin-1") == body
    assert (said["headers"]["cookie"], said["headers"]["accept-encoding"]) == ("s=1", "gzip")


def test_without_a_body(front: Front, behind: str) -> None:
    """Answers that have no body have none, and the connection serves the next request."""
    front.opened(behind)
    with httpx.Client(trust_env=False) as client:
        assert client.head(f"{front.url}/").content == b""
        assert client.get(f"{front.url}/nothing").status_code == 204
        assert client.get(f"{front.url}/").status_code == 418


def test_not_there(front: Front) -> None:
    """As long as nothing is behind the door it says that one should try again."""
    for url in ("", "http://127.0.0.1:9/"):
        front.opened(url)
        answer = httpx.get(f"{front.url}/", trust_env=False)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
