"""Google Drive's push notifications: what a request says, and whether it is genuine.

https://developers.google.com/workspace/drive/api/guides/push: a POST without a body; headers
tell the channel, the token that was given to it when it was opened, and a state, which is
``sync`` once, when the channel opens, and then ``change``.
"""

import hmac
from collections.abc import Mapping

from syncoxiders.ports.push import Forged, Push, Secrets

_CHANNEL = "x-goog-channel-id"
_TOKEN = "x-goog-channel-token"  # noqa: S105 -- the name of a header
_STATE = "x-goog-resource-state"
_NUMBER = "x-goog-message-number"


def verify(
    query: Mapping[str, str],  # noqa: ARG001 -- part of the port; Drive sends nothing in it
    headers: Mapping[str, str],
    body: bytes,  # noqa: ARG001 -- part of the port; Drive sends none
    secret: Secrets,
) -> Push:
    """Return what a push says. Raises Forged."""
    channel = headers.get(_CHANNEL, "")
    state = headers.get(_STATE, "")
    if not channel or not state or not headers.get(_NUMBER, "").isdecimal():
        raise Forged("this is no notification of Google Drive's: headers are lacking")
    expected = secret(channel)
    if expected is None:
        raise Forged("the channel is not known")
    if not hmac.compare_digest(headers.get(_TOKEN, "").encode(), expected.encode()):
        raise Forged("the channel's token is not the one that it was opened with")
    return Push() if state == "sync" else Push(channels=(channel,))
