"""The function that keeps the index, called with a table's stream and by the clock."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import functions.index
from syncoxiders.adapters.index.store import ObjectIndex
from syncoxiders.adapters.items.store import ItemsStates
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.adapters.memory.objects import MemoryObjects
from syncoxiders.cloud.handling import Failed
from syncoxiders.core.model import ROOT_ENTRY, Entry, Kind
from syncoxiders.core.words import wanted
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.index import Place, Query
from syncoxiders.ports.registry import EndpointSettings, SyncSettings
from syncoxiders.ports.state import Commit, Observation
from tests.functions.stage import Context, Stage, schedule


class Table:
    """The table ``tree`` of a sync of ``a`` and ``b``, its stream, and the index."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.tree = MemoryItems()
        self.objects = MemoryObjects(stage.clock)
        self.index = ObjectIndex(self.objects, stage.clock.now, folder=folder)
        self.states = ItemsStates(self.tree, MemoryItems(), now=stage.clock.now)
        self.clock = stage.clock
        vars(stage.app).update(tree=self.tree, states=self.states, index=self.index)
        ends = tuple(EndpointSettings(each, each) for each in "ab")
        for each in "ab":
            stage.registry.put_account("me", Account(each, "memory"))
        stage.registry.put_sync("me", SyncSettings("photos", ends))

    def write(self, endpoint: str, *names: str) -> dict[str, Any]:
        """Observe files; returns the stream's records of all that was written."""
        before = {item.key for item in self.tree.everything()}
        self.clock.advance(1.0)
        put = [Entry(f"id-{name}", ROOT_ENTRY, name, Kind.FILE, "1", 5) for name in names]
        told = Observation(endpoint, put=put, asked=self.clock.now())
        self.states.sync("me", "photos").commit(Commit(observed=[told]))
        return stream(*(each.key for each in self.tree.everything() if each.key not in before))

    def found(self, endpoint: str, text: str) -> list[str] | None:
        ((_, opened),) = self.index.open([Place("me", "photos", endpoint)])
        if opened is None:
            return None
        return [each.path for each in opened.find(Query(words=wanted(text)))]


def stream(*keys: tuple[str, str]) -> dict[str, Any]:
    """Return an event of a table's stream (https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-example.html)."""
    return {
        "Records": [
            {
                "eventID": f"{number:032x}",
                "eventName": "MODIFY",
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": "us-east-1",
                "dynamodb": {
                    "ApproximateCreationDateTime": 1795615200.0,
                    "Keys": {"pk": {"S": pk}, "sk": {"S": sk}},
                    "SequenceNumber": f"{111 + number}",
                    "SizeBytes": 26,
                    "StreamViewType": "KEYS_ONLY",
                },
                "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/tree/stream/1",
            }
            for number, (pk, sk) in enumerate(keys)
        ]
    }


@pytest.fixture
def table(stage: Stage, tmp_path: Path) -> Table:
    return Table(stage, tmp_path)


def test_stream(table: Table) -> None:
    """What is written is found, at its own endpoint, as soon as the stream has told of it."""
    event = table.write("a", "Holiday.jpg", "Plan.pdf")
    assert functions.index.handler(event, Context()) == {"batchItemFailures": []}
    assert table.found("a", "holi") == ["Holiday.jpg"]
    assert table.found("b", "holi") is None
    functions.index.handler(table.write("a", "More holidays.txt"), Context())
    assert table.found("a", "holi") == ["Holiday.jpg", "More holidays.txt"]


def test_clock(table: Table) -> None:
    """By the clock indexes are built that are not there, or were lost."""
    table.write("a", "Holiday.jpg")
    for _ in range(2):
        assert functions.index.handler(schedule(), Context()) == {"lacking": 0}
        assert table.found("a", "holi") == ["Holiday.jpg"]
        assert table.found("b", "holi") == []
        table.objects.delete([name for name, _ in table.objects.names("")])
        assert table.found("a", "holi") is None


def test_little_time(table: Table) -> None:
    """What cannot be done in time is left for the next one, and what was done is not lost."""
    table.write("a", "Holiday.jpg")
    assert functions.index.handler(schedule(), Context(seconds=20.0)) == {"lacking": 0}
    assert table.found("a", "holi") is None
    assert functions.index.handler(schedule(), Context()) == {"lacking": 0}
    assert table.found("a", "holi") == ["Holiday.jpg"]


def test_failed(table: Table) -> None:
    """Where an index cannot be written its records come again, from the first one on."""
    functions.index.handler(schedule(), Context())
    others, event = table.write("b", "Other.txt"), table.write("a", "One.txt", "Two.txt")
    event["Records"] = others["Records"] + event["Records"]
    for number, each in enumerate(event["Records"]):
        each["dynamodb"]["SequenceNumber"] = str(500 + number)

    def refuse(name: str) -> None:
        if "/a/" in name:
            raise StateUnavailable("no")

    table.objects.before = refuse
    (failed,) = functions.index.handler(event, Context())["batchItemFailures"]
    first = next(
        each for each in event["Records"] if "#e#a#" in each["dynamodb"]["Keys"]["pk"]["S"]
    )
    assert failed == {"itemIdentifier": first["dynamodb"]["SequenceNumber"]}
    assert table.found("b", "other") == ["Other.txt"]
    table.objects.before = None
    assert functions.index.handler(event, Context()) == {"batchItemFailures": []}
    assert table.found("a", "txt") == ["One.txt", "Two.txt"]


def test_others(table: Table) -> None:
    """What is no entry's, or of a sync that is no more, is let by."""
    event = stream(
        ("me#photos#n#1", "0" * 16), ("me#gone#e#a#1", "=id"), ("me#photos#e#z#1", "=id")
    )
    assert functions.index.handler(event, Context()) == {"batchItemFailures": []}
    assert table.objects.names("") == []


def test_no_place(stage: Stage) -> None:
    """Without a bucket it says what is missing."""
    with pytest.raises(Failed, match="SettingsError"):
        functions.index.handler(schedule(), Context())
    assert "SYNCOXIDERS_INDEX" in stage.log.getvalue()


def test_light() -> None:
    """It imports no more than it needs."""
    code = "import sys, functions.index; print({'pydantic', 'boto3', 'httpx'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
