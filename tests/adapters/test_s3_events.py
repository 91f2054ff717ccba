"""Events of S3: which keys were touched, whatever the order and however often they come."""

import json
from typing import Any

import pytest

from syncoxiders.adapters.providers.s3.events import Touch, folders, newest, touched
from syncoxiders.core.model import Ref
from syncoxiders.ports.push import Forged


def event(kind: str = "Object Created", key: str = "folder/a file", **thing: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": kind,
        "source": "aws.s3",
        "detail": {
            "bucket": {"name": "bucket"},
            "object": {"key": key, "sequencer": "617f08299329d189", **thing},
            "reason": "PutObject",
        },
    }


def record(name: str = "ObjectCreated:Put", key: str = "folder/a+file%2B", **thing: str) -> Any:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": name,
        "s3": {
            "bucket": {"name": "bucket"},
            "object": {"key": key, "sequencer": "0055AED6DCD90281E5", **thing},
        },
    }


def told(message: Any) -> tuple[Touch, ...]:
    return touched(json.dumps(message).encode())


class TestParsing:
    def test_eventbridge(self) -> None:
        """A key of EventBridge is taken as it is written: a plus is a plus."""
        (touch,) = told(event(key="a+b c", etag="e", **{"version-id": "v"}))
        assert touch == Touch("bucket", "a+b c", False, "617f08299329d189", "e", "v")

    def test_notification(self) -> None:
        """A key of a notification is encoded as in a form; one message may hold several."""
        made = record(eTag="e", versionId="v")
        gone = record("ObjectRemoved:DeleteMarkerCreated", key="gone")
        first, second = told({"Records": [made, gone]})
        assert first == Touch("bucket", "folder/a file+", False, "0055AED6DCD90281E5", "e", "v")
        assert (second.key, second.deleted) == ("gone", True)

    def test_by_sns(self) -> None:
        """A notification that SNS hands on is in an envelope."""
        inner = json.dumps({"Records": [record(key="file")]})
        (touch,) = told({"Type": "Notification", "Message": inner})
        assert touch.key == "file"

    @pytest.mark.parametrize(
        ("kind", "deleted"),
        [("Object Created", False), ("Object Deleted", True)],
    )
    def test_kinds(self, kind: str, deleted: bool) -> None:
        """Made or deleted, by whatever reason."""
        assert [touch.deleted for touch in told(event(kind))] == [deleted]

    @pytest.mark.parametrize(
        "message",
        [
            event("Object Restore Completed"),
            event("Object Tags Added"),
            {**event(), "source": "aws.other"},
            {"Records": [record("ObjectRestore:Completed"), record("ObjectTagging:Put")]},
            {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "bucket"},
        ],
    )
    def test_what_touches_nothing(self, message: Any) -> None:
        """Events that change neither content nor times tell of nothing."""
        assert told(message) == ()

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b"{",
            b"{}",
            b'{"Records": 1}',
            b'{"Records": [{"eventSource": "aws:s3"}]}',
            b'{"detail-type": "Object Created"}',
            b"\xff",
            json.dumps(event(sequencer="no hex")).encode(),
            b'{"Type": "Notification", "Message": "x"}',
        ],
    )
    def test_what_is_no_event(self, body: bytes) -> None:
        """What is malformed is refused, whatever it is."""
        with pytest.raises(Forged):
            touched(body)


class TestOrder:
    def touch(self, sequencer: str, *, key: str = "key", deleted: bool = False) -> Touch:
        return Touch("bucket", key, deleted, sequencer)

    @pytest.mark.parametrize(
        ("earlier", "later"),
        [
            ("0055AED6DCD90281E5", "0055AED6DCD90281E6"),
            ("0055AED6DCD90281E5", "0055AED6DCD90281E501"),
            ("0055aed6dcd90281ef", "0055AED6DCD90281F0"),
            ("0055AED6DCD902", "0055AED6DCD90281E5"),
        ],
    )
    def test_last_one_counts(self, earlier: str, later: str) -> None:
        """Of one key the event with the greater sequencer counts, in whatever order they come."""
        made, gone = self.touch(earlier), self.touch(later, deleted=True)
        for order in ([made, gone], [gone, made], [gone, made, gone, made]):
            assert newest(order) == {("bucket", "key"): gone}

    def test_other_keys(self) -> None:
        """Sequencers of different keys are not compared."""
        one, two = self.touch("01", key="one"), self.touch("02", key="two")
        assert set(newest([two, one]).values()) == {one, two}

    def test_filled_up_with_zeros(self) -> None:
        """A shorter sequencer is as if it had zeros at its right: it is not the earlier one."""
        assert self.touch("01").order == self.touch("0100").order


class TestFolders:
    def test_on_the_way(self) -> None:
        """Every folder on the way to a key is to be looked into: it may be new, or gone."""
        refs = folders([Touch("bucket", "a/b/file", False)], "bucket")
        assert refs == (Ref("/", ""), Ref("/a/", "a"), Ref("/a/b/", "a/b"))

    def test_marker(self) -> None:
        """A folder's marker is told of by the folder that it is in."""
        assert folders([Touch("bucket", "a/b/", True)], "bucket") == (
            Ref("/", ""),
            Ref("/a/", "a"),
        )

    def test_of_this_root(self) -> None:
        """Other buckets, keys outside the root, and our own keys are no concern of a root."""
        touches = [
            Touch("other", "top/file", False),
            Touch("bucket", "topfile", False),
            Touch("bucket", "top/.syncoxiders-trash/x", False),
            Touch("bucket", "top/in/file", False),
        ]
        assert folders(touches, "bucket", "top/") == (Ref("/", ""), Ref("/in/", "in"))
