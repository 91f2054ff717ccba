"""Programs that ask to act for a person, who says yes or no in a browser (RFC 8628)."""

import msgspec
from msgspec import structs

from syncoxiders.engine.desk.declined import Absent
from syncoxiders.engine.desk.sessions import Sessions
from syncoxiders.engine.desk.words import digest, new_code, new_word, typed
from syncoxiders.ports.clock import Clock
from syncoxiders.ports.people import People, Session, Words

WAITS = 600.0
"""Seconds for which a program waits for a person."""

INTERVAL = 5
"""Seconds between two questions of a program."""

_DEVICE, _CODE = "device", "code"


class Asked(msgspec.Struct, frozen=True):
    """A program that waits: ``user`` is who has said yes, ``refused`` if somebody said no."""

    name: str
    code: str
    expires: float
    asked: float = 0.0
    user: str = ""
    refused: bool = False


class Devices:
    """The programs that wait. Calls raise StateUnavailable."""

    def __init__(self, words: Words, people: People, sessions: Sessions, clock: Clock) -> None:
        self._words = words
        self._people = people
        self._sessions = sessions
        self._clock = clock

    def ask(self, name: str) -> tuple[str, Asked]:
        """Return the word that a program asks with, and the code that the person is shown."""
        word, expires = new_word(), self._clock.now() + WAITS
        code = new_code()
        while not self._words.put(_CODE, digest(code), digest(word), expires):
            code = new_code()
        asked = Asked(name, code, expires)
        self._words.put(_DEVICE, digest(word), _encoded(asked), expires)
        return word, asked

    def waiting(self, code: str) -> Asked:
        """Return the program that waits with a code. Raises Absent."""
        return self._waiting(code)[1]

    def decide(self, code: str, user: str, *, allow: bool) -> None:
        """Say yes or no; what was said first counts. Raises Absent."""
        name, asked = self._waiting(code)
        said = structs.replace(asked, user=user if allow else "", refused=not allow)
        while not self._words.swap(_DEVICE, name, _encoded(asked), _encoded(said)):
            name, asked = self._waiting(code)  # the program has asked just now, or it was decided
            said = structs.replace(said, asked=asked.asked)
        self._words.drop(_CODE, digest(typed(code)))

    def told(self, word: str) -> Asked | None:
        """Return what was said to a program that asks, None if it does not wait (any more).

        ``asked`` is when it asked before.
        """
        name, now = digest(word), self._clock.now()
        text = self._words.look(_DEVICE, name, now)
        if text is None:
            return None
        asked = _decoded(text)
        if not asked.user and not asked.refused:
            # If that is no longer so, the next question will find out.
            self._words.swap(_DEVICE, name, text, _encoded(structs.replace(asked, asked=now)))
        return asked

    def redeem(self, word: str) -> tuple[str, Session] | None:
        """Return the word of the session that a program was allowed, and it; once."""
        text = self._words.take(_DEVICE, digest(word), self._clock.now())
        if text is None:
            return None
        asked = _decoded(text)
        user = self._people.user(asked.user) if asked.user else None
        return self._sessions.begin(user, asked.name) if user is not None else None

    def _waiting(self, code: str) -> tuple[str, Asked]:
        now = self._clock.now()
        name = self._words.look(_CODE, digest(typed(code)), now)
        text = self._words.look(_DEVICE, name, now) if name is not None else None
        asked = _decoded(text) if text is not None else None
        if name is None or asked is None or asked.user or asked.refused:
            raise Absent("device", typed(code), "have the program ask again for a new code")
        return name, asked


def _encoded(asked: Asked) -> str:
    return msgspec.json.encode(asked).decode()


def _decoded(text: str) -> Asked:
    return msgspec.json.decode(text, type=Asked)
