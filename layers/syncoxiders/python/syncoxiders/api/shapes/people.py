"""Who uses a deployment, and how they are known."""

from datetime import datetime
from typing import Annotated, Literal

from annotated_types import MaxLen, MinLen

from syncoxiders.api.shapes.base import secret, shape


@shape
class Deployment:
    """What can be known of a deployment without a login."""

    version: str
    login: Literal["oidc", "once"]
    """By whom a person is let in: an OpenID provider, or a link that was shown when deploying."""


@shape
class User:
    """A person who may use a deployment."""

    id: str
    email: str
    admin: bool
    seen_at: datetime | None = None


@shape
class Users:
    """Everybody who may."""

    items: list[User]


@shape
class Session:
    """Who is asking, and until when that is believed."""

    user: User
    expires_at: datetime
    device: str = ""
    """What a program called itself, ``""`` for a browser."""


@shape
class NewInvitation:
    """Somebody who is to be let in."""

    email: Annotated[str, MinLen(3), MaxLen(254)]
    admin: bool = False


@shape
class Invitation:
    """Somebody who will be let in, once they prove the address to be theirs."""

    email: str
    admin: bool
    invited_at: datetime


@shape
class Invitations:
    """All invitations that were not taken up."""

    items: list[Invitation]


@shape
class Ticket:
    """Opens the live updates once: ``url`` is complete."""

    url: str = secret()
    expires_at: datetime


@shape
class NewDevice:
    """A program that asks to act for a person (RFC 8628)."""

    name: Annotated[str, MinLen(1), MaxLen(128)]
    """What it is and where it runs, for the person who decides."""


@shape
class Device:
    """What the program shows to the person, and what it asks with."""

    device_code: str = secret()
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int
    """Seconds between two questions."""


@shape
class DeviceRequest:
    """A program that waits for a person's word."""

    user_code: str
    name: str
    expires_at: datetime


@shape
class Decision:
    """What the person said."""

    allow: bool


@shape
class NewToken:
    """A program asks whether it was allowed."""

    device_code: Annotated[str, MaxLen(256)] = secret()


@shape
class Token:
    """What a program proves itself with from now on: ``Authorization: Bearer …``."""

    token: str = secret()
    expires_at: datetime


@shape
class Program:
    """A program that may act for a person."""

    id: str
    name: str
    since: datetime
    expires_at: datetime


@shape
class Programs:
    """Programs that may act for a person."""

    items: list[Program]
