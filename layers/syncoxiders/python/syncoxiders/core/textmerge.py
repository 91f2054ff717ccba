"""Three-way merges of text, clean ones only.

What cannot be merged beyond doubt is not merged: two versions that a person can look at are
better than one that nobody wrote.
"""

import bisect
import codecs
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

LIMIT = 2 * 1024 * 1024
"""The most bytes that each of the three versions may have."""

_DEPTH = 10
"""How often a stretch between lines that match is searched for lines that match within it."""

_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def merge_text(base: bytes, left: bytes, right: bytes) -> bytes | None:
    """Return what both sides made of ``base``, or None where that is not beyond doubt.

    Equal sides, and a side that is still ``base``, need no merging: whatever the content, the
    result is one side or the other. Otherwise all three must be text of one encoding (UTF-8, or
    UTF-16 with a byte order mark; without NUL) and of at most :data:`LIMIT` bytes. They are
    merged by lines, each with its own ending. Changes of the two sides must be the same, or
    have a line between them that neither changed.

    It is symmetric in ``left`` and ``right``.
    """
    if left in (base, right):
        return right
    if right == base:
        return left
    versions = (base, left, right)
    if max(map(len, versions)) > LIMIT:
        return None
    marks = {_mark(version) for version in versions}
    if len(marks) != 1:
        return None
    mark = marks.pop()
    codec = _MARKS.get(mark, "utf-8")
    try:
        texts = [version[len(mark) :].decode(codec) for version in versions]
    except UnicodeDecodeError:
        return None
    if any("\0" in text for text in texts):
        return None
    merged = _merged(*map(_lines, texts))
    return None if merged is None else mark + "".join(merged).encode(codec)


def _mark(version: bytes) -> bytes:
    """Return the byte order mark of UTF-16; that of UTF-8 belongs to the first line."""
    return next((mark for mark in _MARKS if version.startswith(mark)), b"")


def _lines(text: str) -> list[str]:
    """Split after each line feed, and nowhere else."""
    *lines, last = text.split("\n")
    return [f"{line}\n" for line in lines] + ([last] if last else [])


def _merged(base: list[str], left: list[str], right: list[str]) -> list[str] | None:
    from merge3 import Merge3  # noqa: PLC0415 -- only runs that merge text should pay for it

    merged: list[str] = []
    for group in Merge3(base, left, right, sequence_matcher=_Matcher).merge_groups():
        if group[0] == "conflict":
            return None
        merged += group[1]
    # A side's last line, without its line feed, must not run into what the other side put after.
    return merged if all(line.endswith("\n") for line in merged[:-1]) else None


class _Matcher:
    """A patience diff: lines that both versions have once are matched first.

    Unlike difflib's it takes no more than a few times n log n steps, whatever the lines are, and
    does not match a change to some other blank line or brace.
    """

    def __init__(
        self,
        isjunk: Callable[[str], bool] | None = None,
        a: Sequence[str] = "",
        b: Sequence[str] = "",
        autojunk: bool = True,
    ) -> None:
        del isjunk, autojunk
        self._a = a
        self._b = b

    def get_matching_blocks(self) -> list[tuple[int, int, int]]:
        """Return runs of equal lines, as difflib's SequenceMatcher does."""
        blocks: list[tuple[int, int, int]] = []
        for i, j in self._pairs(0, len(self._a), 0, len(self._b), _DEPTH):
            if blocks and (i, j) == (blocks[-1][0] + blocks[-1][2], blocks[-1][1] + blocks[-1][2]):
                blocks[-1] = (blocks[-1][0], blocks[-1][1], blocks[-1][2] + 1)
            else:
                blocks.append((i, j, 1))
        return [*blocks, (len(self._a), len(self._b), 0)]

    def _pairs(
        self, a_from: int, a_to: int, b_from: int, b_to: int, depth: int
    ) -> Iterator[tuple[int, int]]:
        """Yield indexes of lines that match, both ascending."""
        a, b = self._a, self._b
        while a_from < a_to and b_from < b_to and a[a_from] == b[b_from]:
            yield a_from, b_from
            a_from, b_from = a_from + 1, b_from + 1
        same = 0
        while a_from < a_to and b_from < b_to and a[a_to - 1] == b[b_to - 1]:
            a_to, b_to, same = a_to - 1, b_to - 1, same + 1
        if depth and a_from < a_to and b_from < b_to:
            anchors = self._anchors(a_from, a_to, b_from, b_to)
            for i, j in [*anchors, (a_to, b_to)] if anchors else ():
                yield from self._pairs(a_from, i, b_from, j, depth - 1)
                if i < a_to:
                    yield i, j
                a_from, b_from = i + 1, j + 1
        for at in range(same):
            yield a_to + at, b_to + at

    def _anchors(self, a_from: int, a_to: int, b_from: int, b_to: int) -> list[tuple[int, int]]:
        """Return the longest ascending row of lines that stand once in both stretches."""
        in_a, in_b = Counter(self._a[a_from:a_to]), Counter(self._b[b_from:b_to])
        place = {self._b[j]: j for j in range(b_from, b_to) if in_b[self._b[j]] == 1}
        ends: list[int] = []  # the least last line of b of a row of each length
        rows: list[tuple[int, int, int]] = []  # (line of a, line of b, row that it goes on)
        last: list[int] = []  # the row that has that last line
        for i in range(a_from, a_to):
            line = self._a[i]
            if in_a[line] != 1 or line not in place:
                continue
            length = bisect.bisect_left(ends, place[line])
            rows.append((i, place[line], last[length - 1] if length else -1))
            ends[length : length + 1] = [place[line]]
            last[length : length + 1] = [len(rows) - 1]
        anchors = []
        at = last[-1] if last else -1
        while at >= 0:
            i, j, at = rows[at]
            anchors.append((i, j))
        return anchors[::-1]
