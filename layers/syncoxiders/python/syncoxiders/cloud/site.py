"""A folder of static files as a browser is given them: the console."""

import base64
import gzip
import hashlib
import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec

from syncoxiders.cloud.web.guards import ALWAYS, guarded

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""What is given out; other files are not."""

_PACKED = frozenset({".ico", ".png", ".woff2"})
_WORTH = 1024
"""Bytes from which on a file is compressed."""

_PAGE = re.compile(r"/[\w-]*")
"""What a person may type that means the console: its own places are behind the ``#``."""

_INDEX = "/index.html"


class _File(msgspec.Struct, frozen=True):
    content: bytes
    zipped: bytes | None
    media: str
    tag: str


class Site:
    """The files below a folder; ``live`` is the WebSocket address that its pages may connect to.

    They are read when they are first asked for, and kept: they are part of what was deployed.
    """

    def __init__(self, folder: Path, live: str = "") -> None:
        self._paths = {
            f"/{path.relative_to(folder).as_posix()}": path
            for path in folder.rglob("*")
            if path.suffix in _TYPES and path.is_file()
        }
        self._files: dict[str, _File] = {}
        self._headers = {
            **ALWAYS,
            "Cache-Control": "no-cache",  # names stay when contents change: it is always asked
            "Content-Security-Policy": policy(live),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            "Vary": "Accept-Encoding",
        }

    def answer(self, method: str, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
        """Return the answer to a request, as API Gateway takes it; header names in lower case."""
        if method not in {"GET", "HEAD"}:
            return self._told(HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": "GET, HEAD"})
        name = path if path in self._paths else _INDEX if _navigates(path, headers) else ""
        if name not in self._paths:
            return self._told(HTTPStatus.NOT_FOUND, {})
        file = self._file(name)
        zipped = file.zipped is not None and _takes_gzip(headers.get("accept-encoding", ""))
        tag = f'"{file.tag}-gz"' if zipped else f'"{file.tag}"'
        if _has(headers.get("if-none-match", ""), tag):
            return self._reply(HTTPStatus.NOT_MODIFIED, {"ETag": tag}, b"")
        more = {"ETag": tag, "Content-Type": file.media}
        body = file.content
        if zipped and file.zipped is not None:
            more["Content-Encoding"], body = "gzip", file.zipped
        return self._reply(HTTPStatus.OK, more, body if method == "GET" else b"")

    def _file(self, name: str) -> _File:
        if name not in self._files:
            path = self._paths[name]
            content = path.read_bytes()
            worth = len(content) >= _WORTH and path.suffix not in _PACKED
            self._files[name] = _File(
                content,
                gzip.compress(content, mtime=0) if worth else None,
                _TYPES[path.suffix],
                hashlib.sha256(content).hexdigest()[:20],
            )
        return self._files[name]

    def _told(self, status: HTTPStatus, headers: Mapping[str, str]) -> dict[str, Any]:
        media = {"Content-Type": "text/plain; charset=utf-8", **headers}
        return self._reply(status, media, f"{status.phrase}\n".encode())

    def _reply(self, status: HTTPStatus, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        return {
            "statusCode": int(status),
            "headers": guarded(headers, self._headers),
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }


def policy(live: str) -> str:
    """Return what the console's pages may do (https://www.w3.org/TR/CSP3/): talk to us alone."""
    connect = f"'self' {live}" if live else "'self'"
    return "; ".join(
        (
            "default-src 'self'",
            f"connect-src {connect}",
            "img-src 'self' blob: data:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _navigates(path: str, headers: Mapping[str, str]) -> bool:
    """Say whether somebody goes to the console, and not a program to some file."""
    mode = headers.get("sec-fetch-mode", "navigate")
    accepted = headers.get("accept", "*/*")
    pages = ("text/html", "*/*") if path == "/" else ("text/html",)
    takes = any(each in accepted for each in pages)
    return bool(_PAGE.fullmatch(path)) and mode == "navigate" and takes


def _takes_gzip(accepted: str) -> bool:
    for each in accepted.lower().split(","):
        coding, _, weight = each.strip().partition(";")
        if coding.strip() in {"gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _has(given: str, tag: str) -> bool:
    tags = [each.strip().removeprefix("W/") for each in given.split(",")]
    return tag in tags or "*" in tags
