"""What S3 tells of changes: EventBridge events and bucket notifications, as touched keys.

Events come at least once and in any order; a *sequencer* orders those of one key. They are hints
where to look (:meth:`S3Provider.rescan` of folders), nothing more: what they do not tell (a
change of metadata only, a key that was renewed in place) is found by the next full look.

EventBridge: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
Notifications: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

import urllib.parse
from collections.abc import Iterable
from typing import Any

import msgspec

from syncoxiders.adapters.providers.s3._keys import OWN, Keys
from syncoxiders.core.model import Ref
from syncoxiders.ports.push import Forged

_CREATED = ("Object Created", "ObjectCreated:")
_DELETED = ("Object Deleted", "ObjectRemoved:", "LifecycleExpiration:")


class Touch(msgspec.Struct, frozen=True):
    """A key that something happened to. ``sequencer`` is comparable by :attr:`order`."""

    bucket: str
    key: str
    deleted: bool
    sequencer: str = ""
    etag: str = ""
    version_id: str = ""

    @property
    def order(self) -> str:
        """Return what says which of a key's events is the later one.

        Sequencers are hexadecimal and of different lengths; they are compared as texts, the
        shorter being filled up with zeros at the right. So zeros at the right do not count.
        """
        return self.sequencer.lower().rstrip("0")


class _Bucket(msgspec.Struct):
    name: str


class _Object(msgspec.Struct, rename={"version_id": "version-id"}):
    key: str
    sequencer: str = ""
    etag: str = ""
    version_id: str = ""


class _Detail(msgspec.Struct):
    bucket: _Bucket
    object: _Object


class _Event(msgspec.Struct, rename={"kind": "detail-type"}):
    """An event as EventBridge sends it. Its key is not encoded."""

    kind: str
    source: str
    detail: _Detail


class _RecordObject(msgspec.Struct, rename={"etag": "eTag", "version_id": "versionId"}):
    key: str
    sequencer: str = ""
    etag: str = ""
    version_id: str = ""


class _RecordS3(msgspec.Struct):
    bucket: _Bucket
    object: _RecordObject


class _Record(msgspec.Struct, rename={"source": "eventSource", "name": "eventName"}):
    """A record of a notification. Its key is encoded as in a form, with ``+`` for a space."""

    source: str
    name: str
    s3: _RecordS3


class _Notification(msgspec.Struct, rename={"records": "Records"}):
    records: list[_Record]


def touched(body: bytes | str) -> tuple[Touch, ...]:
    """Return what an event or notification tells; nothing of events of other kinds.

    A notification may be wrapped by SNS. Raises Forged for what is none of these.
    """
    try:
        message = msgspec.json.decode(body, type=dict[str, Any])
        if message.get("Type") == "Notification" and isinstance(message.get("Message"), str):
            return touched(message["Message"])
        if message.get("Event") == "s3:TestEvent":
            return ()
        if "detail-type" in message:
            return _of_event(msgspec.convert(message, _Event))
        notification = msgspec.convert(message, _Notification)
        touches = [_of_record(each) for each in notification.records]
        return tuple(each for each in touches if each is not None)
    except (msgspec.MsgspecError, RecursionError, ValueError) as exc:
        raise Forged("this is no event of S3's") from exc


def newest(touches: Iterable[Touch]) -> dict[tuple[str, str], Touch]:
    """Return the last touch of each bucket and key, in whatever order and how often they come."""
    last: dict[tuple[str, str], Touch] = {}
    for touch in touches:
        place = (touch.bucket, touch.key)
        if place not in last or touch.order > last[place].order:
            last[place] = touch
    return last


def folders(touches: Iterable[Touch], bucket: str, prefix: str = "") -> tuple[Ref, ...]:
    """Return the folders of a root to look into: those on the way to each touched key.

    A folder may be new or gone with the key, which its own folder tells. ``prefix`` ends in
    ``/`` or is empty.
    """
    keys = Keys(prefix)
    found: dict[str, Ref] = {}
    for touch in touches:
        if touch.bucket != bucket or not touch.key.startswith(prefix):
            continue
        if touch.key.startswith(keys.own):
            continue
        names = touch.key[len(prefix) :].removesuffix("/").split("/")[:-1]
        for depth in range(len(names) + 1):
            path = "/".join(names[:depth])
            found[path] = Ref(f"/{path}/" if path else "/", path)
    return tuple(found.values())


def around(touches: Iterable[Touch]) -> dict[str, set[str]]:
    """Return the folders that touched keys stand in, by bucket; not of what is only ours."""
    found: dict[str, set[str]] = {}
    for touch in touches:
        names = touch.key.removesuffix("/").split("/")[:-1]
        if OWN not in names:
            found.setdefault(touch.bucket, set()).add("/".join(names))
    return found


def _of_event(event: _Event) -> tuple[Touch, ...]:
    deleted = event.kind.startswith(_DELETED)
    if event.source != "aws.s3" or not (deleted or event.kind.startswith(_CREATED)):
        return ()
    thing = event.detail.object
    return (
        Touch(
            event.detail.bucket.name,
            thing.key,
            deleted,
            _checked(thing.sequencer),
            thing.etag,
            thing.version_id,
        ),
    )


def _of_record(record: _Record) -> Touch | None:
    name = record.name.removeprefix("s3:")
    deleted = name.startswith(_DELETED)
    if not (deleted or name.startswith(_CREATED)):
        return None
    thing = record.s3.object
    return Touch(
        record.s3.bucket.name,
        urllib.parse.unquote_plus(thing.key),
        deleted,
        _checked(thing.sequencer),
        thing.etag,
        thing.version_id,
    )


def _checked(sequencer: str) -> str:
    """Return a sequencer; raises ValueError if it is not what S3 writes."""
    if sequencer:
        int(sequencer, 16)
    return sequencer
