"""A plain HTTP client of the emulator, for tests of it."""

import contextlib
import ssl
from collections.abc import Iterator
from typing import Any

import httpx

from tests.emulators.onedrive.emulator import OneDrive
from tests.emulators.serving import Server

JSON = dict[str, Any]

_TLS = ssl.create_default_context()  # made once, since that takes longer than most tests


class Client:
    """Requests with the emulator's token; paths are below ``/v1.0/me/drive``."""

    def __init__(self, emulator: OneDrive, http: httpx.Client) -> None:
        self.emulator = emulator
        self.http = http
        self.url = str(http.base_url).rstrip("/")

    def __call__(self, method: str, path: str, expect: int = 200, **options: Any) -> httpx.Response:
        """Send a request and check how it is answered."""
        headers = {"Authorization": f"Bearer {self.emulator.token}", **options.pop("headers", {})}
        url = path if path.startswith("http") else f"/v1.0/me/drive{path}"
        answer = self.http.request(method, url, headers=headers, **options)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    def sign_in(self) -> None:
        """Take a new token."""
        self.emulator.token = str(self.emulator.oauth.issue()["access_token"])

    def get(self, path: str, expect: int = 200, **options: Any) -> Any:
        return self("GET", path, expect, **options).json()

    def put(self, path: str, data: bytes, expect: int = 201, **options: Any) -> Any:
        """Put a file at a path below the drive's root."""
        return self("PUT", f"/root:/{path}:/content", expect, content=data, **options).json()

    def refused(self, method: str, path: str, expect: int, code: str, **options: Any) -> JSON:
        """Send a request that is refused with this status and code; returns the error."""
        error: JSON = self(method, path, expect, **options).json()["error"]
        assert error["code"] == code
        return error

    def bare(self, method: str, url: str, expect: int = 200, **options: Any) -> httpx.Response:
        """Send a request without a token."""
        answer = self.http.request(method, url, **options)
        assert answer.status_code == expect, f"{method} {url}: {answer.status_code} {answer.text}"
        return answer

    def round(self, link: str) -> tuple[list[JSON], str]:
        """Read delta to its end; returns the items in order, and the link for the next time."""
        items: list[JSON] = []
        while True:
            page = self.get(link)
            items += page["value"]
            if "@odata.nextLink" not in page:
                return items, page["@odata.deltaLink"]
            link = page["@odata.nextLink"]


@contextlib.contextmanager
def serving(emulator: OneDrive) -> Iterator[Client]:
    """Serve an emulator and yield a client of it."""
    with (
        Server(emulator) as server,
        httpx.Client(base_url=server.url, verify=_TLS, trust_env=False, timeout=20) as http,
    ):
        yield Client(emulator, http)
