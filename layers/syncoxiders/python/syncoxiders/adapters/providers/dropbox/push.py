"""Dropbox's pushes: a challenge to be echoed, and signed notes of accounts with news.

There is one address for an app, and no channel to renew. Each POST is signed by HMAC-SHA256 of
the app's secret over the raw body, in hexadecimal. It names accounts, not what changed, and comes
for an app's own writes, too. Dropbox wants an answer within ten seconds.
Source: https://www.dropbox.com/developers/reference/webhooks
"""

import hashlib
import hmac
from collections.abc import Mapping

import msgspec

from syncoxiders.ports.push import Forged, Push, Secrets

_LONGEST_CHALLENGE = 1000


class _Accounts(msgspec.Struct):
    accounts: tuple[str, ...]


class _Note(msgspec.Struct):
    list_folder: _Accounts


_decoder = msgspec.json.Decoder(_Note)


def verify(
    query: Mapping[str, str], headers: Mapping[str, str], body: bytes, secret: Secrets
) -> Push:
    """Return what a push says; see :class:`~syncoxiders.ports.push.Verifier`.

    A challenge proves nothing and tells nothing; its answer is to go as text/plain with
    ``X-Content-Type-Options: nosniff``.
    """
    challenge = query.get("challenge")
    if challenge is not None and not body:
        if not challenge or len(challenge) > _LONGEST_CHALLENGE:
            raise Forged("a challenge that Dropbox would not send")
        return Push(reply=challenge)
    known = secret("")
    if not known:
        raise Forged("the app's secret is not known here")
    expected = hmac.new(known.encode(), body, hashlib.sha256).hexdigest()
    given = headers.get("x-dropbox-signature", "")
    if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        raise Forged("the signature is not that of the app's secret")
    try:
        note = _decoder.decode(body)
    except msgspec.MsgspecError as exc:
        raise Forged("the body is not a note of accounts") from exc
    return Push(accounts=tuple(dict.fromkeys(note.list_folder.accounts)))
