"""Graph's change notifications: a handshake to be echoed, and notes of channels with news.

An address is proved by a POST whose ``validationToken`` is answered in ten seconds, as text/plain.
A notification holds several notes, each with the ``clientState`` that its subscription was opened
with: a channel's id and secret. It is to be answered with 202 in three seconds; what is not is sent
again, for up to four hours. Lifecycle notes tell of a subscription itself.
Source: https://learn.microsoft.com/graph/change-notifications-delivery-webhooks and
https://learn.microsoft.com/graph/change-notifications-lifecycle-events
"""

import hmac
from collections.abc import Mapping

import msgspec

from syncoxiders.ports.push import Forged, Push, Secrets

MOST = 128
"""So many characters a clientState has at most."""

_LONGEST_TOKEN = 4096
_RENEW = {"reauthorizationRequired", "subscriptionRemoved"}
_LOOK = {"", "missed"}


class _Note(msgspec.Struct, rename="camel"):
    client_state: str
    lifecycle_event: str = ""


class _Notes(msgspec.Struct):
    value: tuple[_Note, ...]


_decoder = msgspec.json.Decoder(_Notes)


def client_state(channel: str, secret: str) -> str:
    """Return what a subscription is opened with. Raises ValueError if it cannot be."""
    state = f"{channel}:{secret}"
    if len(state) > MOST or ":" in channel:
        raise ValueError("a channel's id has no colon, and with its secret up to 127 characters")
    return state


def verify(
    query: Mapping[str, str],
    headers: Mapping[str, str],  # noqa: ARG001 -- part of the port; Graph signs nothing in them
    body: bytes,
    secret: Secrets,
) -> Push:
    """Return what a push says; see :class:`~syncoxiders.ports.push.Verifier`.

    A handshake proves nothing and tells nothing. A notification of which one note is not genuine
    is forged.
    """
    token = query.get("validationToken")
    if token is not None and not body:
        if not token or len(token) > _LONGEST_TOKEN:
            raise Forged("a handshake that Microsoft would not make")
        return Push(reply=token)
    try:
        notes = _decoder.decode(body).value
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise Forged("the body is no notification of Microsoft Graph's") from exc
    look: dict[str, None] = {}
    renew: dict[str, None] = {}
    for note in notes:
        channel = note.client_state.partition(":")[0]
        known = secret(channel)
        if known is None:
            raise Forged("the channel is not known")
        expected = f"{channel}:{known}".encode()
        if not hmac.compare_digest(note.client_state.encode("utf-8", "replace"), expected):
            raise Forged("the clientState is not what the channel was opened with")
        if note.lifecycle_event in _RENEW:
            renew[channel] = None
        elif note.lifecycle_event in _LOOK:
            look[channel] = None
    return Push(channels=tuple(look), renew=tuple(renew))
