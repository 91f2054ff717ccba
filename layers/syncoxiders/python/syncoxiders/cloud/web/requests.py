"""A request as it came from API Gateway, made plain before anything else looks at it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
(payload format 2.0).
"""

import base64
import binascii
import ipaddress
import urllib.parse
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from syncoxiders.cloud.web.problems import Refusal

MOST = 1_200_000
"""Bytes that a request's body may have: a text of a million characters, and what is around it."""

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


class Request(msgspec.Struct, frozen=True):
    """A request. Names of headers are in lower case; cookies are in ``headers["cookie"]``.

    Of what is several times in the ``query`` the last one counts. ``source`` is the address that it
    came from: of IPv6 the network, which is one subscriber's.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    source: str

    @property
    def media(self) -> str:
        """Return the type of the body, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def form(self) -> dict[str, str]:
        """Return the fields of a form. Raises Refusal for what is none."""
        if self.media != _FORM:
            raise unsupported()
        try:
            text = self.body.decode("ascii")
        except UnicodeError:
            raise malformed("it is no form") from None
        return dict(urllib.parse.parse_qsl(text, keep_blank_values=True))


def read(event: Mapping[str, Any]) -> Request:
    """Return the request of an event. Raises Refusal where its body cannot be taken."""
    http = event["requestContext"]["http"]
    headers = {name.lower(): str(value) for name, value in event.get("headers", {}).items()}
    if event.get("cookies"):
        headers["cookie"] = "; ".join(event["cookies"])
    return Request(
        method=str(http["method"]).upper(),
        path=urllib.parse.unquote(event["rawPath"], errors="replace"),
        query=dict(urllib.parse.parse_qsl(event.get("rawQueryString", ""), keep_blank_values=True)),
        headers=headers,
        body=_body(event),
        source=_source(str(http.get("sourceIp", ""))),
    )


def check_json(request: Request) -> None:
    """Make sure that a body, if there is one, is JSON. Raises Refusal.

    What Python's own reader takes beyond it (NaN, halves of surrogate pairs) is not.
    """
    if not request.body:
        return
    if request.media != _JSON:
        raise unsupported()
    try:
        msgspec.json.decode(request.body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        # The error might quote what was sent.
        raise malformed("it is not JSON") from None


def unsupported() -> Refusal:
    """Return that a body is of a type that is not taken."""
    return Refusal(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported-type",
        "a body of this type is not taken here",
        mend=f"send Content-Type: {_JSON}",
    )


def malformed(why: str) -> Refusal:
    """Return that a body is not what its type says."""
    return Refusal(HTTPStatus.BAD_REQUEST, "malformed", f"the body cannot be read: {why}")


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    encoded = bool(event.get("isBase64Encoded"))
    if len(text) > (MOST * 4 // 3 + 4 if encoded else MOST):
        raise _too_large()
    try:
        body = base64.b64decode(text, validate=True) if encoded else text.encode()
    except (binascii.Error, UnicodeError):
        raise malformed("it is not encoded as it says") from None
    if len(body) > MOST:
        raise _too_large()
    return body


def _too_large() -> Refusal:
    return Refusal(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too-large",
        f"the body of a request may have {MOST} bytes",
    )


def _source(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if found.version == 4:  # noqa: PLR2004 -- IP's versions
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False).network_address)
