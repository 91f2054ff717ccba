"""The port to people: who may use a deployment, and by what they are known.

What proves something (a session's word, a link that works once, a code of a program) is never
kept, only its digest: who reads the tables cannot be somebody else. Calls raise StateUnavailable.
Times are seconds since the epoch.
"""

from typing import Protocol

import msgspec


class User(msgspec.Struct, frozen=True):
    """A person who may use the deployment. ``id`` is the owner that their things' keys begin with.

    ``leaving`` if they are being removed: they are let in no more, and nothing new is made.
    """

    id: str
    email: str = ""
    admin: bool = False
    since: float = 0.0
    seen: float = 0.0
    leaving: bool = False


class Session(msgspec.Struct, frozen=True):
    """A login of a browser, or of a program, which has called itself ``device``.

    ``used`` is when it was last known to be, to about an hour.
    """

    id: str
    user: str
    device: str = ""
    since: float = 0.0
    used: float = 0.0


class Invited(msgspec.Struct, frozen=True):
    """An address whose holder will be let in."""

    email: str
    admin: bool = False
    at: float = 0.0


class Person(msgspec.Struct, frozen=True):
    """Whom an OpenID provider has let in. ``email`` is theirs if it is ``verified``."""

    issuer: str
    subject: str
    email: str = ""
    verified: bool = False


class NotLetIn(Exception):  # noqa: N818 -- named after what it says
    """An OpenID provider does not let a person in. ``code`` is a stable word."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Issuer(Protocol):
    """An OpenID provider, asked by the authorization code flow with PKCE."""

    def address(self, redirect: str, state: str, nonce: str, verifier: str) -> str:
        """Return where a browser is sent. Raises NotLetIn, Unreachable."""

    def person(self, redirect: str, code: str, nonce: str, verifier: str) -> Person:
        """Return whom a code stands for, which is used by that. Raises NotLetIn, Unreachable."""


class People(Protocol):
    """Users, invitations and sessions."""

    def users(self) -> list[User]:
        """Return everybody, by id."""

    def user(self, user: str) -> User | None:
        """Return a user."""

    def add_user(self, user: User) -> bool:
        """Keep a new user; False if there is one of this id, who stays as they are."""

    def rename_user(self, user: User) -> None:
        """Keep the address of a user, if they are there."""

    def saw(self, user: str, at: float) -> None:
        """Note that a user was seen, if they are there."""

    def leave(self, user: str) -> None:
        """Note that a user is being removed, if they are there; it stays so."""

    def remove_user(self, user: str) -> None:
        """Forget a user and by what issuers know them; they need not be there."""

    def known_as(self, issuer: str, subject: str) -> str | None:
        """Return which user an issuer calls so."""

    def call(self, issuer: str, subject: str, user: str) -> None:
        """Note that an issuer calls a user so."""

    def invitations(self) -> list[Invited]:
        """Return all invitations by address."""

    def invitation(self, email: str) -> Invited | None:
        """Return the invitation of an address."""

    def put_invitation(self, invited: Invited) -> None:
        """Keep an invitation in place of an earlier one."""

    def remove_invitation(self, email: str) -> bool:
        """Forget an invitation; False if there was none."""

    def session(self, digest: str) -> Session | None:
        """Return the session whose word has this digest, whether or not it has ended."""

    def put_session(self, digest: str, session: Session, expires: float) -> None:
        """Keep a session; it is forgotten some time after it ``expires``."""

    def used(self, digest: str, session: Session, expires: float) -> bool:
        """Keep when a session was used; False if it was ended meanwhile."""

    def sessions(self, user: str) -> list[tuple[str, Session]]:
        """Return a user's sessions with their digests."""

    def remove_session(self, user: str, session: str) -> bool:
        """End a session by its id; False if the user has none of it."""


class Words(Protocol):
    """Words that are good for one thing for a while, by the digests that they are known by."""

    def put(self, kind: str, digest: str, data: str, expires: float) -> bool:
        """Keep what a word is about; False if there is one of this digest."""

    def look(self, kind: str, digest: str, now: float) -> str | None:
        """Return what a word is about, None if it is not known, or its time is over."""

    def swap(self, kind: str, digest: str, before: str, after: str) -> bool:
        """Replace what a word is about; False if that is not what it was."""

    def take(self, kind: str, digest: str, now: float) -> str | None:
        """Return what a word is about, and forget it: of several who take it, one gets it."""

    def drop(self, kind: str, digest: str) -> None:
        """Forget a word; it need not be there."""

    def count(self, what: str, expires: float) -> int:
        """Count one more of something until a time that all who count it name alike."""

    def counted(self, what: str) -> int:
        """Return how many were counted."""


class Directory(Protocol):
    """Where an OpenID provider of ours has people. Calls raise StateUnavailable."""

    def add(self, email: str) -> None:
        """Have an address there, and its holder told how to log in; it may be there already."""

    def remove(self, email: str) -> None:
        """Forget an address; it need not be there."""
