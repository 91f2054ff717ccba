"""Sessions: by what a browser or a program proves for whom it acts.

One that is used goes on, but not for ever. When it was used is noted once an hour, so that it may
end up to an hour earlier than it would by its last use.
"""

from collections.abc import Callable
from secrets import token_hex

import msgspec
from msgspec import structs

from syncoxiders.engine.desk.words import digest, is_word, new_word
from syncoxiders.ports.clock import Clock
from syncoxiders.ports.people import People, Session, User

NOTED = 3600.0
"""Seconds between two notes of a session's use."""

_DAY = 86_400.0


class Life(msgspec.Struct, frozen=True):
    """How long a session lives, in seconds: unused, and altogether."""

    idle: float
    whole: float


BROWSER = Life(14 * _DAY, 90 * _DAY)
PROGRAM = Life(90 * _DAY, 365 * _DAY)


def ends(session: Session) -> float:
    """Return when a session ends, if it is not used any more."""
    life = PROGRAM if session.device else BROWSER
    return min(session.used + life.idle, session.since + life.whole)


class Sessions:
    """The sessions of a deployment. Calls raise StateUnavailable.

    ``ended`` is told of each session that somebody ends, by its user and id: of what goes with it.
    """

    def __init__(
        self, people: People, clock: Clock, ended: Callable[[str, str], None] | None = None
    ) -> None:
        self._people = people
        self._clock = clock
        self._ended = ended

    def begin(self, user: User, device: str = "") -> tuple[str, Session] | None:
        """Return the word of a new session, and it; None if the user is there no more."""
        now, word = self._clock.now(), new_word()
        session = Session(token_hex(8), user.id, device, since=now, used=now)
        self._people.put_session(digest(word), session, ends(session))
        # Whoever removes a user marks them before they end their sessions: one of both sees.
        if self._may(user.id) is None:
            self._people.remove_session(user.id, session.id)
            return None
        self._people.saw(user.id, now)
        return word, session

    def find(self, word: str) -> tuple[User, Session] | None:
        """Return whose session a word opens, None if it opens none (any more)."""
        if not is_word(word):
            return None
        name = digest(word)
        session = self._people.session(name)
        now = self._clock.now()
        if session is None or ends(session) <= now:
            return None
        user = self._may(session.user)
        if user is None:
            return None
        if now - session.used < NOTED:
            return user, session
        used = structs.replace(session, used=now)
        if not self._people.used(name, used, ends(used)):
            return None
        self._people.saw(user.id, now)
        return user, used

    def programs(self, user: str) -> list[Session]:
        """Return the sessions of a user's programs, the newest first."""
        now = self._clock.now()
        found = [each for _, each in self._people.sessions(user) if each.device]
        found = [each for each in found if ends(each) > now]
        return sorted(found, key=lambda each: each.since, reverse=True)

    def end(self, user: str, session: str) -> bool:
        """End a session of a user; False if they have none of this id."""
        there = self._people.remove_session(user, session)
        if self._ended is not None:
            self._ended(user, session)
        return there

    def end_all(self, user: str) -> None:
        """End all sessions of a user."""
        for _, each in self._people.sessions(user):
            self.end(user, each.id)

    def _may(self, user: str) -> User | None:
        found = self._people.user(user)
        return found if found is not None and not found.leaving else None
