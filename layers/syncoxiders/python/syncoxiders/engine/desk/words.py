"""Words that nobody guesses, and what is kept of them.

A word has 256 bits of chance, so that its digest needs no salt, and no number of guesses finds
one. A code that a person types is shorter; who guesses at those is counted.
"""

import hashlib
import hmac
import math
import re
import secrets
from base64 import urlsafe_b64encode

from syncoxiders.ports.people import Words

_WORD = re.compile(r"[A-Za-z0-9_-]{43}")

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""Of codes that are typed (RFC 8628, 6.1): no vowels, so that they spell nothing."""

HOUR = 3600.0


def new_word() -> str:
    """Return a word."""
    return secrets.token_urlsafe(32)


def is_word(text: str) -> bool:
    """Say whether a text can be a word at all."""
    return _WORD.fullmatch(text) is not None


def new_code() -> str:
    """Return a code for a person, as ``BCDF-GHJK``: one of 2.5e10."""
    code = "".join(secrets.choice(LETTERS) for _ in range(8))
    return f"{code[:4]}-{code[4:]}"


def typed(code: str) -> str:
    """Return a code as it was made, however a person has typed it."""
    letters = "".join(each for each in code.upper() if each.isalnum())
    return f"{letters[:4]}-{letters[4:]}"


def digest(word: str) -> str:
    """Return what is kept of a word."""
    return hashlib.sha256(word.encode("utf-8", "surrogatepass")).hexdigest()


def derived(word: str, use: str) -> str:
    """Return another word that only who has this one can know."""
    found = hmac.new(word.encode(), use.encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(found).rstrip(b"=").decode()


class Guesses:
    """Counts what somebody tries: so many times in an hour, and no more."""

    def __init__(self, words: Words, what: str, most: int) -> None:
        self._words = words
        self._what = what
        self._most = most

    def left(self, who: str, now: float) -> bool:
        """Say whether somebody may try (again)."""
        return self._words.counted(self._name(who, now)) < self._most

    def count(self, who: str, now: float) -> None:
        """Count a try."""
        self._words.count(self._name(who, now), (now // HOUR + 2) * HOUR)

    def _name(self, who: str, now: float) -> str:
        return f"{self._what}#{math.floor(now / HOUR)}#{who}"
