"""The contract of :class:`syncoxiders.ports.index.Objects`, as a suite that every adapter passes.

A test module imports everything from here and adds a fixture ``objects``, which gives an empty
store for each test.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from syncoxiders.ports.index import Objects, Stored


class TestObjects:
    def test_kept(self, objects: Objects) -> None:
        """What was put is there, under any name and with any bytes, until it is replaced."""
        for name in ("a", "a/b c%2F", "entries/me/über/=/head"):
            assert objects.get(name) is None
            tag = objects.put(name, b"\0one")
            assert objects.get(name) == Stored(b"\0one", tag)
            other = objects.put(name, b"")
            assert other not in ("", tag)
            assert objects.get(name) == Stored(b"", other)

    def test_known(self, objects: Objects) -> None:
        """Whoever knows the tag of what is there need not read it."""
        tag = objects.put("a", b"one")
        assert objects.get("a", tag) == Stored(b"", tag)
        assert objects.get("b", tag) is None
        newer = objects.put("a", b"two")
        assert objects.get("a", tag) == Stored(b"two", newer)

    def test_files(self, objects: Objects, tmp_path: Path) -> None:
        """Large objects go from file to file."""
        one, two = tmp_path / "one", tmp_path / "two"
        one.write_bytes(b"x" * 3_000_000)
        tag = objects.put("a", one)
        assert objects.fetch("a", two)
        assert two.read_bytes() == one.read_bytes()
        found = objects.get("a")
        assert found is not None
        assert (found.tag, len(found.data)) == (tag, 3_000_000)
        assert not objects.fetch("b", tmp_path / "three")

    def test_only_if_there_is_none(self, objects: Objects) -> None:
        """A first version is written by one alone."""
        tag = objects.put("a", b"one", over="")
        assert tag
        assert objects.put("a", b"two", over="") == ""
        assert objects.get("a") == Stored(b"one", tag)

    def test_only_over_what_was_read(self, objects: Objects) -> None:
        """A version replaces the one that was read, and no other."""
        first = objects.put("a", b"one")
        second = objects.put("a", b"two", over=first)
        assert second
        assert objects.put("a", b"three", over=first) == ""
        assert objects.get("a") == Stored(b"two", second)
        objects.delete(["a"])
        assert objects.put("a", b"three", over=second) == ""
        assert objects.get("a") is None

    def test_at_once(self, objects: Objects) -> None:
        """Of several who replace one version at once a single one succeeds."""
        tag = objects.put("a", b"one")
        with ThreadPoolExecutor(4) as pool:
            tags = list(
                pool.map(lambda number: objects.put("a", b"%d" % number, over=tag), range(4))
            )
        assert len([each for each in tags if each]) == 1

    def test_removed(self, objects: Objects) -> None:
        """What was deleted is not there; what is not there may be deleted."""
        for name in ("a/1", "a/2", "b"):
            objects.put(name, b"one")
        objects.delete(["a/1", "a/2", "c"])
        objects.delete([])
        assert [name for name, _ in objects.names("")] == ["b"]

    def test_listed(self, objects: Objects) -> None:
        """Names are listed by how they begin, all of them."""
        names = [f"a/{number:04}" for number in range(1_005)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: objects.put(name, b""), [*names, "b", "a"]))
        assert [name for name, _ in objects.names("a/")] == names
        assert [name for name, at in objects.names("a/000") if at > 0] == names[:10]
