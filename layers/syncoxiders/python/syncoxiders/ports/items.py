"""The port to a table of items with conditional writes, as DynamoDB has them.

An item is found by its partition and sort key and holds a few attributes. There are no
transactions: every change stands on its own, and may be conditional on what the item holds. The
stores of the deployed system are written upon this, so that one and the same logic runs on
DynamoDB and, in tests, in memory.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

import msgspec

Value: TypeAlias = str | int | bytes | frozenset[str]
"""What an attribute may be; a set is never empty: without members there is no attribute."""

Key: TypeAlias = tuple[str, str]
"""Partition key (at most 2,048 bytes) and sort key (at most 1,024 bytes)."""


class Item(msgspec.Struct, frozen=True):
    """An item as it stands; ``expires`` is an attribute like others (seconds since the epoch)."""

    key: Key
    attributes: Mapping[str, Value] = {}


class Absent(msgspec.Struct, frozen=True):
    """There is no such item."""


class Equals(msgspec.Struct, frozen=True):
    """An attribute has this value."""

    name: str
    value: Value


class Missing(msgspec.Struct, frozen=True):
    """There is no such attribute, or no item."""

    name: str


class AtMost(msgspec.Struct, frozen=True):
    """An attribute is a number of at most this, or is missing."""

    name: str
    value: int


class Every(msgspec.Struct, frozen=True):
    """All of these hold."""

    conditions: tuple["Condition", ...]


class Either(msgspec.Struct, frozen=True):
    """One of these holds."""

    conditions: tuple["Condition", ...]


Condition: TypeAlias = Absent | Equals | Missing | AtMost | Every | Either


class Put(msgspec.Struct, frozen=True):
    """Put an item in place of whatever is there."""

    item: Item
    when: Condition | None = None


class Update(msgspec.Struct, frozen=True):
    """Change some attributes of an item, making it if it is not there.

    ``add`` adds to numbers (a missing one is 0), ``include`` and ``exclude`` put members into
    sets and take them out; all of these bear being done by several at once.
    """

    key: Key
    put: Mapping[str, Value] = {}
    remove: tuple[str, ...] = ()
    add: Mapping[str, int] = {}
    include: Mapping[str, frozenset[str]] = {}
    exclude: Mapping[str, frozenset[str]] = {}
    when: Condition | None = None


class Delete(msgspec.Struct, frozen=True):
    """Remove an item; it need not be there."""

    key: Key
    when: Condition | None = None


Change: TypeAlias = Put | Update | Delete


class Raced(msgspec.Struct, frozen=True):
    """A change that was not made, because its condition does not hold: the item as it is."""

    item: Item | None


class Items(Protocol):
    """One table. All calls may be made from several threads; they raise StateUnavailable."""

    def get(self, keys: Collection[Key], *, consistent: bool = True) -> dict[Key, Item]:
        """Return those that are there, expired ones perhaps included."""

    def query(
        self,
        partition: str,
        *,
        after: str = "",
        until: str = "",
        prefix: str = "",
        backward: bool = False,
        limit: int = 0,
        consistent: bool = True,
    ) -> Iterator[Item]:
        """Yield the items of a partition in the order of their sort keys, at most ``limit``.

        ``after`` leaves out sort keys up to this one (from this one on, if ``backward``; ``""``
        leaves out none), ``prefix`` all that do not begin with it; only one of them is given.
        Together with ``after``, and not ``backward``, ``until`` leaves out those behind it.
        """

    def write(self, changes: Sequence[Change]) -> list[Item | Raced | None]:
        """Make each change on its own, in no particular order; returns what became of each.

        That is the item as it is now (None after a Delete), or Raced. After StateUnavailable any
        of them may have been made. No key may be named twice.
        """
