"""Names: the key under which they are looked up, conflict names, and mapping to an endpoint."""

import unicodedata


def key(name: str) -> str:
    """Return the form under which names that may collide anywhere are equal.

    It folds case and Unicode form, so it over-matches on purpose: it finds candidates, and the
    caller compares exactly.
    """
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
