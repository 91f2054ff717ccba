"""Users, sessions and words in the table ``control``.

| item | pk | sk | attributes |
|---|---|---|---|
| user | ``#users`` | id | ``here``, ``email``, ``admin``, ``since``, ``seen``, ``leaving`` |
| what an issuer calls them | ``#subject#digest`` | ``subject`` | ``user`` |
| the same, by user | ``id#subjects`` | digest | |
| invitation | ``#invited`` | address | ``invited`` |
| session | ``#session#digest`` | ``session`` | ``id``, ``user``, ``device``, ``since``, ``used``, ``expires`` |
| the same, by user | ``id#sessions`` | session's id | ``digest``, ``expires`` |
| word | ``#word#kind#digest`` | ``word`` | ``data``, ``until``, ``expires`` |
| counter | ``#count#what`` | ``count`` | ``count``, ``expires`` |

A session is listed before it is good, and is good no more before it is not listed any more: what
works can always be seen, and ended.
"""  # noqa: E501 -- a table's row is one line

import hashlib
import math
from typing import TypeVar

import msgspec

from syncoxiders.adapters.items.registry import milliseconds
from syncoxiders.ports.errors import StateCorrupt
from syncoxiders.ports.items import (
    Absent,
    Change,
    Delete,
    Equals,
    Item,
    Items,
    Key,
    Put,
    Raced,
    Update,
    Value,
)
from syncoxiders.ports.people import Invited, Session, User

S = TypeVar("S")

_HERE = Equals("here", 1)
"""A user is there: what is only noted of one must not make one."""


class ItemsPeople:
    """:class:`~syncoxiders.ports.people.People` in a table of items."""

    def __init__(self, control: Items) -> None:
        self._items = control

    # Users

    def users(self) -> list[User]:
        """Return everybody, by id."""
        return [_user(item) for item in self._items.query("#users")]

    def user(self, user: str) -> User | None:
        """Return a user."""
        item = self._get(("#users", user))
        return None if item is None else _user(item)

    def add_user(self, user: User) -> bool:
        """Keep a new user; False if there is one of this id, who stays as they are."""
        attributes: dict[str, Value] = {"here": 1, "email": user.email}
        attributes |= {"admin": int(user.admin), "since": milliseconds(user.since)}
        return self._write(Put(Item(("#users", user.id), attributes), when=Absent()))

    def rename_user(self, user: User) -> None:
        """Keep the address of a user, if they are there."""
        self._write(Update(("#users", user.id), put={"email": user.email}, when=_HERE))

    def saw(self, user: str, at: float) -> None:
        """Note that a user was seen, if they are there."""
        self._write(Update(("#users", user), put={"seen": milliseconds(at)}, when=_HERE))

    def leave(self, user: str) -> None:
        """Note that a user is being removed, if they are there; it stays so."""
        self._write(Update(("#users", user), put={"leaving": 1}, when=_HERE))

    def remove_user(self, user: str) -> None:
        """Forget a user and by what issuers know them; they need not be there."""
        listed = list(self._items.query(f"{user}#subjects"))
        self._items.write([Delete(_subject(each.key[1])) for each in listed])
        self._items.write([Delete(each.key) for each in listed])
        self._write(Delete(("#users", user)))

    def known_as(self, issuer: str, subject: str) -> str | None:
        """Return which user an issuer calls so."""
        item = self._get(_subject(_named(issuer, subject)))
        return None if item is None else str(item.attributes["user"])

    def call(self, issuer: str, subject: str, user: str) -> None:
        """Note that an issuer calls a user so."""
        digest = _named(issuer, subject)
        self._write(Put(Item((f"{user}#subjects", digest))))
        self._write(Put(Item(_subject(digest), {"user": user})))

    # Invitations

    def invitations(self) -> list[Invited]:
        """Return all invitations by address."""
        return [_decoded(item, "invited", Invited) for item in self._items.query("#invited")]

    def invitation(self, email: str) -> Invited | None:
        """Return the invitation of an address."""
        item = self._get(("#invited", email))
        return None if item is None else _decoded(item, "invited", Invited)

    def put_invitation(self, invited: Invited) -> None:
        """Keep an invitation in place of an earlier one."""
        self._write(Put(Item(("#invited", invited.email), {"invited": _encoded(invited)})))

    def remove_invitation(self, email: str) -> bool:
        """Forget an invitation; False if there was none."""
        found = self._get(("#invited", email))
        self._write(Delete(("#invited", email)))
        return found is not None

    # Sessions

    def session(self, digest: str) -> Session | None:
        """Return the session whose word has this digest, whether or not it has ended."""
        item = self._get(_session(digest))
        return None if item is None else _opened(item)

    def put_session(self, digest: str, session: Session, expires: float) -> None:
        """Keep a session; it is forgotten some time after it ``expires``."""
        end = math.ceil(expires)
        listed: dict[str, Value] = {"digest": digest, "expires": end}
        self._write(Put(Item((f"{session.user}#sessions", session.id), listed)))
        kept: dict[str, Value] = {"id": session.id, "user": session.user, "expires": end}
        kept |= {"since": milliseconds(session.since), "used": milliseconds(session.used)}
        kept |= {"device": session.device} if session.device else {}
        self._write(Put(Item(_session(digest), kept)))

    def used(self, digest: str, session: Session, expires: float) -> bool:
        """Keep when a session was used; False if it was ended meanwhile."""
        kept: dict[str, Value] = {"used": milliseconds(session.used), "expires": math.ceil(expires)}
        there = Equals("id", session.id)
        if not self._write(Update(_session(digest), put=kept, when=there)):
            return False
        # Listed for as long as it may be good; it does no harm where it is not there any more.
        key, listed = (f"{session.user}#sessions", session.id), Equals("digest", digest)
        self._write(Update(key, put={"expires": math.ceil(expires)}, when=listed))
        return True

    def sessions(self, user: str) -> list[tuple[str, Session]]:
        """Return a user's sessions with their digests."""
        listed = [str(each.attributes["digest"]) for each in self._items.query(f"{user}#sessions")]
        found = self._items.get([_session(each) for each in listed])
        return [
            (each, _opened(found[_session(each)])) for each in listed if _session(each) in found
        ]

    def remove_session(self, user: str, session: str) -> bool:
        """End a session by its id; False if the user has none of it."""
        key = (f"{user}#sessions", session)
        listed = self._get(key)
        if listed is None:
            return False
        self._write(Delete(_session(str(listed.attributes["digest"]))))
        self._write(Delete(key))
        return True

    def _get(self, key: Key) -> Item | None:
        return self._items.get([key]).get(key)

    def _write(self, change: Change) -> bool:
        (written,) = self._items.write([change])
        return not isinstance(written, Raced)


class ItemsWords:
    """:class:`~syncoxiders.ports.people.Words` in a table of items."""

    def __init__(self, control: Items) -> None:
        self._items = control

    def put(self, kind: str, digest: str, data: str, expires: float) -> bool:
        """Keep what a word is about; False if there is one of this digest."""
        until = milliseconds(expires)
        item = Item(
            _word(kind, digest), {"data": data, "until": until, "expires": math.ceil(expires)}
        )
        (written,) = self._items.write([Put(item, when=Absent())])
        if isinstance(written, Raced):
            # One that was written by a request whose answer was lost is ours.
            return written.item is not None and written.item.attributes == item.attributes
        return True

    def look(self, kind: str, digest: str, now: float) -> str | None:
        """Return what a word is about, None if it is not known, or its time is over."""
        key = _word(kind, digest)
        item = self._items.get([key]).get(key)
        if item is None:
            return None
        until = item.attributes.get("until")
        over = not isinstance(until, int) or until <= milliseconds(now)
        return None if over else str(item.attributes["data"])

    def swap(self, kind: str, digest: str, before: str, after: str) -> bool:
        """Replace what a word is about; False if that is not what it was."""
        key = _word(kind, digest)
        return self._made(Update(key, put={"data": after}, when=Equals("data", before)))

    def take(self, kind: str, digest: str, now: float) -> str | None:
        """Return what a word is about, and forget it: of several who take it, one gets it."""
        data = self.look(kind, digest, now)
        if data is None:
            return None
        taken = self._made(Delete(_word(kind, digest), when=Equals("data", data)))
        return data if taken else None

    def drop(self, kind: str, digest: str) -> None:
        """Forget a word; it need not be there."""
        self._made(Delete(_word(kind, digest)))

    def count(self, what: str, expires: float) -> int:
        """Count one more of something until a time that all who count it name alike."""
        update = Update(_count(what), put={"expires": math.ceil(expires)}, add={"count": 1})
        (written,) = self._items.write([update])
        return _number(written, "count") if isinstance(written, Item) else 0

    def counted(self, what: str) -> int:
        """Return how many were counted."""
        item = self._items.get([_count(what)]).get(_count(what))
        return _number(item, "count") if item is not None else 0

    def _made(self, change: Change) -> bool:
        (written,) = self._items.write([change])
        return not isinstance(written, Raced)


def _user(item: Item) -> User:
    return User(
        id=item.key[1],
        email=str(item.attributes.get("email", "")),
        admin=bool(_number(item, "admin")),
        since=_number(item, "since") / 1000,
        seen=_number(item, "seen") / 1000,
        leaving=bool(_number(item, "leaving")),
    )


def _opened(item: Item) -> Session:
    return Session(
        id=str(item.attributes.get("id", "")),
        user=str(item.attributes.get("user", "")),
        device=str(item.attributes.get("device", "")),
        since=_number(item, "since") / 1000,
        used=_number(item, "used") / 1000,
    )


def _number(item: Item, name: str) -> int:
    found = item.attributes.get(name, 0)
    return found if isinstance(found, int) else 0


def _subject(digest: str) -> Key:
    return f"#subject#{digest}", "subject"


def _session(digest: str) -> Key:
    return f"#session#{digest}", "session"


def _word(kind: str, digest: str) -> Key:
    return f"#word#{kind}#{digest}", "word"


def _count(what: str) -> Key:
    return f"#count#{what}", "count"


def _named(issuer: str, subject: str) -> str:
    return hashlib.sha256(msgspec.json.encode([issuer, subject])).hexdigest()


def _encoded(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()


def _decoded(item: Item, name: str, of: type[S]) -> S:
    text = item.attributes.get(name)
    try:
        return msgspec.json.decode(text if isinstance(text, str) else "", type=of)
    except msgspec.MsgspecError:
        raise StateCorrupt(f"the item {item.key[0]} {item.key[1]} is damaged") from None
