"""Who asks."""

from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec


class Caller(msgspec.Struct, frozen=True):
    """A person, or a program that acts for one. Every key that is read begins with ``owner``.

    ``session`` names the login; ``device`` is what a program called itself.
    """

    owner: str
    email: str = ""
    admin: bool = False
    session: str = ""
    device: str = ""
    expires: float = 0.0


class Gate(Protocol):
    """Knows callers by what they bring with a request."""

    @property
    def login(self) -> Literal["oidc", "once"]:
        """By whom people are let in: an OpenID provider, or a link shown when deploying."""

    def caller(self, headers: Mapping[str, str], method: str) -> Caller | None:
        """Return who asks, None if that is not known. Header names are in lower case.

        A browser is known by its cookie, and only believed to act for its person (by other
        methods than GET) if the request comes from our own pages. Raises StateUnavailable.
        """
