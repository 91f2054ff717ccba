"""A store of objects in memory, for tests, that outlives the process which a test kills."""

import hashlib
import threading
from collections.abc import Callable, Collection
from pathlib import Path

from syncoxiders.ports.clock import Clock
from syncoxiders.ports.index import Stored


class MemoryObjects:
    """Objects in a dictionary. ``before`` and ``after`` are called around each write.

    What they raise is raised to the caller: StateUnavailable before is a refused request, after a
    lost answer; anything else is the death of the process.
    """

    def __init__(self, clock: Clock) -> None:
        self.before: Callable[[str], None] | None = None
        self.after: Callable[[str], None] | None = None
        self.reads = 0
        self.writes = 0
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[str, tuple[bytes, float]] = {}

    def get(self, name: str, unless: str = "") -> Stored | None:
        """Return an object, None where there is none."""
        self.reads += 1
        with self._lock:
            held = self._held.get(name)
        if held is None:
            return None
        tag = _tag(held[0])
        return Stored(b"" if tag == unless else held[0], tag)

    def fetch(self, name: str, into: Path) -> bool:
        """Write an object into a file; False where there is none."""
        found = self.get(name)
        if found is None:
            return False
        into.write_bytes(found.data)
        return True

    def put(self, name: str, data: bytes | Path, *, over: str | None = None) -> str:
        """Write an object; returns its tag, ``""`` if there is another version."""
        if self.before is not None:
            self.before(name)
        content = data if isinstance(data, bytes) else data.read_bytes()
        with self._lock:
            self.writes += 1
            held = self._held.get(name)
            if over is not None and over != ("" if held is None else _tag(held[0])):
                return ""
            self._held[name] = (content, self._clock.now())
        if self.after is not None:
            self.after(name)
        return _tag(content)

    def delete(self, names: Collection[str]) -> None:
        """Remove objects; they need not be there."""
        for name in names:
            if self.before is not None:
                self.before(name)
            with self._lock:
                self._held.pop(name, None)

    def names(self, prefix: str) -> list[tuple[str, float]]:
        """Return the names that begin so, and when each was written."""
        with self._lock:
            return sorted(
                (name, at) for name, (_, at) in self._held.items() if name.startswith(prefix)
            )


def _tag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'
