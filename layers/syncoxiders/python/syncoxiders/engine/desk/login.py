"""Logging in: by an OpenID provider, and by a link that works once.

The browser that begins has a word in a cookie for as long as the login lasts. State, nonce and the
verifier of PKCE are derived from it, so that nothing secret is kept here, and an answer is good
only in the browser that was sent away, and once.
"""

import re
import secrets
from collections.abc import Mapping

import msgspec

from syncoxiders.engine.desk.people import Admissions
from syncoxiders.engine.desk.words import derived, digest, is_word, new_word
from syncoxiders.ports.clock import Clock
from syncoxiders.ports.people import Issuer, NotLetIn, User, Words

WAITS = 600.0
"""Seconds for which a login may take."""

LINK = 3600.0
"""Seconds for which a link that works once is good."""

_STATE, _LINK = "login", "once"
_PLACE = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,512}")


class Begun(msgspec.Struct, frozen=True):
    """A login that was begun: where the browser goes, and the word that it keeps."""

    url: str
    word: str


class Logins:
    """Logins of a deployment. Calls raise StateUnavailable."""

    def __init__(self, words: Words, admissions: Admissions, clock: Clock) -> None:
        self._words = words
        self._admissions = admissions
        self._clock = clock

    def begin(self, issuer: Issuer, redirect: str, then: str) -> Begun:
        """Begin a login; ``then`` is where it leads. Raises NotLetIn, Unreachable."""
        word = new_word()
        state = derived(word, "state")
        url = issuer.address(redirect, state, derived(word, "nonce"), derived(word, "verifier"))
        self._words.put(_STATE, digest(state), place(then), self._clock.now() + WAITS)
        return Begun(url, word)

    def finish(
        self, issuer: Issuer, redirect: str, query: Mapping[str, str], word: str
    ) -> tuple[User, str]:
        """Return who has logged in, and where to go. Raises NotLetIn, Conflicting, Unreachable."""
        state = query.get("state", "")
        ours = is_word(word) and secrets.compare_digest(
            derived(word, "state").encode(), state.encode()
        )
        then = self._words.take(_STATE, digest(state), self._clock.now()) if ours else None
        if then is None:
            raise NotLetIn(
                "wrong-state", "this login was not begun in this browser, or is over; begin anew"
            )
        if query.get("error"):
            code = "denied" if query["error"] == "access_denied" else "refused"
            raise NotLetIn(code, "the provider did not let the person in")
        person = issuer.person(
            redirect, query.get("code", ""), derived(word, "nonce"), derived(word, "verifier")
        )
        return self._admissions.admit(person), then

    def link(self) -> str:
        """Return a word that lets who deploys in, once."""
        word = new_word()
        self._words.put(_LINK, digest(word), "", self._clock.now() + LINK)
        return word

    def take_link(self, word: str) -> User | None:
        """Return who is let in by a word, which is used by that; None if it lets nobody in."""
        found = self._words.take(_LINK, digest(word), self._clock.now()) if is_word(word) else None
        return self._admissions.first() if found is not None else None


def place(then: str) -> str:
    """Return a place of ours; what would lead elsewhere leads to the beginning."""
    return then if _PLACE.fullmatch(then) else "/"
