"""Who asks, by sessions: a browser's is in a cookie, a program sends its own."""

from collections.abc import Mapping
from typing import Literal

from aws_lambda_powertools.shared.cookies import Cookie, SameSite

from syncoxiders.cloud.settings import Settings
from syncoxiders.cloud.web.callers import Caller
from syncoxiders.engine.desk.sessions import Sessions, ends

HEADER, CONSOLE = "x-syncoxiders", "console"
"""What a request of our own pages has, and no page of another origin can send unasked."""


class Keeper:
    """A cookie of ours, and what it is called.

    With TLS it is one that only this very host can set
    (https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis, 4.1.3.2). On a machine of
    one's own, without TLS, browsers take no such cookie.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        self._secure = not settings.local
        self.name = f"__Host-{name}" if self._secure else name

    def made(self, word: str, seconds: float) -> Cookie:
        """Return the cookie with a word."""
        return Cookie(
            self.name,
            word,
            path="/",
            max_age=int(seconds),
            http_only=True,
            secure=self._secure,
            same_site=SameSite.LAX_MODE,
        )

    def gone(self) -> Cookie:
        """Return what takes the cookie away."""
        return self.made("", 0)

    def read(self, headers: Mapping[str, str]) -> str:
        """Return the word of a request, ``""`` if it has none. Header names are in lower case.

        Of two cookies of one name the first counts.
        """
        for each in headers.get("cookie", "").split(";"):
            name, _, value = each.strip().partition("=")
            if name == self.name:
                return value
        return ""


class SessionGate:
    """A :class:`~syncoxiders.cloud.web.callers.Gate` by sessions."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self._sessions = sessions
        self._login: Literal["oidc", "once"] = "oidc" if settings.issuer else "once"
        self._cookie = Keeper("session", settings)

    @property
    def login(self) -> Literal["oidc", "once"]:
        """By whom people are let in: an OpenID provider, or a link shown when deploying."""
        return self._login

    def caller(self, headers: Mapping[str, str], method: str) -> Caller | None:
        """Return who asks, None if that is not known. Header names are in lower case."""
        scheme, _, word = headers.get("authorization", "").partition(" ")
        if scheme:
            found = self._sessions.find(word.strip()) if scheme.lower() == "bearer" else None
        elif method == "GET" or headers.get(HEADER) == CONSOLE:
            found = self._sessions.find(self._cookie.read(headers))
        else:
            found = None
        if found is None:
            return None
        user, session = found
        return Caller(
            user.id,
            email=user.email,
            admin=user.admin,
            session=session.id,
            device=session.device,
            expires=ends(session),
        )
