"""DynamoDB's errors and limits: what we make of what its service says."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import botocore.stub  # type: ignore[import-untyped]  # it ships no types
import pytest

from syncoxiders.adapters.dynamo.client import Client, Connect
from syncoxiders.adapters.dynamo.items import TRIES, DynamoItems
from syncoxiders.adapters.dynamo.models import ControlRow, JournalRow, Row, TreeRow, named
from syncoxiders.adapters.items._claims import Claim
from syncoxiders.adapters.items._wishes import Wish
from syncoxiders.adapters.items.store import ItemsStates
from syncoxiders.adapters.memory.items import MemoryItems
from syncoxiders.ports.errors import StateError, StateUnavailable
from syncoxiders.ports.items import Absent, Delete, Item, Put, Update
from syncoxiders.ports.pipeline import Batch
from syncoxiders.ports.state import Commit, Event, Observation, SyncRecord
from tests.aws.tables import LocalDynamo
from tests.contracts.state_harness import action, agree, entry, node, replica

CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
KEY = ("p", "s")
RAW = {"pk": {"S": "p"}, "sk": {"S": "s"}}
CHANGES = [
    Put(Item(KEY)),
    Put(Item(KEY), Absent()),
    Update(KEY, {"a": 1}),
    Update(KEY, {"a": 1}, when=Absent()),
    Delete(KEY),
]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with pytest.MonkeyPatch.context() as patch:
        for name in CREDENTIALS:
            patch.setenv(name, "test")
        client = Client(Connect("us-east-1", "http://127.0.0.1:9", threads=2, attempts=1))
        _ = client.connection.client  # by the environment as it is now
    yield client
    client.close()


@pytest.fixture
def stub(client: Client) -> Iterator[Any]:
    with botocore.stub.Stubber(client.connection.client) as stub:
        yield stub
        stub.assert_no_pending_responses()


_pauses: list[float] = []


@pytest.fixture(scope="module")
def items(client: Client) -> DynamoItems:
    return DynamoItems(client, "table", sleep=_pauses.append)


@pytest.fixture
def pauses() -> list[float]:
    _pauses.clear()
    return _pauses


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ProvisionedThroughputExceededException", 400),
        ("ThrottlingException", 400),
        ("RequestLimitExceeded", 400),
        ("TransactionConflictException", 400),
        ("InternalServerError", 500),
        ("SomethingNew", 503),
    ],
)
def test_later(
    stub: Any, items: DynamoItems, change: Put | Update | Delete, code: str, status: int
) -> None:
    """What DynamoDB will do later is to be asked for again later."""
    operation = {Put: "put_item", Update: "update_item", Delete: "delete_item"}[type(change)]
    stub.add_client_error(operation, code, http_status_code=status)
    with pytest.raises(StateUnavailable, match=code):
        items.write([change])


def test_later_reading(stub: Any, items: DynamoItems) -> None:
    """That holds of reads as well."""
    stub.add_client_error("batch_get_item", "ThrottlingException", http_status_code=400)
    with pytest.raises(StateUnavailable):
        items.get([KEY])
    stub.add_client_error("query", "ThrottlingException", http_status_code=400)
    with pytest.raises(StateUnavailable):
        list(items.query("p"))


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException"])
def test_refused(stub: Any, items: DynamoItems, code: str) -> None:
    """What will not be otherwise later is an error that says what DynamoDB said."""
    stub.add_client_error("update_item", code, "no such table or grant", http_status_code=400)
    with pytest.raises(StateError, match="no such table or grant") as caught:
        items.write([Update(KEY, {"a": 1})])
    assert not isinstance(caught.value, StateUnavailable)


def test_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody answers, it is to be tried again later."""
    for name in CREDENTIALS:
        monkeypatch.setenv(name, "test")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        host = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        client = Client(Connect(region="us-east-1", host=host, attempts=1, connect_seconds=1))
        with pytest.raises(StateUnavailable, match="does not answer"):
            DynamoItems(client, "table").get([KEY])
        client.close()


def test_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials the error says so."""
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    client = Client(Connect("us-east-1", "http://127.0.0.1:9", attempts=1))
    with pytest.raises(StateError, match="credentials"):
        DynamoItems(client, "table").get([KEY])
    client.close()


def keys(*sorts: str) -> dict[str, Any]:
    return {"table": {"Keys": [{"pk": {"S": "p"}, "sk": {"S": sort}} for sort in sorts]}}


def test_unprocessed_keys(stub: Any, items: DynamoItems, pauses: list[float]) -> None:
    """Keys that were left unprocessed are asked for again, after a pause if nothing was done."""
    stub.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": keys("s", "t")})
    found = {"table": [RAW]}
    stub.add_response("batch_get_item", {"Responses": found, "UnprocessedKeys": keys("t")})
    stub.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": {}})
    assert items.get([KEY, ("p", "t")]) == {KEY: Item(KEY)}
    assert len(pauses) == 1


def test_unprocessed_puts(stub: Any, items: DynamoItems, pauses: list[float]) -> None:
    """So are puts and deletes."""
    left = {"table": [{"DeleteRequest": {"Key": RAW}}]}
    stub.add_response("batch_write_item", {"UnprocessedItems": left})
    stub.add_response("batch_write_item", {"UnprocessedItems": {}})
    assert items.write([Delete(KEY), Put(Item(("p", "t")))]) == [None, Item(("p", "t"))]
    assert pauses == []


def test_nothing_processed(stub: Any, items: DynamoItems, pauses: list[float]) -> None:
    """If nothing is ever done, it is given up."""
    for _ in range(TRIES):
        stub.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": keys("s")})
    with pytest.raises(StateUnavailable, match="nothing was processed"):
        items.get([KEY])
    assert len(pauses) == TRIES - 1


def test_models(dynamo: LocalDynamo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The models make the tables, and read what the store has written."""
    tables = {}
    for model in (TreeRow, JournalRow, ControlRow):
        name = f"by-{model.__name__}"
        bound = named(model, name, dynamo.connect)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", dynamo.account)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        bound.create_table()
        tables[model] = bound, DynamoItems(dynamo.client, name)
    store = ItemsStates(tables[TreeRow][1], tables[JournalRow][1])
    use_everything(store)
    for bound, items in tables.values():
        for row in bound.scan():
            (item,) = items.get([(row.pk, row.sk)]).values()
            values = {
                name: frozenset(value) if isinstance(value, set) else value
                for name, value in row.attribute_values.items()
                if name not in {"pk", "sk"} and value is not None
            }
            assert values == item.attributes
        bound._get_connection().connection.client.close()  # the model has no way to


def test_attributes() -> None:
    """The models know every attribute that the store writes."""
    tree, journal = MemoryItems(), MemoryItems()
    use_everything(ItemsStates(tree, journal))
    for table, model in ((tree, TreeRow), (journal, JournalRow)):
        declared: type[Row] = model
        found = {name for item in table.everything() for name in item.attributes}
        assert found == set(declared.get_attributes()) - {"pk", "sk"}


def use_everything(store: ItemsStates) -> None:
    """Leave an attribute of each kind in the tables."""
    sync = store.sync("owner", "work", 1)
    agree(sync, 1, 2)
    sync.commit(Commit(opened=[action("x")], losses=1, at=5.0, record=SyncRecord({})))
    sync.hold([1])
    sync.commit(Commit(observed=[Observation("a", [entry("e")], ["none"], asked=1.0)]))
    sync.trim({"a": 1})
    claimed = Wish(add=[Claim(1 << 30)])  # by a planner that died
    sync._entries.write({("a", "new"): claimed}, lambda _where, _claim: False)
    sync.commit(Commit(nodes=[node(8, replicas={"a": replica(entry("new"))})]))
    sync.put_batches([Batch("1", "a"), Batch("2", "a", waits=frozenset("1"))])
    sync.put_batches([Batch("3", "a"), Batch("4", "a", waits=frozenset("3"))])
    sync.put_batches([Batch("5", "a"), Batch("6", "a", waits=frozenset("5"))])
    sync.begin_batch("6", 1.0)
    sync.put_off_batch("6", 2.0)
    sync.finish_batch("1", ["x"])
    sync.save_text("key", "text")
    run = sync.begin_run(1.0)
    sync.log(run, [Event("note", "a", "path")] * 200_600)


def test_imports() -> None:
    """The store brings no SDK with it, and the tables in DynamoDB connect to nothing at import."""
    code = (
        "import sys, syncoxiders.adapters.items.store;"
        "assert not {'boto3', 'botocore', 'pynamodb'} & set(sys.modules);"
        "import syncoxiders.adapters.dynamo.items;"
        "assert 'boto3' not in sys.modules;"
        "import threading; assert threading.active_count() == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
