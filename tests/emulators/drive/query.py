"""The query language of ``files.list``.

https://developers.google.com/workspace/drive/api/guides/ref-search-terms
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.emulators.drive import errors
from tests.emulators.drive.model import ME, File
from tests.emulators.drive.store import Drive, View

Test = Callable[[File, View], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*')|(?P<op><=|>=|!=|=|<|>)|(?P<mark>[(){}])|(?P<word>[\w.]+))"
)
_ORDER: dict[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Query:
    """A parsed query: a test, and the folders that a match has to stand in, if that is known."""

    test: Test
    folders: frozenset[str] | None = None

    def find(self, view: View) -> list[File]:
        """Return the files that match, the oldest first."""
        if self.folders is None:
            found = [each for each in view.files.values() if each.access and each.parent]
            found += [each for each in view.files.values() if each.access and each.shared_at]
            found = list({each.id: each for each in found}.values())
        else:
            found = [each for folder in self.folders for each in view.children(folder)]
        return [each for each in found if self.test(each, view)]


def parse(text: str, drive: Drive) -> Query:
    """Parse a query; raises Failure. An empty one finds everything."""
    if not text.strip():
        return Query(lambda *_: True)
    parser = _Parser(text, drive)
    found = parser.either()
    if parser.tokens:
        raise errors.invalid("q")
    return found


class _Parser:
    def __init__(self, text: str, drive: Drive) -> None:
        self.tokens: list[tuple[str, str]] = []
        self._drive = drive
        at = 0
        text = text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise errors.invalid("q")
            kind = match.lastgroup or ""
            value = match[kind]
            if kind == "string":
                value = re.sub(r"\\(.)", r"\1", value[1:-1])
            self.tokens.append((kind, value))
            at = match.end()

    def _next(self, kind: str = "") -> str:
        if not self.tokens or (kind and self.tokens[0][0] != kind):
            raise errors.invalid("q")
        return self.tokens.pop(0)[1]

    def _word(self, value: str) -> bool:
        if self.tokens and self.tokens[0][0] in {"word", "mark"} and self.tokens[0][1] == value:
            self.tokens.pop(0)
            return True
        return False

    def either(self) -> Query:
        parts = [self._both()]
        while self._word("or"):
            parts.append(self._both())
        if len(parts) == 1:
            return parts[0]
        tests = [each.test for each in parts]
        known = [each.folders for each in parts if each.folders is not None]
        folders = frozenset[str]().union(*known) if len(known) == len(parts) else None
        return Query(lambda file, view: any(test(file, view) for test in tests), folders)

    def _both(self) -> Query:
        parts = [self._one()]
        while self._word("and"):
            parts.append(self._one())
        if len(parts) == 1:
            return parts[0]
        tests = [each.test for each in parts]
        folders = next((each.folders for each in parts if each.folders is not None), None)
        return Query(lambda file, view: all(test(file, view) for test in tests), folders)

    def _one(self) -> Query:
        if self._word("not"):
            test = self._one().test
            return Query(lambda file, view: not test(file, view))
        if self._word("("):
            inner = self.either()
            if not self._word(")"):
                raise errors.invalid("q")
            return inner
        if self.tokens and self.tokens[0][0] == "string":
            return self._member(self._next())
        return Query(self._term(self._next("word")))

    def _member(self, value: str) -> Query:
        """``'value' in collection``."""
        if not self._word("in"):
            raise errors.invalid("q")
        collection = self._next("word")
        if collection == "parents":
            folder = self._drive.resolve(value)
            return Query(lambda file, _: file.parent == folder, frozenset([folder]))
        if collection == "owners":
            owner = ME if value == "me" else value
            return Query(lambda file, _: file.owner == owner)
        if collection in {"writers", "readers"}:
            allowed = {"owner", "writer"} if collection == "writers" else {"owner", "reader"}
            return Query(lambda file, _: value in {"me", ME} and file.access in allowed)
        raise errors.invalid("q")

    def _term(self, field: str) -> Test:
        if field in {"properties", "appProperties"}:
            return self._has(field)
        sign = "contains" if self._word("contains") else self._next("op")
        if field in {"modifiedTime", "createdTime"}:
            return self._time(field, sign)
        if field in {"trashed", "starred", "sharedWithMe"}:
            return self._flag(field, sign)
        return self._string(field, sign, self._next("string"))

    def _has(self, field: str) -> Test:
        """``properties has { key='k' and value='v' }``."""
        words = [self._next() for _ in range(10)]
        key, value = words[4], words[8]
        shape = ["has", "{", "key", "=", key, "and", "value", "=", value, "}"]
        if words != shape:
            raise errors.invalid("q")
        if field == "properties":
            return lambda file, _: file.properties.get(key) == value
        return lambda file, _: file.app_properties.get(key) == value

    def _time(self, field: str, sign: str) -> Test:
        compare = _ORDER.get(sign)
        if compare is None:
            raise errors.invalid("q")
        wanted = time_ms(self._next("string"), "q")
        if field == "modifiedTime":
            return lambda file, _: compare(file.modified, wanted)
        return lambda file, _: compare(file.created, wanted)

    def _flag(self, field: str, sign: str) -> Test:
        value = self._next("word")
        if sign not in {"=", "!="} or value not in {"true", "false"}:
            raise errors.invalid("q")
        wanted = (value == "true") is (sign == "=")
        if field == "trashed":
            return lambda file, view: view.is_trashed(file) is wanted
        if field == "starred":
            return lambda file, _: file.starred is wanted
        return lambda file, _: bool(file.shared_at) is wanted

    @staticmethod
    def _string(field: str, sign: str, value: str) -> Test:
        folded = value.casefold()
        if field == "name" and sign == "contains":
            return lambda file, _: _has_prefix(file.name.casefold(), folded)
        if field == "mimeType" and sign == "contains":
            return lambda file, _: file.mime.startswith(value)
        if field == "fullText" and sign == "contains":
            return lambda file, _: folded in file.name.casefold()
        if sign in {"=", "!="} and field in {"name", "mimeType", "shortcutDetails.targetId"}:
            same = sign == "="
            if field == "name":  # not documented, and as rclone found: letters' case is not seen
                return lambda file, _: (file.name.casefold() == folded) is same
            if field == "mimeType":
                return lambda file, _: (file.mime == value) is same
            return lambda file, _: (file.target == value) is same
        raise errors.invalid("q")


def _has_prefix(name: str, prefix: str) -> bool:
    """Say whether a name, or a word in it, begins so; the middle of a word is not found."""
    return any(
        name.startswith(prefix, match.start()) for match in re.finditer(r"(?<!\w)\w|^", name)
    )


def time_ms(text: str, parameter: str) -> int:
    """Return a time in milliseconds; raises Failure. UTC where it does not say otherwise."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise errors.invalid(parameter, f"Invalid value for: Invalid format: {text!r}") from None
    parsed = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    since = parsed - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def time_text(ms: int) -> str:
    """Return a time as Drive writes it."""
    seconds, rest = divmod(ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"
