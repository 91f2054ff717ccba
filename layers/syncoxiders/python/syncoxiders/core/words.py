"""The words of file names, as people search for them: without case, accents and punctuation.

``IMG_2024-05 Holiday.JPG`` has the words img, 2024, 05, holiday and jpg; ``HolidayPhotos2`` has
holiday, photos, 2 and, as it is written, holidayphotos2. In Chinese and Japanese, which put no
spaces between words, each character is one.
"""

import re
import unicodedata

import msgspec

MOST_TERMS = 12
"""So many words of a search count; more say hardly more."""

_RUN = re.compile(r"[^\W_]+")
_PART = re.compile(r"A+(?=Aa)|A?a+|A+|0+")
_QUOTED = re.compile(r'"([^"]*)"?|([^"\s]+)')
_WITHOUT_SPACES = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f"
_IDEOGRAPH = re.compile(f"([{_WITHOUT_SPACES}])")
_DOTLESS = str.maketrans("\N{LATIN SMALL LETTER DOTLESS I}", "i")  # a capital of both is I


class Wanted(msgspec.Struct, frozen=True):
    """What a name has to have.

    That is all ``terms``, each as the beginning of one of its words, and all ``phrases`` somewhere
    in its :func:`text`.
    """

    terms: tuple[str, ...]
    phrases: tuple[str, ...] = ()


def words(name: str) -> list[str]:
    """Return the words of a name, each once."""
    found: dict[str, None] = {}
    for piece in (piece for run in _RUN.findall(_plain(name)) for piece in _pieces(run)):
        found[_folded(piece)] = None
        parts = [piece[part.start() : part.end()] for part in _PART.finditer(_shape(piece))]
        if len(parts) > 1:
            found.update((_folded(part), None) for part in parts)
    return list(found)


def text(name: str) -> str:
    """Return a name with a space before each run of letters and digits, and nothing else."""
    return "".join(f" {_folded(run)}" for run in _RUN.findall(_plain(name)))


def wanted(query: str) -> Wanted:
    """Return what a search asks for; with no terms nothing has it.

    The words of a phrase in quotes have to follow each other.
    """
    terms: dict[str, None] = {}
    phrases: dict[str, None] = {}
    for quoted, plain in _QUOTED.findall(query):
        runs = [_folded(run) for run in _RUN.findall(_plain(quoted or plain))]
        terms.update((each, None) for run in runs for each in _pieces(run))
        if quoted and len(runs) > 1:
            phrases["".join(f" {run}" for run in runs)] = None
        else:
            phrases.update((run, None) for run in runs if len(run) > 1 and _IDEOGRAPH.search(run))
    return Wanted(tuple(terms)[:MOST_TERMS], tuple(phrases)[:MOST_TERMS])


def matches(name: str, asked: Wanted) -> bool:
    """Say whether a name has what a search asks for."""
    found = words(name)
    return (
        bool(asked.terms)
        and all(any(word.startswith(term) for word in found) for term in asked.terms)
        and has(name, asked.phrases)
    )


def has(name: str, phrases: tuple[str, ...]) -> bool:
    """Say whether all phrases are in a name."""
    if not phrases:
        return True
    whole = text(name)
    return all(phrase in whole for phrase in phrases)


def is_exact(name: str, asked: Wanted) -> bool:
    """Say whether a name that matches has all terms as whole words."""
    return set(asked.terms) <= set(words(name))


def _pieces(run: str) -> list[str]:
    """Return a run cut into ideographs and what is between them."""
    if run.isascii():
        return [run]
    return [piece for piece in _IDEOGRAPH.split(run) if piece]


def _plain(name: str) -> str:
    """Return a name without accents."""
    if name.isascii():
        return name
    apart = unicodedata.normalize("NFKD", name)
    kept = "".join(each for each in apart if not unicodedata.combining(each))
    return unicodedata.normalize("NFC", kept)


def _folded(run: str) -> str:
    return run.lower() if run.isascii() else _plain(run.casefold().translate(_DOTLESS))


def _shape(run: str) -> str:
    """Return a run with ``A`` for a capital, ``0`` for a digit and ``a`` for other letters."""
    return "".join(map(_class, run))


def _class(char: str) -> str:
    if "a" <= char <= "z":
        return "a"
    if "A" <= char <= "Z":
        return "A"
    if char.isdigit():
        return "0"
    return "A" if char.isupper() else "a"
