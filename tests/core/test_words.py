"""Words of names, and what a search finds by them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncoxiders.core.words import MOST_TERMS, is_exact, matches, text, wanted, words

names = st.text(st.sampled_from("aAbB zéÉß0 9_-.()家族İı\u0301ǅ🎉"), max_size=12)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("IMG_2024-05 Holiday.JPG", ["img", "2024", "05", "holiday", "jpg"]),
        ("HolidayPhotos2", ["holidayphotos2", "holiday", "photos", "2"]),
        ("parseHTMLFile.py", ["parsehtmlfile", "parse", "html", "file", "py"]),
        ("Café ZOË.txt", ["cafe", "zoe", "txt"]),
        ("Cafe\u0301.txt", ["cafe", "txt"]),
        ("ÜberÄrger", ["uberarger", "uber", "arger"]),
        ("家族旅行2024.jpg", ["家", "族", "旅", "行", "2024", "jpg"]),
        ("Straße", ["strasse"]),
        ("___", []),
        ("", []),
    ],
)
def test_words(name: str, found: list[str]) -> None:
    """Names are split at punctuation, between letters and digits, and where the case changes."""
    assert words(name) == found


@pytest.mark.parametrize(
    ("query", "name", "expected"),
    [
        ("holiday", "IMG_2024-05 Holiday.JPG", True),
        ("HOLI 20", "IMG_2024-05 Holiday.JPG", True),
        ("oliday", "IMG_2024-05 Holiday.JPG", False),
        ("holiday beach", "IMG_2024-05 Holiday.JPG", False),
        ("img_2024", "IMG_2024-05 Holiday.JPG", True),
        ("holidayph", "HolidayPhotos2", True),
        ("zoe", "ZOË.txt", True),
        ("zoë", "ZOE.txt", True),
        ('"2024 05"', "IMG_2024-05 Holiday.JPG", True),
        ('"05 2024"', "IMG_2024-05 Holiday.JPG", False),
        ('"2024 05 holi', "IMG_2024-05 Holiday.JPG", True),
        ("旅行", "家族旅行2024.jpg", True),
        ("行旅", "家族旅行2024.jpg", False),
        ("***", "anything", False),
        ("", "anything", False),
        ('"', "anything", False),
    ],
)
def test_found(query: str, name: str, expected: bool) -> None:
    """All words have to be there, each as the beginning of one; phrases as they are."""
    assert matches(name, wanted(query)) is expected


@given(names)
def test_a_name_finds_itself(name: str) -> None:
    """Whatever a file is called, its name finds it, and so does it in quotes and without case."""
    found = words(name)
    for query in (name, f'"{name}"', name.upper(), name.swapcase()):
        asked = wanted(query.replace('"', "") if query != f'"{name}"' else query)
        assert matches(name, asked) is bool(found)


@given(names, st.data())
def test_beginnings_find(name: str, data: st.DataObject) -> None:
    """The beginning of each word finds the name; the whole word is what it is sorted first by."""
    for word in words(name):
        part = word[: data.draw(st.integers(1, len(word)))]
        assert all(
            any(each.startswith(term) for each in words(name)) for term in wanted(part).terms
        )
        if len(wanted(word).terms) == 1:
            assert is_exact(name, wanted(word))


def test_bounded() -> None:
    """However long a search is, it is bounded."""
    assert len(wanted(" ".join(f"w{number}" for number in range(99))).terms) == MOST_TERMS


def test_text() -> None:
    """The text of a name is its runs, each behind a space."""
    assert text("IMG_2024-05 Holiday.JPG") == " img 2024 05 holiday jpg"
