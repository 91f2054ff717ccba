"""Merging texts: clean, or not at all."""

import codecs
import random
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from syncoxiders.core.textmerge import LIMIT, merge_text

LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\r\n", "{\n", "}\n", "\n", "é\n"]), max_size=12)
TEXTS = st.builds(
    lambda lines, last: ("".join(lines) + last).encode(), LINES, st.sampled_from(["", "", "z"])
)
BASE = b"one\ntwo\nthree\nfour\nfive\n"


@st.composite
def edits(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    """Draw a text of lines that differ, and two edits of it that add lines which differ."""
    base = [f"line {number}\n" for number in range(draw(st.integers(0, 10)))]
    sides = []
    for side in ("left", "right"):
        lines: list[str] = []
        for at in range(len(base) + 1):
            act = draw(st.sampled_from(["keep"] * 6 + ["insert", "replace", "delete", "both"]))
            if act in ("insert", "replace"):
                lines.append(f"{side} {at}\n")
            if act == "both":
                lines.append(f"both {at}\n")
            if act not in ("replace", "delete"):
                lines += base[at : at + 1]
        sides.append(lines)
    left, right = ("".join(lines).encode() for lines in sides)
    return "".join(base).encode(), left, right


@given(TEXTS | st.binary(), TEXTS | st.binary())
def test_one_side_alone_needs_no_merging(base: bytes, other: bytes) -> None:
    """A side that is still the base yields to the other, whatever it holds."""
    assert merge_text(base, base, other) == other
    assert merge_text(base, other, base) == other
    assert merge_text(base, other, other) == other


@given(TEXTS, TEXTS, TEXTS)
def test_a_merge_is_symmetric(base: bytes, left: bytes, right: bytes) -> None:
    """It does not matter which side is called left."""
    assert merge_text(base, left, right) == merge_text(base, right, left)


@given(TEXTS, TEXTS, TEXTS)
def test_a_merge_keeps_what_sides_added(base: bytes, left: bytes, right: bytes) -> None:
    """Every line that a side has more often than the base is there as often, and none is new."""
    merged = merge_text(base, left, right)
    assume(merged is not None)
    assert merged is not None
    lines, of_base, *of_sides = (
        Counter(text.splitlines(keepends=True)) for text in (merged, base, left, right)
    )
    for side in of_sides:
        for line in side - of_base:
            assert lines[line] >= min(side[line], 1)
    assert not lines.keys() - of_base.keys() - of_sides[0].keys() - of_sides[1].keys()
    assert b"<<<<" not in merged


@given(edits())
def test_a_merge_applies_both_edits(texts: tuple[bytes, bytes, bytes]) -> None:
    """A line is in the merge exactly if a side added it, or neither side removed it."""
    base, left, right = (text.splitlines() for text in texts)
    merged = merge_text(*texts)
    assume(merged is not None)
    assert merged is not None
    expected = {
        line
        for line in {*base, *left, *right}
        if (line in left and line in right) or line not in base
    }
    assert set(merged.splitlines()) == expected
    assert len(merged.splitlines()) == len(expected)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    return tmp_path_factory.mktemp("merge")


@settings(deadline=None)
@given(texts=edits())
def test_git_agrees(folder: Path, texts: tuple[bytes, bytes, bytes]) -> None:
    """What is merged, git merges too, to the same text."""
    merged = merge_text(*texts)
    assume(merged is not None)
    for name, text in zip(("base", "left", "right"), texts, strict=True):
        (folder / name).write_bytes(text)
    done = subprocess.run(
        ["git", "merge-file", "-p", "left", "base", "right"],
        cwd=folder,
        stdout=subprocess.PIPE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, merged)


@pytest.mark.parametrize(
    ("left", "right", "merged"),
    [
        (
            b"ONE\ntwo\nthree\nfour\nfive\n",
            b"one\ntwo\nthree\nfour\nFIVE\n",
            b"ONE\ntwo\nthree\nfour\nFIVE\n",
        ),
        (b"zero\n" + BASE, BASE + b"six", b"zero\n" + BASE + b"six"),
        (b"two\nthree\nfour\nfive\n", BASE + b"six\n", b"two\nthree\nfour\nfive\nsix\n"),
        (BASE[:-1], b"zero\n" + BASE, b"zero\n" + BASE[:-1]),
        (
            b"one\nTWO\r\nthree\nfour\nfive\n",
            b"one\ntwo\nthree\nfive\n",
            b"one\nTWO\r\nthree\nfive\n",
        ),
        (
            b"ONE\ntwo\nthree\nfour\nfive\n",
            b"ONE\ntwo\nthree\nfour\nfive\nsix\n",
            b"ONE\ntwo\nthree\nfour\nfive\nsix\n",
        ),
    ],
)
def test_changes_apart_are_merged(left: bytes, right: bytes, merged: bytes) -> None:
    """Changes with an untouched line between them, or the same on both sides, are merged."""
    assert merge_text(BASE, left, right) == merged


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (BASE.replace(b"two", b"TWO"), BASE.replace(b"two", b"Two")),
        (BASE.replace(b"two", b"TWO"), BASE.replace(b"three", b"THREE")),
        (BASE.replace(b"two\n", b""), BASE.replace(b"two", b"TWO")),
        (BASE.replace(b"two\n", b""), BASE.replace(b"three\n", b"")),
        (BASE.replace(b"two\n", b"two\nnew\n"), BASE.replace(b"three", b"THREE")),
        (BASE + b"six\n", BASE + b"seven\n"),
        (b"ONE\ntwo\nthree\nfour\n", b"ONE\nTWO\nthree\nfour\nfive\n"),
        (BASE[:-1], BASE + b"six\n"),
        (BASE.replace(b"\n", b"\r\n"), BASE.replace(b"two", b"TWO")),
        (b"", BASE.replace(b"two", b"TWO")),
    ],
)
def test_changes_that_touch_are_not_merged(left: bytes, right: bytes) -> None:
    """Changes of one line, of neighbouring lines, or of all lines are a conflict."""
    assert merge_text(BASE, left, right) is None
    assert merge_text(BASE, right, left) is None


def test_line_endings_stay() -> None:
    """Each line keeps its own ending; what is no line feed does not end a line."""
    base = b"one\r\ntwo\r\nthree\r\n"
    merged = merge_text(base, b"ONE\r\ntwo\r\nthree\r\n", base + b"four\x0b\xe2\x80\xa8five\rsix")
    assert merged == b"ONE\r\ntwo\r\nthree\r\nfour\x0b\xe2\x80\xa8five\rsix"
    assert merge_text(b"a\rb\rc\r", b"A\rb\rc\r", b"a\rb\rC\r") is None


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-8"])
def test_marked_encodings_are_merged(codec: str) -> None:
    """UTF-16 is merged as text, and its mark, like that of UTF-8, stays."""
    mark = {
        "utf-16-le": codecs.BOM_UTF16_LE,
        "utf-16-be": codecs.BOM_UTF16_BE,
        "utf-8": codecs.BOM_UTF8,
    }[codec]

    def text(lines: str) -> bytes:
        # The line separator of U+0A0D's bytes is none: units are not bytes.
        return mark + lines.encode(codec)

    merged = merge_text(text("é\nb\n\u0a0d\n"), text("É\nb\n\u0a0d\n"), text("é\nb\n\u0a0dx\n"))
    assert merged == text("É\nb\n\u0a0dx\n")


@pytest.mark.parametrize(
    ("base", "left", "right"),
    [
        (b"a\nb\nc\0\n", b"A\nb\nc\0\n", b"a\nb\nC\0\n"),
        (b"a\nb\n\xff\n", b"A\nb\n\xff\n", b"a\nb\n\xff!\n"),
        (b"a\nb\nc\n", b"A\nb\nc\n", b"a\nb\nC\0\n"),
        (b"a\nb\nc\n", b"A\nb\nc\n", codecs.BOM_UTF16_LE + "a\nb\nC\n".encode("utf-16-le")),
        (b"a\nb\nc\n", "A\nb\nc\n".encode("utf-16-le"), b"a\nb\nC\n"),
        (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_LE + b"a", codecs.BOM_UTF16_LE + b"b\0"),
        (b"a\nb\nc\n", b"A\nb\nc\n", b"a\nb\nC\n" + b"x" * LIMIT),
        (b"a\nb\nc\n" + b"x" * LIMIT, b"A\nb\nc\n", b"a\nb\nC\n"),
    ],
)
def test_what_is_no_text_is_not_merged(base: bytes, left: bytes, right: bytes) -> None:
    """Binary, wrongly encoded, differently encoded and very large content is left alone."""
    assert merge_text(base, left, right) is None


def test_large_texts_are_merged_in_time() -> None:
    """Neither blank lines nor shuffled ones make a merge of 2 MiB take more than seconds."""
    blank = b"\n" * (LIMIT - 10)
    assert merge_text(blank, b"a" + blank, blank + b"b") == b"a" + blank + b"b"
    shuffled = [f"{number % 5000}\n" for number in range(300_000)]
    base = "".join(shuffled).encode()
    random.Random(1).shuffle(shuffled)
    other = "".join(shuffled).encode()
    assert merge_text(base, other, base + b"end\n") is None
    rows = [f"row {number}\n" for number in range(100_000)]
    left, right, both = (
        "".join(row.upper() if at % 4 in changed else row for at, row in enumerate(rows)).encode()
        for changed in ({0}, {2}, {0, 2})
    )
    assert merge_text("".join(rows).encode(), left, right) == both
