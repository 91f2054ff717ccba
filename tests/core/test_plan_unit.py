"""Small rules of the planner, one at a time."""

import msgspec
import pytest

from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core import hashes
from syncoxiders.core.filters import Filter
from syncoxiders.core.model import Content, Endpoint, Traits
from syncoxiders.core.versions import Version, known_past, ranked, same
from tests.engine.world import World

TIMED = tuple(Endpoint(name, name, Traits()) for name in "abc")
TIMELESS = tuple(Endpoint(name, name, Traits(keeps_mtime=name != "b")) for name in "abc")
KEEPS = ["newer", "older", "bigger", "smaller", "path1", "path2", "path3"]


def version(holders: str, *, size: int = 1, mtime_ns: int = 1) -> Version:
    return Version(Content(size, mtime_ns=mtime_ns), list(holders), clean=True)


def winner(keep: str, *versions: Version, endpoints: tuple[Endpoint, ...] = TIMED) -> str:
    return "".join(ranked(versions, endpoints, keep)[0].holders)


# -- keep-modes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        ("newer", "b"),
        ("older", "a"),
        ("bigger", "c"),
        ("smaller", "b"),
        ("path1", "a"),
        ("path2", "b"),
        ("path3", "c"),
    ],
)
def test_a_keep_mode_picks_what_it_says(keep: str, expected: str) -> None:
    """Newer, older, bigger, smaller and pathN pick the version that they name."""
    versions = [
        version("a", size=5, mtime_ns=1),
        version("b", size=1, mtime_ns=9),
        version("c", size=9, mtime_ns=5),
    ]
    for order in (versions, versions[::-1]):
        assert winner(keep, *order) == expected


@pytest.mark.parametrize("keep", ["bigger", "smaller", "path3"])
def test_what_a_keep_mode_cannot_tell_falls_back_to_newer(keep: str) -> None:
    """Equal sizes, or a path that holds none of them, are decided by newer."""
    assert winner(keep, version("a", mtime_ns=1), version("b", mtime_ns=2)) == "b"


@pytest.mark.parametrize("keep", KEEPS)
def test_without_times_the_first_endpoint_wins(keep: str) -> None:
    """Where an endpoint keeps no times, or one is unknown, newer and older fall to path1."""
    expected = keep.replace("path", "")
    first = {"2": "b"}.get(expected, "a")
    old, new = version("a", mtime_ns=1), version("b", mtime_ns=9)
    assert winner(keep, new, old, endpoints=TIMELESS) == first
    assert winner(keep, version("b", mtime_ns=0), old) == first


def test_times_of_endpoints_that_do_not_compete_do_not_matter() -> None:
    """An endpoint without times makes only those untimed that it holds."""
    versions = [version("a", mtime_ns=1), version("c", mtime_ns=9)]
    assert winner("newer", *versions, endpoints=TIMELESS) == "c"


def test_a_path_wins_for_all_who_hold_its_version() -> None:
    """A version held by several endpoints wins for any of them."""
    assert winner("path3", version("a", mtime_ns=9), version("bc", mtime_ns=1)) == "bc"


@pytest.mark.parametrize(("keep", "expected"), [("newer", b"second"), ("older", b"first!!")])
def test_the_winner_of_a_conflict_takes_the_place(keep: str, expected: bytes) -> None:
    """The keep-mode's pick stands at the place everywhere, and the other beside it."""
    world = World()
    world.rule = msgspec.structs.replace(world.rule, keep=keep)
    world.a.write("file", b"first!!")
    world.b.write("file", b"second")
    world.run()
    tree = world.agreed()
    assert tree["file"] == expected
    assert set(tree.values()) == {b"first!!", b"second"}
    world.quiet()


# -- equality ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (Content(1, "sha256:aa"), Content(2, "sha256:aa"), False),
        (Content(1, "sha256:aa"), Content(1, "sha256:aa"), True),
        (Content(1, "sha256:aa"), Content(1, "sha256:bb"), False),
        (Content(1, "sha256:aa"), Content(1, "md5:aa"), None),
        (Content(1, ""), Content(1, ""), None),
        (Content(0, ""), Content(0, ""), True),
    ],
)
def test_equality_may_be_unknown(left: Content, right: Content, expected: bool | None) -> None:
    """Sizes tell difference, common hashes tell both, and without any nobody knows."""
    assert same(left, right) is expected
    assert same(right, left) is expected


def test_what_it_was_before_is_known_by_hash() -> None:
    """A content is one of the past if a hash says so, and only then."""
    past = ("sha256:aa", "md5:bb sha256:cc")
    assert known_past(Content(1, "md5:bb"), past)
    assert not known_past(Content(1, "sha256:dd"), past)
    assert not known_past(Content(1, ""), past)


def test_unknown_equality_is_probed_and_no_byte_is_carried() -> None:
    """Files of which neither side lists a hash are hashed, found equal, and adopted."""
    bare = Quirks(listed_hash="")
    world = World("ab", {"a": bare, "b": bare})
    world.a.write("file", b"same bytes")
    world.b.write("file", b"same bytes")
    outcome = world.run()
    assert outcome.bytes == 0
    assert outcome.conflicts == 0
    assert world.a.mutations == world.b.mutations == 0
    assert world.a.calls["hash"] == world.b.calls["hash"] == 1


def test_an_old_version_is_no_conflict() -> None:
    """Whoever joins with a content that a node had before is merely behind."""
    world = World("abc")
    everyone = world.rule.endpoints
    world.rule = msgspec.structs.replace(world.rule, endpoints=everyone[:2])
    world.a.write("file", b"one")
    world.run()
    world.a.write("file", b"two")
    world.run()
    world.c.write("file", b"one")
    world.rule = msgspec.structs.replace(world.rule, endpoints=everyone)
    assert world.run().conflicts == 0
    assert world.agreed() == {"file": b"two"}


# -- filters -------------------------------------------------------------------------------------


def test_what_is_new_does_not_meet_what_another_hides() -> None:
    """A new file at whose place another endpoint has a hidden one stays where it is."""
    world = World()
    world.rule = msgspec.structs.replace(world.rule, filter=Filter(max_size=5))
    world.b.write("file", b"too large")
    world.run()
    world.a.write("file", b"small")
    world.run()
    assert world.a.tree() == {"file": b"small"}
    assert world.b.tree() == {"file": b"too large"}
    world.quiet()


def test_own_hashes_are_sha256() -> None:
    """The hash that is computed of every byte carried is the one that base remembers."""
    world = World("ab", {"a": Quirks(listed_hash="md5"), "b": Quirks(listed_hash="")})
    world.a.write("file", b"bytes")
    world.run()
    (node,) = world.store.sync("me", "sync").base().at(0, "file")
    assert node.content is not None
    assert hashes.OWN in hashes.decode(node.content.hashes)
