"""Matching paths against ordered rules in gitignore's syntax.

A pattern's wildcards, brackets and escapes are the library's. What is done here is what its
expressions over whole paths cannot tell: whether a folder that is excluded may still hold
something that a later rule includes.
"""

import functools
import re
import unicodedata
import warnings
from collections.abc import Sequence
from typing import NamedTuple


class Glob(NamedTuple):
    """A pattern taken apart: what each part of a path has to match.

    A part of None is ``**``, and matches any number of folders; as the last part it matches
    everything inside. ``folders`` is a trailing slash. A ``floating`` glob is a mere name, its
    parts being ``**`` and that; ``everything`` matches without naming anything.
    """

    parts: tuple[re.Pattern[str] | None, ...]
    folders: bool
    floating: bool
    everything: bool


@functools.lru_cache(maxsize=4096)
def parse(pattern: str) -> Glob:
    """Take a pattern apart. Raises ValueError, for a person."""
    if not pattern.strip(" "):
        raise ValueError("the pattern is empty")
    texts = unicodedata.normalize("NFC", pattern).split("/")
    folders = len(texts) > 1 and not texts[-1]
    if folders:
        del texts[-1]
    if not texts[0]:
        del texts[0]
    elif len(texts) == 1:
        texts.insert(0, "**")
    if not texts or not all(texts):
        raise ValueError(f"{pattern!r} can never match: no name is empty")
    if not {".", ".."}.isdisjoint(texts):
        raise ValueError(f"{pattern!r} can never match: paths are below the folder, without dots")
    texts = [
        text
        for text, before in zip(texts, ["", *texts], strict=False)
        if text != "**" or before != "**"
    ]
    if texts == ["**"]:
        texts = ["**", "*"]
    try:
        parts = tuple(None if text == "**" else _part(text) for text in texts)
    except ValueError as exc:
        raise ValueError(f"{pattern!r} can never match: {exc}") from exc
    return Glob(
        parts,
        folders,
        floating=texts[0] == "**" and len(texts) == 2,  # noqa: PLR2004 -- `**` and a name
        everything=not folders and {"*", "**"}.issuperset(texts),
    )


@functools.lru_cache(maxsize=4096)
def _part(text: str) -> re.Pattern[str]:
    """Return an expression whose full match with a name is the glob's match."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 -- slow to import, and most runs have no rules

    if "\0" in text:
        raise ValueError("no name holds NUL")
    for bracket in re.findall(r"\\.|(\[[!^]?\]?[^\]]*\])", text):
        if "\\" in bracket or "[:" in bracket[1:]:
            raise ValueError(f"{bracket} is not understood; give plain characters, as in [a-z]")
    if text[-1].isspace():  # which the library would strip
        body = text[:-1]
        escaped = (len(body) - len(body.rstrip("\\"))) % 2
        text = f"{body[: len(body) - escaped]}[{text[-1]}]"
    try:
        with warnings.catch_warnings():
            # What could become set operations in brackets means in git what it means today.
            warnings.simplefilter("ignore", FutureWarning)
            regex = GitIgnoreSpec.from_lines([f"/{text}"], backend="simple").patterns[0].regex
    except (ValueError, re.error) as exc:
        raise ValueError(str(exc)) from exc
    if regex is None:
        raise ValueError("a bracket is not closed")
    return re.compile(_linear(regex.pattern))


def _linear(regex: str) -> str:
    """Rewrite the library's expression of a name so that no name makes it backtrack for long.

    Between two stars the first match of what stands there is as good as any (as in fnmatch).
    The one group is for a slash, which names lack; unnamed, expressions can be joined.
    """
    first, *rest = regex.replace("(?P<ps_d>/)", "/").split("[^/]*")
    if not rest:
        return first
    *between, last = rest
    return f"{first}{''.join(f'(?>[^/]*?{text})' for text in between if text)}[^/]*{last}"


# --- matching -------------------------------------------------------------------------------

_REMEMBERED_FOLDERS = 16_384


class _Matcher(NamedTuple):
    """A rule ready to match. A higher ``rank`` decides.

    A path is matched name by name. Where that has got to is a set of numbers, kept as bits: *k*
    is in it if the first *k* parts of the glob have matched. If that is all of them, the path
    matches; if it is fewer, something further inside may.
    """

    rank: int
    include: bool
    glob: Glob

    def start(self) -> int:
        return self._skip(1)

    def step(self, reached: int, name: str) -> int:
        after = 0
        last = len(self.glob.parts) - 1
        for at, part in enumerate(self.glob.parts):
            if reached >> at & 1:
                if part is None:
                    after |= 1 << at | (1 << at + 1 if at == last else 0)
                elif part.fullmatch(name):
                    after |= 1 << at + 1
        return self._skip(after)

    def _skip(self, reached: int) -> int:
        """Let each ``**`` match no folder at all, unless it is the last part."""
        for at, part in enumerate(self.glob.parts[:-1]):
            if part is None and reached >> at & 1:
                reached |= 1 << at + 1
        return reached

    def matches(self, reached: int, *, folder: bool) -> bool:
        return bool(reached >> len(self.glob.parts)) and (folder or not self.glob.folders)

    def continues(self, reached: int) -> bool:
        return reached & ~(1 << len(self.glob.parts)) != 0

    def leads(self, reached: int) -> bool:
        """Say whether it continues by what it names, not just by a leading ``**``."""
        floating = 0b11 if self.glob.parts[0] is None else 0
        return self.continues(reached & ~floating)


class _Names:
    """Rules that are mere names, as expressions over a name."""

    def __init__(self, rules: Sequence[_Matcher]) -> None:
        self.last_include = max((rule.rank for rule in rules if rule.include), default=-1)
        self._tables = {
            (folder, excludes): _table(
                [
                    rule
                    for rule in rules
                    if (folder or not rule.glob.folders) and not (excludes and rule.include)
                ]
            )
            for folder in (False, True)
            for excludes in (False, True)
        }

    def last(self, name: str, *, folder: bool, excludes: bool) -> int:
        """Return the rank of the last rule (of the excluding ones) that matches, or -1."""
        pattern, ranks = self._tables[folder, excludes]
        match = pattern.fullmatch(name)
        return ranks[match.lastindex - 1] if match and match.lastindex else -1


def _table(rules: Sequence[_Matcher]) -> tuple[re.Pattern[str], list[int]]:
    """Join rules, the last one first, so that the alternative that matches is the decisive one."""
    backwards = sorted(rules, key=lambda rule: -rule.rank)
    texts = [f"({part.pattern})" for rule in backwards if (part := rule.glob.parts[-1])]
    return re.compile("|".join(texts) or "(?!)"), [rule.rank for rule in backwards]


class _Scope:
    """The rules that speak of one folder: mere names, and paths."""

    def __init__(self, rules: Sequence[_Matcher]) -> None:
        names = [rule for rule in rules if rule.glob.floating]
        self.names = (_Names(names),) if names else ()
        self.paths = tuple((rule, rule.start()) for rule in rules if not rule.glob.floating)


class _Folder(NamedTuple):
    """What is known in a folder of what is inside.

    ``rank`` is that of the rule that decides so far. If it excludes, and names the folder or one
    above it, ``named`` says that mere names cannot include. ``paths`` are path rules that may
    match inside, and how far they have got.
    """

    out: bool = False
    rank: int = -1
    named: bool = False
    names: tuple[_Names, ...] = ()
    paths: tuple[tuple[_Matcher, int], ...] = ()


_OUT = _Folder(out=True)


class Rules:
    """Rules in order, as (pattern, whether it includes, the folder that it speaks of).

    Judges paths as :mod:`syncoxiders.core.filters` states, and remembers folders it has judged.
    """

    def __init__(self, rules: Sequence[tuple[str, bool, str]]) -> None:
        self._rules = [
            _Matcher(rank, include, parse(pattern))
            for rank, (pattern, include, _) in enumerate(rules)
        ]
        scopes: dict[str, list[_Matcher]] = {}
        for (_, _, scope), matcher in zip(rules, self._rules, strict=True):
            scopes.setdefault(scope, []).append(matcher)
        self._scopes = {scope: _Scope(matchers) for scope, matchers in scopes.items()}
        self._root = self._add_scope(_Folder(), "")
        self._folders: dict[str, _Folder] = {}

    def out(self, path: str, *, folder: bool) -> bool:
        """Say whether a path in NFC is out."""
        if folder:
            return self._folder(path).out
        parent, _, name = path.rpartition("/")
        above = self._folder(parent)
        if above.out:
            return True
        rank, _ = self._decide(above, name, folder=False)
        return self._excludes(rank)

    def _folder(self, path: str) -> _Folder:
        unknown = []
        while path and path not in self._folders:
            unknown.append(path)
            path = path.rpartition("/")[0]
        folder = self._folders[path] if path else self._root
        if len(self._folders) + len(unknown) > _REMEMBERED_FOLDERS:
            self._folders.clear()
        for inside in reversed(unknown):
            folder = self._folders[inside] = self._enter(folder, inside)
        return folder

    def _enter(self, above: _Folder, path: str) -> _Folder:
        if above.out:
            return above
        rank, paths = self._decide(above, path.rpartition("/")[2], folder=True)
        named = False
        if self._excludes(rank):
            named = not self._is_general(rank)
            if not self._may_include(rank, named, above.names, paths):
                return _OUT
        here = _Folder(rank=rank, named=named, names=above.names, paths=paths)
        return self._add_scope(here, path)

    def _add_scope(self, folder: _Folder, path: str) -> _Folder:
        scope = self._scopes.get(path)
        if scope is None:
            return folder
        return folder._replace(names=folder.names + scope.names, paths=folder.paths + scope.paths)

    def _decide(
        self, above: _Folder, name: str, *, folder: bool
    ) -> tuple[int, tuple[tuple[_Matcher, int], ...]]:
        """Return the rank of the deciding rule, and the path rules that continue from here."""
        rank = -1
        for names in above.names:
            rank = max(rank, names.last(name, folder=folder, excludes=above.named))
        paths = []
        for rule, before in above.paths:
            if reached := rule.step(before, name):
                if rule.matches(reached, folder=folder):
                    rank = max(rank, rule.rank)
                paths.append((rule, reached))
        if rank < above.rank and (self._excludes(above.rank) or self._is_general(rank)):
            rank = above.rank
        return rank, tuple(paths)

    def _is_general(self, rank: int) -> bool:
        return rank < 0 or self._rules[rank].glob.everything

    def _excludes(self, rank: int) -> bool:
        return rank >= 0 and not self._rules[rank].include

    @staticmethod
    def _may_include(
        rank: int,
        named: bool,
        names: Sequence[_Names],
        paths: Sequence[tuple[_Matcher, int]],
    ) -> bool:
        """Say whether a rule after the one that excludes a folder may include something inside."""
        later = [(rule, reached) for rule, reached in paths if rule.include and rule.rank > rank]
        if named:
            return any(rule.leads(reached) for rule, reached in later)
        return any(rule.continues(reached) for rule, reached in later) or any(
            each.last_include > rank for each in names
        )
