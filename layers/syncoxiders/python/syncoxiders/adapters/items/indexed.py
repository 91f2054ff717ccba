"""What an index is made from: entries as they lie in the table ``tree``.

A stream of the table tells which items were written, by their keys. What they hold now is read
from the table: so it does not matter whether the stream repeats itself or comes late.
"""

import urllib.parse
from collections.abc import Collection, Iterator

from syncoxiders.adapters.items._claims import claims_of
from syncoxiders.adapters.items._keys import SHARDS, Keys, sort_key
from syncoxiders.adapters.items._wishes import known_from
from syncoxiders.core.indexed import ROOT_KEY, Row, key_of, row_of
from syncoxiders.core.model import ROOT_ENTRY, EntryId, NodeId
from syncoxiders.ports.errors import StateCorrupt
from syncoxiders.ports.index import Place, Rows, Touched
from syncoxiders.ports.items import Item, Items

_PARTS = 5
"""The partition of entries is ``owner#sync#e#endpoint#shard``."""


def touched(partition: str, sort: str) -> Touched | None:
    """Return which entry's item a key names, None if it is no entry's."""
    parts = partition.split("#")
    if len(parts) != _PARTS or parts[2] != "e" or sort[:1] not in ("=", "#"):
        return None
    owner, sync, endpoint = (
        urllib.parse.unquote(parts[each], errors="surrogatepass") for each in (0, 1, 3)
    )
    return Touched(Place(owner, sync, endpoint), sort)


class ItemsSource:
    """:class:`~syncoxiders.ports.index.Source` upon the table ``tree``.

    Entries whose items are damaged, or which are lost (neither there nor deleted), count as gone.
    """

    parts = SHARDS

    def __init__(self, tree: Items) -> None:
        self._tree = tree

    def read(self, place: Place, names: Collection[str]) -> Rows:
        """Return what is known now of entries by these names."""
        keys = Keys(place.owner, place.sync)
        asked = {name: keys.entry(place.endpoint, name) for name in names}
        found = self._tree.get(list(asked.values()))
        return {key_of(name): _row(found.get(key)) for name, key in asked.items()}

    def part(self, place: Place, part: int) -> Iterator[tuple[int, Row]]:
        """Yield the keys of all entries of a part that are there, and what is known of them."""
        keys = Keys(place.owner, place.sync)
        for item in self._tree.query(keys.entries(place.endpoint, part)):
            row = _row(item)
            if row is not None:
                yield key_of(item.key[1]), row


def _row(item: Item | None) -> Row | None:
    try:
        known = known_from(item)
    except StateCorrupt:  # who works with it tells of it; the others are to be found
        return None
    if known.entry is None or known.entry.lost:
        return None
    return row_of(known.entry, _folder(known.entry.parent), _node(known.claims))


def _folder(parent: EntryId) -> int:
    return ROOT_KEY if parent == ROOT_ENTRY else key_of(sort_key(parent))


def _node(claims: frozenset[str]) -> NodeId:
    return next((claim.node for claim in claims_of(claims) if not claim.gone), 0)
