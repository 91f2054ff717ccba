"""Bytes on their way out: whole, or one range of them."""

import re

from tests.emulators.drive import errors
from tests.emulators.serving import Request, Response

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def send(request: Request, data: bytes, mime: str) -> Response:
    """Answer with bytes, or the one range of them that was asked for; raises Failure."""
    headers = {"Content-Type": mime, "Accept-Ranges": "bytes"}
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    if match is None or match[1] == match[2] == "":
        return Response(200, data, headers)
    if match[1]:
        start, end = int(match[1]), int(match[2]) + 1 if match[2] else len(data)
    else:
        start, end = max(0, len(data) - int(match[2])), len(data)
    if start >= len(data) or start >= end:
        raise errors.failure(
            416,
            "requestedRangeNotSatisfiable",
            "Request range not satisfiable",
            headers={"Content-Range": f"bytes */{len(data)}"},
            location="Range",
            locationType="header",
        )
    end = min(end, len(data))
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
    return Response(206, data[start:end], headers)
