"""Who listens, in the table ``control``.

| item | pk | sk | attributes |
|---|---|---|---|
| ticket | ``#ticket#digest`` | ``ticket`` | ``owner``, ``session``, ``until``, ``expires`` |
| whose a connection is | ``#live#id`` | ``live`` | ``owner``, ``expires`` |
| connection | ``owner#live`` | id | ``session``, ``since``, ``expires`` |

A connection is told of its end by its id alone, which leads to whose it is. The table removes what
has expired some time after; until then ``until`` says that a ticket is over, and a connection that
is no more is noticed by who speaks there.
"""

import hashlib

from syncoxiders.adapters.items._keys import escaped
from syncoxiders.adapters.items.registry import milliseconds
from syncoxiders.ports.items import Delete, Equals, Item, Items, Key, Put, Raced, Value
from syncoxiders.ports.live import Listener

MOST = 50
"""So many connections of an owner are spoken to; a person with more windows has them all asking."""


class ItemsListeners:
    """:class:`~syncoxiders.ports.live.Listeners` in a table of items."""

    def __init__(self, control: Items) -> None:
        self._items = control

    def put_ticket(self, word: str, owner: str, session: str, expires: float) -> None:
        """Keep a ticket; ``word`` itself is not kept."""
        until = milliseconds(expires)
        about: dict[str, Value] = {
            "owner": owner,
            "session": session,
            "until": until,
            "expires": int(expires) + 1,
        }
        self._items.write([Put(Item(_ticket(word), about))])

    def take_ticket(self, word: str, now: float) -> tuple[str, str] | None:
        """Return the owner and login of a ticket and forget it, None if there is none (any more).

        Of several who bring the same one gets it.
        """
        key = _ticket(word)
        found = self._items.get([key]).get(key)
        if found is None:
            return None
        owner, until = _text(found, "owner"), found.attributes.get("until")
        (taken,) = self._items.write([Delete(key, when=Equals("owner", owner))])
        if isinstance(taken, Raced) or not isinstance(until, int) or until <= milliseconds(now):
            return None
        return owner, _text(found, "session")

    def put(self, listener: Listener, expires: float) -> None:
        """Keep a connection: first where its end looks for it, then where it is listed."""
        owner, end = listener.owner, int(expires)
        self._items.write(
            [Put(Item(_whose(listener.connection), {"owner": owner, "expires": end}))]
        )
        about: dict[str, Value] = {
            "session": listener.session,
            "since": milliseconds(listener.since),
            "expires": end,
        }
        self._items.write([Put(Item((_live(owner), listener.connection), about))])

    def of(self, owner: str) -> list[Listener]:
        """Return an owner's connections; one that was just made or closed may be told wrongly."""
        found = self._items.query(_live(owner), limit=MOST, consistent=False)
        return [
            Listener(item.key[1], owner, _text(item, "session"), _seconds(item)) for item in found
        ]

    def remove(self, connection: str) -> None:
        """Forget a connection; it need not be there."""
        key = _whose(connection)
        found = self._items.get([key]).get(key)
        if found is not None:
            self._items.write([Delete((_live(_text(found, "owner")), connection))])
            self._items.write([Delete(key)])

    def end(self, owner: str, session: str) -> None:
        """Forget all connections of a login, so that nothing is said there any more."""
        for item in list(self._items.query(_live(owner))):
            if _text(item, "session") == session:
                self.remove(item.key[1])


def _ticket(word: str) -> Key:
    return f"#ticket#{hashlib.sha256(word.encode()).hexdigest()}", "ticket"


def _whose(connection: str) -> Key:
    return f"#live#{connection}", "live"


def _live(owner: str) -> str:
    return f"{escaped(owner)}#live"


def _text(item: Item, name: str) -> str:
    found = item.attributes.get(name, "")
    return found if isinstance(found, str) else ""


def _seconds(item: Item) -> float:
    found = item.attributes.get("since", 0)
    return found / 1000 if isinstance(found, int) else 0.0
