"""Texts as items: a large one lies in several, which are there before the first names them."""

from collections.abc import Iterable, Iterator

from syncoxiders.adapters.items._codec import pack, unpack_as
from syncoxiders.adapters.items._keys import Keys, digest
from syncoxiders.adapters.items._tables import Tables
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.items import Delete, Item, Key, Put, Value

PART = 350_000
"""So many bytes go into one item, which holds at most 400 KB."""

ROUNDS = 5


class Texts:
    """The texts of a sync."""

    def __init__(self, tables: Tables, keys: Keys) -> None:
        self._tables = tables
        self._journal = tables.journal
        self._keys = keys
        self._ahead: dict[Key, Item | None] = {}
        self._lately: dict[Key, Item | None] = {}

    def read_ahead(self, keys: Iterable[str]) -> None:
        """Read texts together; who asks for one of them next gets it as it is now."""
        wanted = [self._first(key) for key in dict.fromkeys(keys)]
        found = self._journal.get(wanted)
        self._ahead.update((first, found.get(first)) for first in wanted)

    def save(self, key: str, text: str) -> None:
        """Keep a text under a key; ``""`` removes it."""
        first = self._first(key)
        if text and first in self._lately:  # what others put there since goes with the sync
            old = self._lately.pop(first)
        else:
            old = self._journal.get([first]).get(first)
        self._ahead.pop(first, None)
        if text:
            packed = pack([text], compress=True)
            parts = [packed[start : start + PART] for start in range(0, len(packed), PART)]
            token = self._tables.token()
            for number, part in enumerate(parts[1:], 1):
                self._journal.write([Put(Item(_further(first, token, number), {"data": part}))])
            held: dict[str, Value] = {"data": parts[0], "by": token, "parts": len(parts)}
            item = Item(first, {**held, "key": _encoded(key)})
            self._journal.write([Put(item)])
            self._lately[first] = item
        elif old is not None:
            self._journal.write([Delete(first)])
            self._lately.pop(first, None)
        if old is not None and (gone := list(_rest(old))):
            self._journal.write([Delete(each) for each in gone])

    def get(self, key: str) -> str:
        """Return a kept text, ``""`` if there is none."""
        first = self._first(key)
        for _ in range(ROUNDS):
            if first in self._ahead:
                item = self._ahead.pop(first)
            else:
                item = self._journal.get([first]).get(first)
            self._lately[first] = item
            if item is None:
                return ""
            further = list(_rest(item))
            found = self._journal.get(further) if further else {}
            if len(found) == len(further):  # else it is being replaced
                parts = [item, *(found[each] for each in further)]
                packed = b"".join(_data(part) for part in parts)
                (text,) = unpack_as(packed, list[str])
                return text
        raise StateUnavailable("Others keep replacing the same text; try again later.")

    def keys(self, prefix: str) -> list[str]:
        """Return the keys of the kept texts that begin so: a sync has few texts, and all are read.

        Parts of large ones have no key.
        """
        begins = _encoded(prefix)
        found = (item.attributes.get("key") for item in self._journal.query(self._keys.texts()))
        return [
            key.decode("utf-8", "surrogatepass")
            for key in found
            if isinstance(key, bytes) and key.startswith(begins)
        ]

    def _first(self, key: str) -> Key:
        return self._keys.texts(), digest(key, 16)


def _encoded(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")


def _further(first: Key, token: str, number: int) -> Key:
    return first[0], f"{first[1]}/{token}/{number:04x}"


def _rest(item: Item) -> Iterator[Key]:
    """Yield the keys of a text's further parts."""
    token, parts = item.attributes.get("by"), item.attributes.get("parts")
    if isinstance(token, str) and isinstance(parts, int):
        for number in range(1, parts):
            yield _further(item.key, token, number)


def _data(item: Item) -> bytes:
    data = item.attributes.get("data")
    return data if isinstance(data, bytes) else b""
