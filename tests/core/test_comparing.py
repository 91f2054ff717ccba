"""Which bytes are read to compare contents, and contents whose size nobody tells."""

import msgspec
import pytest

from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.core import hashes
from syncoxiders.core.digests import ALGORITHMS, digests_of
from syncoxiders.core.filters import Filter
from syncoxiders.core.model import UNKNOWN_SIZE, Content, Mode, Traits
from syncoxiders.core.versions import Version, ranked, same
from syncoxiders.ports.state import Commit
from tests.engine.world import World

CLOUD = Traits(cheap_hash=False, sets_meta=True)
LISTED = [each for each in ALGORITHMS if each != hashes.OWN]
DISK = Quirks(listed_hash="")
UNSIZED = Quirks(listed_hash="", traits=CLOUD, sizes=False)


def cloud(listed: str) -> Quirks:
    return Quirks(listed_hash=listed, traits=CLOUD)


def joined(*quirks: Quirks, theirs: bytes = b"same") -> World:
    """Endpoints that all have a file of their own at one place, joined in one run."""
    names = "abcd"[: len(quirks)]
    world = World(names, dict(zip(names, quirks, strict=True)))
    for name in names:
        world.providers[name].write("file", theirs if name != "a" else b"same")
    assert world.run().word == "done"
    return world


def hashed(world: World) -> dict[str, int]:
    """Return how often each endpoint was asked to hash something; none was read otherwise."""
    assert not any(each.calls["read"] for each in world.providers.values())
    return {name: each.calls["hash"] for name, each in world.providers.items()}


# -- what is read --------------------------------------------------------------------------------


@pytest.mark.parametrize("listed", LISTED)
def test_a_disk_is_read_to_compare_it_with_a_cloud(listed: str) -> None:
    """Where one side is cheap to hash and the other lists a hash, only the cheap one is read."""
    world = joined(DISK, cloud(listed))
    assert hashed(world) == {"a": 1, "b": 0}
    assert world.a.mutations == world.b.mutations == 0


@pytest.mark.parametrize("listed", LISTED)
def test_a_difference_shows_without_a_transfer(listed: str) -> None:
    """Different contents of one size are told apart from the cheap side as well."""
    world = joined(DISK, cloud(listed), theirs=b"else")
    assert world.a.calls["hash"] == 1
    assert world.b.calls["hash"] == 0
    assert sorted(world.agreed().values(), key=str) == [b"else", b"same"]


def test_one_cloud_is_read_to_compare_it_with_another() -> None:
    """Where neither is cheap, only one is read, by the algorithm that the other lists."""
    assert sum(hashed(joined(cloud("dropbox"), cloud("quickxor"))).values()) == 1
    assert hashed(joined(cloud("md5"), cloud(""))) == {"a": 0, "b": 1}
    assert hashed(joined(cloud(""), cloud("md5"))) == {"a": 1, "b": 0}


def test_without_any_hash_both_are_read() -> None:
    """Where neither lists a hash, both are read by our own."""
    assert hashed(joined(cloud(""), cloud(""))) == {"a": 1, "b": 1}


def test_a_hash_that_nobody_can_compute_is_none() -> None:
    """A vendor's hash of an unknown kind compares with itself, and with nothing else."""
    etag = Content(4, "etag-parts:aa")
    assert same(etag, Content(4, "etag-parts:aa")) is True
    assert same(etag, Content(4, "sha256:aa")) is None


def test_what_a_disk_tells_spares_two_clouds_to_be_compared() -> None:
    """With a disk among them, clouds that list different hashes are compared through it."""
    world = joined(DISK, cloud("md5"), cloud("dropbox"), cloud("quickxor"))
    assert hashed(world) == {"a": 1, "b": 0, "c": 0, "d": 0}
    assert not any(each.mutations for each in world.providers.values())


def test_a_source_is_deleted_on_the_proof_of_a_listed_hash() -> None:
    """Move deletes at a disk what a cloud has by the hash that it lists, reading only the disk."""
    world = World("ab", {"a": DISK, "b": cloud("quickxor")})
    world.rule = msgspec.structs.replace(world.rule, mode=Mode.MOVE)
    world.a.write("file", b"same")
    world.b.write("file", b"same")
    world.run()
    assert world.trees() == [{}, {"file": b"same"}]
    assert hashed(world) == {"a": 1, "b": 0}


def test_a_source_is_not_deleted_for_another_content_of_its_size() -> None:
    """Move keeps at the source what no listed hash proves to be at the destination."""
    world = World("ab", {"a": cloud("md5"), "b": cloud("dropbox")})
    world.rule = msgspec.structs.replace(world.rule, mode=Mode.MOVE)
    world.a.write("file", b"same")
    world.run()
    assert world.b.tree() == {"file": b"same"}
    assert world.a.tree() == {}
    world.a.write("file", b"else")
    world.b.write("file", b"mine")
    world.run()
    assert {*world.b.tree().values(), *world.b.trash(), *world.b.versions()} >= {b"else", b"mine"}


def test_hashes_that_are_listed_stay_with_those_that_are_computed() -> None:
    """What was computed of an entry joins what is listed of it."""
    world = joined(cloud("dropbox"), cloud("quickxor"))
    store = world.context().store
    entries = [next(iter(store.observed(name).children("/"))) for name in "ab"]
    (many,) = [each for each in entries if len(hashes.decode(each.hashes)) > 1]
    assert many.hashes == digests_of([b"same"], ["dropbox", "quickxor"]).text()


def test_an_old_version_is_known_by_the_hash_that_is_listed() -> None:
    """A copy that joins with a content of the past needs no reading if its listed hash tells."""
    world = World("abc", {name: Quirks(listed_hash="md5", traits=CLOUD) for name in "abc"})
    everyone = world.rule.endpoints
    world.rule = msgspec.structs.replace(world.rule, endpoints=everyone[:2])
    for content in (b"one", b"two"):
        world.a.write("file", content)
        world.run()
    store = world.context().store
    (node,) = store.base().at(0, "file")
    listed = next(each for each in node.past[0].split(" ") if each.startswith("md5:"))
    store.commit(Commit(nodes=[msgspec.structs.replace(node, past=(listed,))]))
    world.c.write("file", b"one")
    world.rule = msgspec.structs.replace(world.rule, endpoints=everyone)
    assert world.run().conflicts == 0
    assert world.agreed() == {"file": b"two"}
    assert world.c.calls["hash"] == 0


# -- sizes that nobody tells ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (Content(UNKNOWN_SIZE), Content(3), None),
        (Content(UNKNOWN_SIZE), Content(0), None),
        (Content(UNKNOWN_SIZE), Content(UNKNOWN_SIZE), None),
        (Content(UNKNOWN_SIZE, "md5:aa"), Content(3, "md5:aa"), True),
        (Content(UNKNOWN_SIZE, "md5:aa"), Content(3, "md5:bb"), False),
        (Content(UNKNOWN_SIZE), Content(0, hashes.EMPTY), None),
    ],
)
def test_an_unknown_size_tells_nothing(
    left: Content, right: Content, expected: bool | None
) -> None:
    """A size that is not known is neither equal nor different, and not that of an empty file."""
    assert same(left, right) is expected
    assert same(right, left) is expected


def test_an_unknown_size_is_learnt_from_what_was_written() -> None:
    """Base knows how large a content is once it has been carried; the action's size is 0."""
    world = World("ab", {"a": UNSIZED})
    world.a.write("doc", b"exported")
    world.run()
    (node,) = world.context().store.base().at(0, "doc")
    assert node.content is not None
    assert node.content.size == len(b"exported")
    assert node.content.hashes == digests_of([b"exported"]).text()
    world.quiet()


@pytest.mark.parametrize("content", [b"", b"exported"])
def test_what_has_no_size_is_adopted_on_proof_alone(content: bytes) -> None:
    """Equal files meet without a transfer though one side does not tell its size."""
    world = World("ab", {"a": UNSIZED})
    world.a.write("doc", content)
    world.b.write("doc", content)
    world.run()
    assert world.agreed() == {"doc": content}
    assert world.a.mutations == world.b.mutations == 0


def test_what_has_no_size_conflicts_as_any_other() -> None:
    """Different files are both kept though one side does not tell its size."""
    world = World("ab", {"a": UNSIZED})
    world.a.write("doc", b"exported")
    world.b.write("doc", b"own")
    assert world.run().conflicts == 1
    assert set(world.agreed().values()) == {b"exported", b"own"}
    world.quiet()


def test_edits_and_deletions_of_what_has_no_size_travel() -> None:
    """A version tells of an edit where no size does."""
    world = World("abc", {"a": UNSIZED, "c": UNSIZED})
    world.a.write("doc", b"one")
    world.a.write("other", b"stays")
    world.run()
    world.a.write("doc", b"another")
    world.run()
    assert world.agreed()["doc"] == b"another"
    world.b.write("doc", b"back")
    world.run()
    assert world.agreed()["doc"] == b"back"
    world.c.remove("doc")
    world.run()
    assert world.agreed() == {"other": b"stays"}
    world.quiet()


def test_a_filter_by_size_takes_an_unknown_size_for_within() -> None:
    """What does not tell its size is not left out for it."""
    world = World("ab", {"a": UNSIZED})
    world.rule = msgspec.structs.replace(world.rule, filter=Filter(min_size=2, max_size=5))
    world.a.write("doc", b"12345")
    world.run()
    assert world.b.tree() == {"doc": b"12345"}


@pytest.mark.parametrize("keep", ["bigger", "smaller"])
def test_a_keep_mode_by_size_falls_back_where_a_size_is_unknown(keep: str) -> None:
    """Bigger and smaller fall back to newer where one of the sizes is not known."""
    world = World()
    old = Version(Content(9, mtime_ns=1), ["a"], clean=True)
    new = Version(Content(UNKNOWN_SIZE, mtime_ns=2), ["b"], clean=True)
    for order in ([old, new], [new, old]):
        assert ranked(order, world.rule.endpoints, keep)[0] is new
