"""What is asked for twice under one ``Idempotency-Key`` is done once.

The first answer is kept for a day, and given again. A key belongs to its owner and its route, and
to what was asked: with another body it is refused. What was refused or failed is not kept, and may
be tried again under its key. (As draft-ietf-httpapi-idempotency-key-header-07 has it. The utility
of Powertools wants a table in AWS and boto3, and keeps digests of events; ours is of any table.)

In the table ``control``: ``owner#once``, digest of route and key, with ``asked`` (a digest of the
body), ``token`` (of who is at it), ``until`` (when that one has certainly ended), and once that is
done ``answer``; ``expires``.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec
from aws_lambda_powertools.event_handler import Response

from syncoxiders.cloud.web.problems import Refusal, conflicting, unfit
from syncoxiders.cloud.web.service import Web
from syncoxiders.ports.items import (
    Absent,
    AtMost,
    Delete,
    Either,
    Equals,
    Every,
    Item,
    Key,
    Missing,
    Put,
    Raced,
    Update,
)

KEPT = 86_400
"""Seconds for which an answer is kept."""

_LIVES = 60
"""Seconds after which whoever began has ended: a request has half a minute."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_LONGEST = 300_000
"""Characters of an answer that are kept; an item holds 400 KB."""

_Next = Callable[[Any], Response[Any]]


class _Answer(msgspec.Struct, frozen=True):
    status: int
    media: str
    body: Any
    headers: dict[str, str]


def once(web: Web) -> Callable[[Any, _Next], Response[Any]]:
    """Return a middleware for routes that create something: what it is asked twice, it does once.

    To be given to a route as ``middlewares=[once(web)]``.
    """

    def middleware(app: Any, go_on: _Next) -> Response[Any]:
        given = web.header("idempotency-key")
        if given is None:
            return go_on(app)
        if not _KEY.fullmatch(given):
            raise unfit("header.idempotency-key", "up to 255 printable ASCII characters, no spaces")
        return _once(web, given, lambda: go_on(app))

    setattr(middleware, "idempotent", True)  # noqa: B010 -- for the API's description to tell
    return middleware


def _once(web: Web, given: str, make: Callable[[], Response[Any]]) -> Response[Any]:
    key = _key(web, given)
    asked = hashlib.sha256(web.request.body).hexdigest()
    token = secrets.token_hex(8)
    before = _begin(web, key, asked, token)
    if before is not None:
        return _again(before, asked)
    try:
        response = make()
    except BaseException:
        web.app.control.write([Delete(key, when=Equals("token", token))])
        raise
    headers = {name: str(value) for name, value in response.headers.items()}
    media = response.content_type or ""
    answer = msgspec.json.encode(_Answer(response.status_code, media, response.body, headers))
    if len(answer) <= _LONGEST:
        # It may be that it took too long, and somebody else is at it: theirs is as good.
        put = {"answer": answer.decode()}
        web.app.control.write([Update(key, put=put, when=Equals("token", token))])
    return response


def _begin(web: Web, key: Key, asked: str, token: str) -> Item | None:
    """Note that it is begun; return what is there if it was begun before."""
    now = int(web.app.clock.now())
    item = Item(key, {"asked": asked, "token": token, "until": now + _LIVES, "expires": now + KEPT})
    left = Every((Missing("answer"), Equals("asked", asked), AtMost("until", now)))
    free = Either((Absent(), AtMost("expires", now), left))
    (written,) = web.app.control.write([Put(item, when=free)])
    if isinstance(written, Raced) and (written.item is None or _ours(written.item, token)):
        return None  # a repetition of a write whose answer was lost
    return written.item if isinstance(written, Raced) else None


def _ours(item: Item, token: str) -> bool:
    return item.attributes.get("token") == token


def _again(before: Item, asked: str) -> Response[Any]:
    if before.attributes.get("asked") != asked:
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "key-used-otherwise",
            "something else was asked for under this Idempotency-Key",
            mend="take a new key for each thing that is to be made",
        )
    text = before.attributes.get("answer")
    if not isinstance(text, str):
        raise conflicting(
            "still-at-it",
            "the same was asked for just before, and is being done",
            mend="ask again in some seconds",
        )
    answer = msgspec.json.decode(text, type=_Answer)
    headers = {**answer.headers, "Idempotent-Replayed": "true"}
    return Response(answer.status, answer.media or None, answer.body, headers=headers)


def _key(web: Web, given: str) -> Key:
    told = msgspec.json.encode([web.request.method, web.request.path, given])
    digest = base64.urlsafe_b64encode(hashlib.sha256(told).digest()).rstrip(b"=").decode()
    return f"{web.owner}#once", digest
