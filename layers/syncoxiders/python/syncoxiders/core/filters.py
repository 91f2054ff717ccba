"""Filters: what of a tree takes part in a sync. Out of a filter is not deleted.

Rules are written in gitignore's syntax and come from two places: the *options* (``--exclude``,
``--include`` and the lines of ``--filter-from``, in the order given), and ``.syncignore`` files
in the tree, each of which speaks of what is below its own folder. Files come before those that
are deeper, and the options last: nobody who writes to the tree overrules the command line.

**The last rule that matches a path decides; what none matches goes with its folder.**

========================================  ======================================================
``*.log``, ``!keep.log``                  ``keep.log`` is in, other logs are out
``!keep.log``, ``*.log``                  every log is out
``*.log``, ``!keep/``                     logs in ``keep`` are out, ``!keep/**`` would let them in
``.syncignore`` in ``a`` with ``/b``      ``a/b`` is out, ``b`` and ``a/c/b`` are in
``node_modules/``, ``!.env.example``      ``node_modules`` is out with all that it holds
``build/``, ``!build/keep.txt``           of ``build``, only ``keep.txt`` is in
``*``, ``!*.txt``, ``!docs/``             texts are in wherever they are, and all that is in docs
========================================  ======================================================

The last two are where this is not git's reading: git never looks into a folder that is excluded,
and so lets such ``!`` rules have no effect. Here, inside an excluded folder,

- a later ``!`` rule that is a path through it has effect; one that is a mere name has none, as in
  git, or else the fourth example would bring in thousands of folders;
- but where the folder was excluded along with everything (``*`` or ``**``, also with a slash),
  any later ``!`` rule has effect, and what it lets in, it lets in whole.

A folder that may hold something that is in, is in; so nothing inside a folder that is out is in,
and it need not be entered. Other differences from git: ``?`` is a character, not a byte; Unicode
form does not matter; ``[[:alpha:]]`` and backslashes in brackets are refused.

If ``--include`` is given alone, without ``--exclude`` and ``--filter-from``, everything else is
out: a file must be included, and must not be excluded by a ``.syncignore`` file.

Sizes and ages speak of files only.
"""

import functools
import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from syncoxiders.core import globs
from syncoxiders.core.model import Kind

IGNORE_FILE = ".syncignore"
"""The name of the files in a tree that hold rules for their folder."""


class Rule(msgspec.Struct, frozen=True):
    """One pattern in gitignore's syntax, without the ``!`` that ``include`` stands for.

    ``scope`` is the path of the folder that it speaks of, ``""`` for the root. ``option`` tells
    ``--exclude`` and ``--include`` from a line of a file. Raises ValueError, for a person, if
    the pattern is malformed or can never match.
    """

    pattern: str
    include: bool = False
    scope: str = ""
    option: bool = False

    def __post_init__(self) -> None:
        globs.parse(self.pattern)


def exclude(pattern: str) -> Rule:
    """Return the rule of ``--exclude PATTERN``. Raises ValueError."""
    return _option(pattern, include=False)


def include(pattern: str) -> Rule:
    """Return the rule of ``--include PATTERN``. Raises ValueError."""
    return _option(pattern, include=True)


def read_rules(text: str, origin: str) -> tuple[Rule, ...]:
    """Return the rules of ``--filter-from``: gitignore lines, from a file called ``origin``.

    Raises ValueError with origin and line number.
    """
    rules = []
    for number, line in _lines(text):
        try:
            rules.append(_line(line, ""))
        except ValueError as exc:
            raise ValueError(f"{origin}, line {number}: {exc}") from exc
    return tuple(rules)


def read_ignore_file(folder: str, data: bytes) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """Return the rules of the ``.syncignore`` in a folder, and what was wrong with it.

    A line that is malformed is left out, as git does, but not in silence: anybody at any
    endpoint may have written it, and it should not stop everybody's sync.
    """
    rules, complaints = [], []
    place = f"{folder}/{IGNORE_FILE}".removeprefix("/")
    for number, line in _lines(data.decode("utf-8-sig", "surrogateescape")):
        try:
            rules.append(_line(line, folder))
        except ValueError as exc:
            complaints.append(f"{place}, line {number}: {exc}")
    return tuple(rules), tuple(complaints)


class Filter(msgspec.Struct, frozen=True, dict=True):
    """What takes part in a sync: rules, and limits on files.

    ``options`` are in the order given; ``ignored`` are the rules of all ``.syncignore`` files,
    each file's in its order. Sizes and modified times (absolute instants) are inclusive bounds
    of what is in. Raises ValueError, for a person, where they contradict each other.
    """

    options: tuple[Rule, ...] = ()
    ignored: tuple[Rule, ...] = ()
    min_size: int | None = None
    max_size: int | None = None
    min_mtime_ns: int | None = None
    max_mtime_ns: int | None = None

    def __post_init__(self) -> None:
        given = {(rule.pattern, rule.include) for rule in self.options if rule.option}
        for pattern, included in given:
            if included and (pattern, False) in given:
                raise ValueError(f"{pattern!r} is both included and excluded")
        if _crossed(self.min_size, self.max_size):
            raise ValueError(
                f"no file is both at least {self.min_size} and at most {self.max_size} bytes long"
            )
        if _crossed(self.min_mtime_ns, self.max_mtime_ns):
            raise ValueError(
                "no file is both older than the minimum and younger than the maximum age"
            )

    def __bool__(self) -> bool:
        """Say whether anything can be out; an empty filter need not be asked."""
        return self._active

    def out(self, path: str, kind: Kind, size: int | None, mtime_ns: int | None) -> bool:
        """Say whether the entry at a path below the root is out.

        Nothing inside a folder that is out is in. The root (``""``) is in. A size or modified
        time of None is not known, and not held against the entry.
        """
        if not self._active or not path:
            return False
        if kind is Kind.FILE and not (
            _within(self.min_size, size, self.max_size)
            and _within(self.min_mtime_ns, mtime_ns, self.max_mtime_ns)
        ):
            return True
        if not path.isascii():
            path = unicodedata.normalize("NFC", path)
        return any(layer.out(path, folder=kind is Kind.FOLDER) for layer in self._layers)

    @functools.cached_property
    def version(self) -> str:
        """A short text, the same in every process, that differs for filters that differ.

        It is empty for the empty filter.
        """
        if not self._active:
            return ""
        fields = repr(msgspec.structs.astuple(self)).encode("utf-8", "backslashreplace")
        return hashlib.sha256(fields).hexdigest()[:16]

    @functools.cached_property
    def patterns_version(self) -> str:
        """Return the version of the same filter without its bounds of age."""
        timeless = msgspec.structs.replace(self, min_mtime_ns=None, max_mtime_ns=None)
        return timeless.version

    @functools.cached_property
    def judges_places(self) -> bool:
        """Say whether where a folder stands may decide what of it is out, though it is in."""
        return any(
            rule.include or rule.scope or "/" in rule.pattern.rstrip("/")
            for rule in (*self.options, *self.ignored)
        )

    @functools.cached_property
    def _active(self) -> bool:
        return self != Filter()

    @functools.cached_property
    def _layers(self) -> tuple[globs.Rules, ...]:
        """What a path must pass."""
        files = sorted(self.ignored, key=lambda rule: rule.scope.count("/") + bool(rule.scope))
        if self.options and all(rule.option and rule.include for rule in self.options):
            # Apart from each other: an include narrows, and lets in nothing that a file excludes.
            return _rules(files), _rules([Rule("*"), *self.options])
        return (_rules([*files, *self.options]),)


def _rules(rules: Sequence[Rule]) -> globs.Rules:
    return globs.Rules(
        [(rule.pattern, rule.include, unicodedata.normalize("NFC", rule.scope)) for rule in rules]
    )


def _crossed(low: int | None, high: int | None) -> bool:
    return low is not None and high is not None and low > high


def _within(low: int | None, value: int | None, high: int | None) -> bool:
    return value is None or ((low is None or low <= value) and (high is None or value <= high))


# --- options of the command line ------------------------------------------------------------

_SIZE = re.compile(r"\s*([0-9]{1,18}(?:\.[0-9]{1,18})?)\s*(?:([KMGTP])(I?B)?|B)?\s*", re.IGNORECASE)
_AGE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*([smhdwMy])\s*")
_SECONDS = {
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86_400,
    "w": 7 * 86_400,
    "M": 30 * 86_400,
    "y": 365 * 86_400,
}
_NANO = 1_000_000_000


def parse_size(text: str) -> int:
    """Return the bytes of ``10M``: K, M, G, T, P are powers of 1024, KB, MB … of 1000.

    ``KiB`` is ``K``; a number alone is in bytes; fractions are rounded down. Raises ValueError.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a size; write it as 500, 10K, 1.5M or 2GB")
    number, unit, suffix = match.groups()
    base = 1000 if suffix in ("B", "b") else 1024
    factor = base ** ("KMGTP".index(unit.upper()) + 1 if unit else 0)
    whole, _, fraction = number.partition(".")
    return int(int(whole + fraction) * factor // 10 ** len(fraction))


def parse_age(text: str, now: float) -> int:
    """Return the instant, in nanoseconds since the epoch, that an age or a date means.

    An age counts back from ``now`` (seconds since the epoch): ``90s``, ``15m``, ``12h``, ``7d``,
    ``2w``, ``6M`` (of 30 days), ``1y`` (of 365), or several as ``1d12h``. A date is ISO 8601, as
    ``2024-05-01`` or ``2024-05-01T12:30``, in UTC unless it says otherwise. Raises ValueError.
    """
    stripped = text.strip()
    if parts := _tokens(_AGE, stripped):
        seconds = sum(float(part[1]) * _SECONDS[part[2]] for part in parts)
        return int(now * _NANO) - int(seconds * _NANO)
    try:
        moment = datetime.fromisoformat(stripped)
    except ValueError:
        raise ValueError(
            f"{text!r} is neither an age, as 12h or 7d, nor a date, as 2024-05-01"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * _NANO + since.microseconds * 1000


def _tokens(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """Return the matches that one after another make up the whole text, or none."""
    matches, at = [], 0
    while match := pattern.match(text, at):
        matches.append(match)
        at = match.end()
    return matches if at == len(text) else []


# --- lines and patterns ---------------------------------------------------------------------


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        trimmed = _trim(line.removesuffix("\r"))
        if trimmed and not trimmed.startswith("#"):
            yield number, trimmed


def _trim(line: str) -> str:
    """Drop trailing spaces, as git does, up to one that a backslash protects."""
    text = line.rstrip(" ")
    slashes = len(text) - len(text.rstrip("\\"))
    return text + " " if slashes % 2 and text != line else text


def _line(line: str, scope: str) -> Rule:
    return Rule(line.removeprefix("!"), include=line.startswith("!"), scope=scope)


def _option(pattern: str, *, include: bool) -> Rule:
    if pattern.startswith("!"):
        raise ValueError(f"{pattern!r}: instead of '!', use --exclude or --include")
    if pattern.startswith("#"):
        raise ValueError(f"{pattern!r} is a comment; write {chr(92) + pattern!r}")
    return Rule(_trim(pattern), include=include, option=True)
