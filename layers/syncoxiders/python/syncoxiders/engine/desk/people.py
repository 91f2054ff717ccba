"""Who is let in: users, invitations, and what goes with a person who is removed."""

import re
from collections.abc import Callable

from msgspec import structs

from syncoxiders.engine.desk.declined import Absent, Conflicting, Unfit
from syncoxiders.engine.desk.sessions import Sessions
from syncoxiders.engine.desk.words import digest
from syncoxiders.ports.clock import Clock
from syncoxiders.ports.people import Directory, Invited, People, Person, User

FIRST = "me"
"""Who deploys: whose the accounts are that were connected before there was an API."""

_ADDRESS = re.compile(r"[^\s@\x00-\x1f\x7f#\"<>]+@[^\s@\x00-\x1f\x7f#\"<>]+")


class Admissions:
    """Lets people in, and sees them out. Calls raise StateUnavailable."""

    def __init__(
        self,
        people: People,
        sessions: Sessions,
        clock: Clock,
        *,
        administrator: str = "",
        directory: Directory | None = None,
    ) -> None:
        self._people = people
        self._sessions = sessions
        self._clock = clock
        self._administrator = administrator.casefold()
        self._directory = directory

    def first(self) -> User:
        """Return who deploys, who is let in by a link that works once."""
        found = self._people.user(FIRST)
        if found is None:
            now = self._clock.now()
            self._people.add_user(User(FIRST, self._administrator, admin=True, since=now))
            found = self._people.user(FIRST)
        return found or User(FIRST, admin=True)

    def admit(self, person: Person) -> User:
        """Return the user that a person is, who may have been invited.

        An address counts once, and only if the issuer says that it is theirs; afterwards they are
        known by what the issuer calls them, which nobody else will ever be. Raises Conflicting.
        """
        known = self._people.known_as(person.issuer, person.subject)
        user = self._people.user(known) if known is not None else None
        if user is not None and not user.leaving:
            return self._renamed(user, person)
        email = person.email.casefold()
        if not email or not person.verified:
            raise Conflicting(
                "not-verified",
                "the provider does not say that the address is verified",
                "have it verified there, and log in again",
            )
        invited = self._people.invitation(email)
        if email == self._administrator:
            user = self.first()
        elif invited is not None:
            # One person gets one id, however often they come at once.
            name = digest(f"{person.issuer} {person.subject}")[:16]
            user = User(name, email, invited.admin, since=self._clock.now())
            self._people.add_user(user)
        else:
            raise Conflicting(
                "not-invited",
                "nobody has invited this address",
                "ask an administrator of this deployment for an invitation",
            )
        self._people.call(person.issuer, person.subject, user.id)
        self._people.remove_invitation(email)
        return self._renamed(user, person)

    def _renamed(self, user: User, person: Person) -> User:
        email = person.email.casefold()
        if not person.verified or not email or email == user.email:
            return user
        renamed = structs.replace(user, email=email)
        self._people.rename_user(renamed)
        return renamed

    def invitations(self) -> list[Invited]:
        """Return who was invited and has not come yet."""
        return self._people.invitations()

    def invite(self, email: str, *, admin: bool) -> Invited:
        """Invite the holder of an address; whoever was invited before is invited anew.

        Raises Unfit, Conflicting.
        """
        address = email.strip().casefold()
        if not _ADDRESS.fullmatch(address):
            raise Unfit("email", "this is no e-mail address")
        if any(each.email == address for each in self._people.users()):
            raise Conflicting("already-here", f"{address} is a user already")
        invited = Invited(address, admin, self._clock.now())
        if self._directory is not None:
            self._directory.add(address)
        self._people.put_invitation(invited)
        return invited

    def uninvite(self, email: str) -> None:
        """Take an invitation back. Raises Absent."""
        address = email.strip().casefold()
        if self._people.invitation(address) is None:
            raise Absent("invitation", address)
        self._people.remove_invitation(address)
        if self._directory is not None:
            self._directory.remove(address)

    def users(self) -> list[User]:
        """Return everybody."""
        return self._people.users()

    def remove(self, user: str, by: str, clear: Callable[[str], None]) -> None:
        """Remove a user with what is theirs, which ``clear`` does for an owner.

        First they are let in no more. Whoever is cut off, or finds that something cannot be
        cleared now, begins anew: the user is there until nothing else is. Raises Absent,
        Conflicting.
        """
        found = self._people.user(user)
        if found is None:
            raise Absent("user", user)
        if user in {by, FIRST}:
            who = "yourself" if user == by else "who deployed this"
            raise Conflicting("needed", f"you cannot remove {who}")
        self._people.leave(user)
        self._sessions.end_all(user)
        clear(user)
        if self._directory is not None and found.email:
            self._directory.remove(found.email)
        self._people.remove_user(user)
