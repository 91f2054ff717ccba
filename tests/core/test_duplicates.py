"""Duplicates: equal contents that nobody keeps in step."""

from hypothesis import given
from hypothesis import strategies as st

from syncoxiders.core.duplicates import Copy, duplicates


def copy(file: str, of: str, *contents: int, size: int = 10) -> Copy:
    return Copy(size, file, of, contents)


def names(found: list[object]) -> list[list[object]]:
    return [sorted(each.file for each in one.copies) for one in found]  # type: ignore[attr-defined]  # Found


def test_two_nodes() -> None:
    """Two files of one content are duplicates, and one of them is wasted."""
    (found,) = duplicates([copy("a", "1", 7), copy("b", "2", 7), copy("c", "3", 8)], 10)
    assert (found.wasted, [each.file for each in found.copies]) == (10, ["a", "b"])


def test_replicas_are_none() -> None:
    """What is kept in step is one file, however many replicas it has."""
    assert duplicates([copy("a", "1", 7), copy("b", "1", 7), copy("c", "1", 7)], 10) == []


def test_replicas_are_kept() -> None:
    """Of a duplicate the file with most replicas stays with all of them."""
    (found,) = duplicates([copy("a", "1", 7), copy("b", "1", 7), copy("c", "2", 7)], 10)
    assert found.wasted == 10


def test_hashes_meet_at_replicas() -> None:
    """Two providers that share no hash are compared by a file that is kept in step at both."""
    copies = [
        copy("drive/a", "1", 7),
        copy("dropbox/a", "1", 1007),
        copy("drive/b", "2", 7),
        copy("dropbox/c", "3", 1007),
    ]
    (found,) = duplicates(copies, 10)
    assert {each.of for each in found.copies} == {"1", "2", "3"}
    assert found.wasted == 20


def test_one_file_in_two_syncs() -> None:
    """A folder that two syncs have is come upon twice, and its files are no duplicates."""
    assert duplicates([copy("a", "1/x", 7), copy("a", "2/y", 7)], 10) == []
    (found,) = duplicates(
        [copy("a", "1", 7), copy("a", "2", 7), copy("b", "2", 7)] * 2 + [copy("c", "3", 7)], 10
    )
    assert (found.wasted, len(found.copies)) == (10, 3)


def test_no_hash() -> None:
    """Without a hash nothing is said of a file."""
    assert duplicates([copy("a", "1"), copy("b", "2")], 10) == []


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 5), st.integers(0, 3)), max_size=20),
    st.integers(1, 4),
)
def test_as_pairs_say(files: list[tuple[int, int, int]], most: int) -> None:
    """Those that waste most are found, and what is together is what pairs of equals connect."""
    copies = sorted(
        (
            copy(str(number), str(of), content, size=size)
            for number, (size, of, content) in enumerate(files)
        ),
        key=lambda each: -each.size,
    )
    groups = [{each.file} for each in copies]
    by_name = {each.file: each for each in copies}
    for one in copies:
        for other in copies:
            if one.size == other.size and (one.of == other.of or one.contents == other.contents):
                left = next(group for group in groups if one.file in group)
                right = next(group for group in groups if other.file in group)
                if left is not right:
                    groups.remove(right)
                    left |= right
    wasted = []
    for group in groups:
        nodes = [by_name[name].of for name in group]
        if len(set(nodes)) > 1:
            size = by_name[next(iter(group))].size
            wasted.append(size * (len(nodes) - max(map(nodes.count, nodes))))
    found = duplicates(copies, most)
    assert [each.wasted for each in found] == sorted(wasted, reverse=True)[:most]
