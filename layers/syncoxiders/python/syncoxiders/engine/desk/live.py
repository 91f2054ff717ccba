"""Live updates: who may listen, and telling them that something is new.

A ticket is asked for with a login, and opens one connection: the word that it is stands in an
address, where a session must not. What is told is only that something is new, never what: so
nothing is told twice, out of order or to the wrong person that would matter.
"""

import secrets
import threading
from collections.abc import Callable

import msgspec

from syncoxiders.ports.clock import Clock
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.live import Listener, Listeners, Speech, Topic

TICKET = 60.0
"""Seconds for which a ticket can be used."""

CONNECTION = 2 * 3_600.0 + 300.0
"""Seconds after which no connection is there any more: API Gateway ends them after two hours.

https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
"""

OPENING = 30.0
"""Seconds for which a connection may not be there yet, though it is known: it is opened only once
it was let in, and until then who speaks there is told that there is none."""

KNOWN = 5.0
"""Seconds for which who listens is not asked for again."""

EVERY = 1.0
"""Seconds between two hints of the same."""


def ticket(listeners: Listeners, owner: str, session: str, now: float) -> tuple[str, float]:
    """Return a word that opens one connection, and until when. Raises StateUnavailable."""
    word, expires = secrets.token_urlsafe(32), now + TICKET
    listeners.put_ticket(word, owner, session, expires)
    return word, expires


def begin(listeners: Listeners, word: str, connection: str, now: float) -> bool:
    """Let a connection in that brings a ticket; False if not. Raises StateUnavailable."""
    whose = listeners.take_ticket(word, now) if word else None
    if whose is None:
        return False
    owner, session = whose
    listeners.put(Listener(connection, owner, session, now), now + CONNECTION)
    return True


class Hint(msgspec.Struct, frozen=True):
    """Something is new, of what ``type`` and ``name`` say."""

    type: Topic
    name: str


class Teller:
    """Tells people that something is new. Notes may come from several threads.

    Whoever fails to tell says so to ``trouble``, and nobody else has to care.
    """

    def __init__(
        self,
        listeners: Callable[[], Listeners],
        speech: Callable[[], Speech],
        clock: Clock,
        trouble: Callable[[StateUnavailable], None],
    ) -> None:
        self._listeners = listeners
        self._speech = speech
        self._clock = clock
        self._trouble = trouble
        self._noted: set[tuple[str, Hint]] = set()
        self._noting = threading.Lock()
        self._known: dict[str, tuple[float, list[Listener]]] = {}
        self.news = threading.Event()
        """Is set while there is something to tell."""

    def note(self, owner: str, topic: Topic, name: str) -> None:
        """Note that something is new; it is told later, and once."""
        with self._noting:
            self._noted.add((owner, Hint(topic, name)))
            self.news.set()

    def tell(self) -> None:
        """Tell what was noted. Who listens is asked for only now, and rarely."""
        with self._noting:
            noted, self._noted = self._noted, set()
            self.news.clear()
        try:
            for owner in sorted({owner for owner, _ in noted}):
                hints = (hint for whose, hint in noted if whose == owner)
                self._tell(owner, sorted(hints, key=lambda each: (each.type, each.name)))
        except StateUnavailable as error:  # they will ask by themselves
            self._trouble(error)

    def _tell(self, owner: str, hints: list[Hint]) -> None:
        texts = [msgspec.json.encode(hint).decode() for hint in hints]
        for listener in self._listening(owner):
            if not all(self._speech().say(listener.connection, text) for text in texts):
                self._gone(listener)

    def _listening(self, owner: str) -> list[Listener]:
        now = self._clock.now()
        asked, found = self._known.get(owner, (0.0, []))
        if now - asked >= KNOWN:
            found = self._listeners().of(owner)
            self._known[owner] = now, found
        return found

    def _gone(self, listener: Listener) -> None:
        if self._clock.now() - listener.since >= OPENING:
            self._listeners().remove(listener.connection)
            asked, found = self._known[listener.owner]
            self._known[listener.owner] = asked, [each for each in found if each != listener]
