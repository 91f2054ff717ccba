"""A Drive that is served, and Google's own client to look at it with."""

import importlib.resources
import io
import json
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import google_auth_httplib2  # type: ignore[import-untyped]  # Google ships it without types
import httplib2  # type: ignore[import-untyped]  # it has no types
import httpx
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import (  # type: ignore[import-untyped]  # it has no types
    build_from_document,
)
from googleapiclient.errors import HttpError  # type: ignore[import-untyped]  # it has no types
from googleapiclient.http import MediaIoBaseUpload  # type: ignore[import-untyped]  # it has no types

from tests.emulators.drive.emulator import DriveEmulator
from tests.emulators.serving import Server


class World:
    """A Drive, ``api`` (google-api-python-client) and ``http`` (plain requests) at it."""

    def __init__(self, emulator: DriveEmulator, url: str, api: Any, http: httpx.Client) -> None:
        self.emulator = emulator
        self.people = emulator.people
        self.url = url
        self.api = api
        self.files = api.files()
        self.changes = api.changes()
        self.http = http

    def create(self, name: str, data: bytes = b"", **metadata: Any) -> dict[str, Any]:
        """Upload a new file below the root folder; returns all of it."""
        body = {"name": name, "parents": [self.people.root], **metadata}
        found: dict[str, Any] = self.files.create(
            body=body, media_body=upload(data), fields="*"
        ).execute()
        return found

    def get(self, file_id: str, fields: str = "*") -> dict[str, Any]:
        found: dict[str, Any] = self.files.get(fileId=file_id, fields=fields).execute()
        return found

    def read(self, file_id: str) -> bytes:
        data: bytes = self.files.get_media(fileId=file_id).execute()
        return data

    def names(self, q: str = "", **options: Any) -> list[str]:
        """Return the names that a query finds, sorted unless an order is asked for."""
        found = [each["name"] for each in self.files.list(q=q, **options).execute()["files"]]
        return found if "orderBy" in options else sorted(found)

    def children(self) -> list[str]:
        """Return the names of what a listing shows in the root folder."""
        return self.names(f"'{self.people.root}' in parents and trashed = false")

    def token(self) -> str:
        """Return where the feed is now."""
        found: str = self.changes.getStartPageToken().execute()["startPageToken"]
        return found

    def feed(self, token: str, **options: Any) -> list[dict[str, Any]]:
        """Return the changes after a token, of all pages."""
        return [each for page in self.pages(token, **options) for each in page["changes"]]

    def pages(self, token: str, **options: Any) -> Iterator[dict[str, Any]]:
        """Yield the feed's pages after a token."""
        while token:
            page = self.changes.list(pageToken=token, fields="*", **options).execute()
            yield page
            token = page.get("nextPageToken", "")


def upload(data: bytes, **options: Any) -> MediaIoBaseUpload:
    """Return bytes as Google's client takes them."""
    return MediaIoBaseUpload(io.BytesIO(data), "application/x-thing", **options)


def reason(error: HttpError) -> tuple[int, str]:
    """Return an error's status and Google's reason for it."""
    return error.status_code, error.error_details[0]["reason"]


@contextmanager
def served(root: str = "Root") -> Iterator[World]:
    """Serve a fresh Drive."""
    emulator = DriveEmulator(root)
    package = importlib.resources.files("googleapiclient")
    document = json.loads((package / "discovery_cache/documents/drive.v3.json").read_text())
    with Server(emulator) as server:
        document["rootUrl"] = f"{server.url}/"
        document["baseUrl"] = f"{server.url}/drive/v3/"
        plain = httplib2.Http(proxy_info=None, timeout=20)
        plain.redirect_codes = plain.redirect_codes - {308}  # which Google uses in another sense
        connection = google_auth_httplib2.AuthorizedHttp(
            Credentials(emulator.token),  # type: ignore[no-untyped-call]  # no types either
            http=plain,
        )
        authorization = {"Authorization": f"Bearer {emulator.token}"}
        with (
            closing(build_from_document(document, http=connection)) as api,
            httpx.Client(
                base_url=server.url,
                headers=authorization,
                trust_env=False,
                verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # quicker made than the usual one
            ) as http,
        ):
            yield World(emulator, server.url, api, http)
