"""Where a list goes on: cursors of pages.

To a caller a cursor is a word without a meaning. It is no secret, and proves nothing: what a route
reads by it, it reads below the owner's keys as ever, so that one that was tampered with leads to
another place in the same list, or nowhere.
"""

import base64
import binascii
from typing import TypeVar

import msgspec

from syncoxiders.cloud.web.problems import Refusal, unfit

T = TypeVar("T")

_MOST = 8192
"""Characters; a position with the longest sort key of a table is far shorter."""


def cursor(of: str, position: object) -> str:
    """Return the cursor of a position in the list ``of`` this name; any msgspec type will do."""
    data = msgspec.msgpack.encode([of, position])
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def position(of: str, given: str, kind: type[T]) -> T | None:
    """Return the position that a cursor has, None for ``""``: from the beginning.

    Raises Refusal for what is no cursor of this list.
    """
    if not given:
        return None
    if len(given) > _MOST:
        raise _wrong()
    try:
        padded = given.encode("ascii") + b"=" * (-len(given) % 4)
        data = base64.b64decode(padded, altchars=b"-_", validate=True)
        name, found = msgspec.msgpack.decode(data, type=tuple[str, msgspec.Raw])
        if name != of:
            raise _wrong()
        return msgspec.msgpack.decode(found, type=kind)
    except (UnicodeError, binascii.Error, msgspec.MsgspecError):
        raise _wrong() from None


def _wrong() -> Refusal:
    return unfit(
        "query.cursor",
        "this is not a cursor that this list gave",
        mend="begin with the first page, without a cursor",
    )
