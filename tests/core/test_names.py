"""What forced renames look like, and that the mapping to an endpoint loses no name."""
# ruff: noqa: RUF001 -- look-alikes are what is tested

import os
import re
import unicodedata

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from syncoxiders.core import names
from syncoxiders.core.model import Traits

WINDOWS = Traits(
    case_insensitive=True,
    forbidden='<>:"/\\|?*' + "".join(map(chr, range(32))),
    reserved=("CON", "PRN", "AUX", "NUL", "COM1", "LPT1", "desktop.ini", ".lock"),
    trims=True,
)
LINUX = Traits(accepts_any_bytes=True, forbidden="/\0")
MAC = Traits(case_insensitive=True, normalizing=True, forbidden="/\0")
NOTHING_TAKEN = dict[str, None]().__contains__

CODES = ["\u201b", "：", "␀", "␡", "FF", "C3", "x01F600", "x00003A", "Ｃ", "．", "␠"]
PIECES = [*CODES, *"aßÉ. :*\\\t\x7fé😀", "e\u0301", "con", "COM1", ".lock", ".tar.gz", "\udcff"]


def fs_name(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def possible(name: str) -> bool:
    return name not in ("", ".", "..") and "/" not in name and "\0" not in name


NAMES = st.one_of(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=8)
    .map("".join)
    .map(lambda name: fs_name(name.encode("utf-8", "surrogateescape"))),
    st.binary(min_size=1, max_size=60).map(fs_name),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
).filter(possible)

TRAITS = st.one_of(
    st.sampled_from([WINDOWS, LINUX, MAC, Traits()]),
    st.builds(
        Traits,
        case_insensitive=st.booleans(),
        normalizing=st.booleans(),
        accepts_any_bytes=st.booleans(),
        forbidden=st.text(st.sampled_from(' #%:*?"<>|\\~\t\n\x7f😀é.'), max_size=8),
        leading=st.sampled_from(["", " ", " ~", ".", "c"]),
        reserved=st.lists(st.sampled_from(["con", "COM1", ".lock", "é"]), max_size=3).map(tuple),
        trims=st.booleans(),
        bmp_only=st.booleans(),
        max_name=st.integers(40, 255),
    ),
)


def size(name: str) -> int:
    return len(os.fsencode(name))


# --- conflict names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("notes.txt", "notes.conflict-laptop-20240501-123456.txt"),
        ("Makefile", "Makefile.conflict-laptop-20240501-123456"),
        (".bashrc", ".bashrc.conflict-laptop-20240501-123456"),
        (".config.json", ".config.conflict-laptop-20240501-123456.json"),
        ("a.tar.gz", "a.conflict-laptop-20240501-123456.tar.gz"),
        ("a.b.gz", "a.b.conflict-laptop-20240501-123456.gz"),
        ("Mr. Smith", "Mr. Smith.conflict-laptop-20240501-123456"),
        ("...", "....conflict-laptop-20240501-123456"),
    ],
)
def test_a_conflict_name_keeps_the_extension(name: str, expected: str) -> None:
    """The label and date stand before the extension, of which a dotfile has none."""
    assert names.conflict_name(name, "laptop", 1714566896_999999999) == expected


@pytest.mark.parametrize(
    ("mtime_ns", "date"),
    [
        (0, "19700101-000000"),
        (-1, "19691231-235959"),
        (-(10**20), "00010101-000000"),
        (10**21, "99991231-235959"),
        (10**40, "99991231-235959"),
    ],
)
def test_a_conflict_name_takes_any_instant(mtime_ns: int, date: str) -> None:
    """An instant that has no date becomes the nearest that has one."""
    assert names.conflict_name("a", "b", mtime_ns) == f"a.conflict-b-{date}"


def test_a_digest_tells_conflict_names_apart() -> None:
    """Up to eight digits of a digest follow the date when it is given; others are refused."""
    name = names.conflict_name("a.txt", "b", 0, "0123456789abcdef")
    assert name == "a.conflict-b-19700101-000000-01234567.txt"
    assert names.original_name(names.conflict_name("a.txt", "b", 0, "01")) == "a.txt"
    with pytest.raises(ValueError, match="hexadecimal"):
        names.conflict_name("a.txt", "b", 0, "sha256:0123456789")


@pytest.mark.parametrize(
    ("label", "expected"),
    [("My Drive: work/x", "My-Drive--work-x"), ("Büro", "Büro"), ("..", "copy"), ("", "copy")],
)
def test_a_label_holds_only_letters_digits_and_dashes(label: str, expected: str) -> None:
    """Whatever an endpoint is called, every provider takes the label made from it."""
    assert names.conflict_name("a", label, 0) == f"a.conflict-{expected}-19700101-000000"


@given(
    NAMES,
    st.text(max_size=80),
    st.integers(-(10**20), 10**20),
    st.sampled_from(["", "0123456789ab"]),
    st.integers(names.MIN_ROOM, 255),
)
@example("\udcff" * 255 + ".txt", "x", 0, "", 100)
@example("é" * 200, "é" * 80, 0, "01234567", 100)
@example("a" * 10 + "." + "\U00010000" * 6, "x" * 40, 0, "", 100)
def test_a_conflict_name_fits_and_is_recognised(
    name: str, label: str, mtime_ns: int, digest: str, max_bytes: int
) -> None:
    """A conflict name is a name, fits the room, and tells the name it was made from.

    Made again from itself it does not grow: it is never nested.
    """
    made = names.conflict_name(name, label, mtime_ns, digest, max_bytes=max_bytes)
    assert possible(made)
    assert size(made) <= max_bytes
    assert fs_name(os.fsencode(made)) == made
    assert names.is_conflict_name(made)
    original = names.original_name(made)
    assert original is not None
    assert not names.is_conflict_name(original)
    if size(name) < 20 and not names.is_conflict_name(name):
        assert original == name
    assert names.conflict_name(made, label, mtime_ns, digest, max_bytes=max_bytes) == made


def test_a_nested_conflict_name_is_flattened() -> None:
    """However often a name was suffixed elsewhere, one suffix replaces all."""
    nested = "a.conflict-x-20200101-000000.conflict-y-20210101-000000-0a1b2c3d.txt"
    assert names.original_name(nested) == "a.txt"
    assert names.conflict_name(nested, "z", 0) == "a.conflict-z-19700101-000000.txt"


@pytest.mark.parametrize(
    "name",
    ["a.txt", ".conflict-x-20200101-000000", "a.conflict-x.txt", "conflict-x-20200101-000000.txt"],
)
def test_other_names_are_no_conflict_names(name: str) -> None:
    """Only the whole form, after a stem, makes a conflict name."""
    assert not names.is_conflict_name(name)
    assert names.original_name(name) is None


def test_a_conflict_name_needs_some_room() -> None:
    """Under a limit that would leave no stem, the name is longer; mapping it makes it fit."""
    made = names.conflict_name("notes.txt", "laptop", 0, max_bytes=40)
    assert names.original_name(made) == "notes.txt"
    tight = Traits(max_name=40)
    assert names.legal(names.local_name(made, tight, NOTHING_TAKEN), tight)


def test_a_sibling_name_counts_before_the_extension() -> None:
    """What makes room is called as file managers call it, and fits."""
    assert names.sibling_name("a.tar.gz", 2) == "a (2).tar.gz"
    assert names.sibling_name(".git", 3) == ".git (3)"
    assert size(names.sibling_name("é" * 127 + "e.txt", 2)) <= 255


# --- mapping


@pytest.mark.parametrize(
    ("name", "local"),
    [
        ("plain.txt", "plain.txt"),
        ("会議：メモ", "会議：メモ"),
        ("it‛s", "it‛s"),
        ("a:b?", "a‛：b‛？"),
        ("a‛：b", "a‛‛：b"),
        ("dots..", "dots.‛．"),
        ("end ", "end‛␠"),
        ("con", "‛ｃon"),
        ("Aux.tar.gz", "‛Ａux.tar.gz"),
        ("desktop.INI", "‛ｄesktop.INI"),
        (".LOCK", "‛．LOCK"),
        ("console", "console"),
        ("a\tb", "a‛␉b"),
        ("\udcff", "‛FF"),
    ],
)
def test_a_name_stays_readable_where_it_cannot_stand(name: str, local: str) -> None:
    """A look-alike, marked by a quote, replaces what the endpoint does not take."""
    assert names.local_name(name, WINDOWS, NOTHING_TAKEN) == local
    assert names.true_name(local, WINDOWS) == name


@given(NAMES, TRAITS)
def test_the_mapping_is_reversible(name: str, traits: Traits) -> None:
    """The true name of a local name is the name; the local name is legal there."""
    assert names.legal(names.local_name(name, traits, NOTHING_TAKEN), traits)
    roomy = msgspec.structs.replace(traits, max_name=4000)  # so that nothing is allocated
    local = names.local_name(name, roomy, NOTHING_TAKEN)
    assert names.legal(local, roomy)
    assert names.true_name(local, roomy) == name


@given(NAMES, TRAITS)
def test_the_mapping_reaches_every_legal_name(local: str, traits: Traits) -> None:
    """A legal name comes back to itself: no two names at an endpoint have one true name."""
    assume(names.legal(local, traits))
    true = names.true_name(local, traits)
    assert possible(true)
    assert names.local_name(true, traits, NOTHING_TAKEN) == local


@given(NAMES, TRAITS)
def test_a_legal_name_is_left_alone(name: str, traits: Traits) -> None:
    """Only a name that cannot stand, or that looks mapped, is changed."""
    assume(names.legal(name, traits) and names.true_name(name, traits) == name)
    assert names.local_name(name, traits, NOTHING_TAKEN) == name


@given(NAMES, TRAITS, st.integers(0, 3))
def test_a_taken_name_gives_way(name: str, traits: Traits, times: int) -> None:
    """An allocated name is legal, free, and the same each time."""
    refused: list[str] = []

    def taken(local: str) -> bool:
        if len(refused) < times:
            refused.append(local)
        return local in refused

    local = names.local_name(name, traits, taken)
    assert local not in refused
    assert names.legal(local, traits)
    assert local == names.local_name(name, traits, refused.__contains__)
    if refused and size(local) < traits.max_name - 3:  # else it may be cut
        assert names.allocated_for(local, traits) == name


@given(NAMES, TRAITS)
def test_a_name_that_was_not_allocated_is_not_taken_for_such(name: str, traits: Traits) -> None:
    """Digits alone do not make one: they have to be those of the name."""
    assert names.allocated_for(f"{name[:20]}-00000000", traits) is None


def test_an_overlong_name_is_cut_at_a_character() -> None:
    """The stem is cut, the extension stays, and a hash of the whole tells two apart."""
    long = "é" * 130
    first = names.local_name(long + ".txt", Traits(), NOTHING_TAKEN)
    second = names.local_name(long + "e.txt", Traits(), NOTHING_TAKEN)
    assert re.fullmatch("é+-[0-9a-f]{8}\\.txt", first)
    assert 250 < size(first) <= 255
    assert first != second


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0b", "\ud83d", "\udcc3\udca9"])
def test_no_endpoint_takes_what_is_no_name(name: str) -> None:
    """Nothing that would lead out of its folder, or that no disk can tell, is legal anywhere."""
    assert not names.legal(name, Traits(accepts_any_bytes=True))


@pytest.mark.parametrize(
    "local", ["‛．", ".‛．", "a‛／b", "‛␀", "‛C3‛A9", "‛x00D83D", "‛xFFFFFF", "‛"]
)
def test_no_local_name_leads_out_of_its_folder(local: str) -> None:
    """A local name that was made up to mean what is no name means itself."""
    assert names.true_name(local, WINDOWS) == local
    assert names.true_name(local, LINUX) == local


def test_bytes_stand_only_where_they_are_taken() -> None:
    """Invalid UTF-8 is legal on a disk that takes any bytes, and counts one each."""
    assert names.legal("\udcff" * 255, LINUX)
    assert not names.legal("\udcff" * 256, LINUX)
    assert not names.legal("\udcff", MAC)


def test_characters_beyond_the_first_plane_stand_only_where_they_are_taken() -> None:
    """An emoji is written as its code point where an endpoint cannot hold it, and comes back."""
    assert names.local_name("so 😀.txt", Traits(), NOTHING_TAKEN) == "so 😀.txt"
    narrow = Traits(bmp_only=True)
    local = names.local_name("so 😀.txt", narrow, NOTHING_TAKEN)
    assert local == f"so {names.QUOTE}x01F600.txt"
    assert names.true_name(local, narrow) == "so 😀.txt"


def test_characters_that_no_name_begins_with() -> None:
    """What cannot stand at the beginning is replaced there alone, and comes back."""
    picky = Traits(leading=" ~")
    for name, local in ((" a ~", "␠a ~"), ("~a", "～a")):
        assert not names.legal(name, picky)
        assert names.local_name(name, picky, NOTHING_TAKEN) == names.QUOTE + local
        assert names.true_name(names.QUOTE + local, picky) == name
    assert names.local_name("a ~", picky, NOTHING_TAKEN) == "a ~"


def test_siblings_collide_as_the_endpoint_folds() -> None:
    """Names are told apart exactly as far as the endpoint tells them apart."""
    composed, decomposed = "É", unicodedata.normalize("NFD", "É")
    assert names.folded("A", LINUX) != names.folded("a", LINUX)
    assert names.folded("A", WINDOWS) == names.folded("a", WINDOWS)
    assert names.folded("É", WINDOWS) == names.folded("é", WINDOWS)
    assert names.folded(composed, WINDOWS) != names.folded(decomposed, WINDOWS)
    assert names.folded(composed, MAC) == names.folded(decomposed.lower(), MAC)
    forms = Traits(normalizing=True)
    assert names.folded(composed, forms) == names.folded(decomposed, forms)
    assert names.folded("É", forms) != names.folded("é", forms)


@given(NAMES, NAMES, TRAITS)
def test_what_collides_has_one_key(left: str, right: str, traits: Traits) -> None:
    """The key under which names are looked up finds every name that collides anywhere."""
    if names.folded(left, traits) == names.folded(right, traits):
        assert names.key(left) == names.key(right)
