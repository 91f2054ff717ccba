"""Poll, merge and apply, called with batches of FIFO queues."""

import threading
from typing import Any

import pytest

import functions.apply
import functions.merge
import functions.poll
from syncoxiders.adapters.memory.queue import WINDOW
from syncoxiders.cloud import batches
from syncoxiders.cloud.batches import FIRST_PAUSE, Loud
from syncoxiders.cloud.handling import Failed
from syncoxiders.core.model import Action, ActionKind
from syncoxiders.engine.pipeline.messages import Apply, Merge, NotYet, Poll
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import StateUnavailable
from syncoxiders.ports.queue import Message
from tests.functions.stage import Context, Stage, records, schedule

MERGES = [Merge("me", sync).message(once) for sync in ("a", "b") for once in ("1", "2", "3")]


class Calls:
    """What a use case was called with; ``failing`` says of which messages it fails."""

    def __init__(self) -> None:
        self.failing: set[int] = set()
        self.error: Exception = StateUnavailable("no answer")
        self.calls: list[Any] = []
        self.until = 0.0

    def __call__(
        self, pipeline: object, message: Any, until: float = 0.0, reporter: object = None
    ) -> None:
        del pipeline, reporter
        self.calls.append(message)
        self.until = until
        if len(self.calls) in self.failing:
            raise self.error


@pytest.fixture
def merge(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Calls:
    del stage
    calls = Calls()
    monkeypatch.setattr(functions.merge, "merge", calls)
    return calls


def failed(answer: Any) -> list[str]:
    assert list(answer) == ["batchItemFailures"]
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def test_all(merge: Calls) -> None:
    """Each message is one call, in order, and nothing is reported where nothing failed."""
    assert failed(functions.merge.handler(records(*MERGES), Context())) == []
    assert merge.calls == [Merge("me", sync) for sync in "aaabbb"]


def test_group_stops(merge: Calls, stage: Stage) -> None:
    """After the first failure of a group its others are left for later; other groups go on."""
    merge.failing = {2}
    assert failed(functions.merge.handler(records(*MERGES), Context())) == ["id-1", "id-2"]
    assert merge.calls == [Merge("me", sync) for sync in "aabbb"]
    assert stage.returned == {"merge-url": dict.fromkeys(["receipt-1", "receipt-2"], FIRST_PAUSE)}


def test_at_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lanes are worked on at once, each in its order; a failure in one is nothing to the others."""
    met = threading.Barrier(3, timeout=10)
    done: dict[str, list[str]] = {}

    def apply(_: object, message: Apply, until: float, _reporter: object) -> None:
        assert until > stage.clock.now()
        lane, _, number = message.batch.partition("-")
        if number == "0":
            met.wait()
        if message.batch == "1-1":
            raise StateUnavailable("no answer")
        done.setdefault(lane, []).append(number)

    monkeypatch.setattr(functions.apply, "apply", apply)
    messages = [
        Apply("me", "a", f"{lane}-{number}").message("work", lane)
        for number in range(3)
        for lane in range(3)
    ]
    answer = functions.apply.handler(records(*messages), Context())
    assert done == {"0": ["0", "1", "2"], "1": ["0"], "2": ["0", "1", "2"]}
    assert failed(answer) == ["id-4", "id-7"]
    assert list(stage.returned["apply-url"]) == ["receipt-4", "receipt-7"]


def test_all_failed(merge: Calls) -> None:
    """Where everything failed everything comes again."""
    merge.failing = {1, 2}
    both = [MERGES[0], MERGES[3]]
    assert failed(functions.merge.handler(records(*both), Context())) == ["id-0", "id-1"]


@pytest.mark.parametrize(("count", "pause"), [(1, 10.0), (3, 40.0), (9, 300.0)])
def test_patience(merge: Calls, stage: Stage, count: int, pause: float) -> None:
    """The more often a message failed, the later it comes again."""
    merge.failing = {1}
    functions.merge.handler(records(MERGES[0], count=count), Context())
    assert stage.returned == {"merge-url": {"receipt-0": pause}}


def test_too_soon(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What says when it is to come again does then, with what is behind it, and is no failure."""
    calls = Calls()
    calls.failing, calls.error = {1}, NotYet(3.5)
    monkeypatch.setattr(functions.poll, "poll", calls)
    messages = [Poll("me", "work").message(once) for once in "12"]
    other = Poll("me", "box").message("1")
    assert failed(functions.poll.handler(records(*messages, other), Context())) == ["id-0", "id-1"]
    assert stage.returned == {"poll-url": {"receipt-0": 3.5, "receipt-1": 3.5}}
    assert calls.calls == [Poll("me", "work"), Poll("me", "box")]
    assert "failed" not in stage.log.getvalue()


def test_hidden_while_handled(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is killed, however soon, leaves messages hidden for a minute, not for much longer."""
    monkeypatch.setattr(batches, "HIDDEN_EVERY", 0.01)
    hidden = threading.Event()
    asked: list[dict[str, float]] = []

    class Hiding:
        def give_back(self, receipts: dict[str, float]) -> None:
            asked.append(dict(receipts))
            if len(asked) == 3:
                hidden.set()

    monkeypatch.setattr(stage.app, "_queue", lambda _: Hiding())
    monkeypatch.setattr(functions.merge, "merge", lambda *_: hidden.wait(20))
    assert failed(functions.merge.handler(records(*MERGES[:2]), Context())) == []
    assert asked[0] == dict.fromkeys(["receipt-0", "receipt-1"], batches.HIDDEN_FOR)
    monkeypatch.setattr(batches, "HIDDEN_EVERY", 60.0)
    asked.clear()
    assert failed(functions.merge.handler(records(MERGES[0]), Context())) == []
    assert asked == [{"receipt-0": batches.HIDDEN_FOR}]


def test_forgotten(merge: Calls) -> None:
    """A failure of one invocation is nothing to the next one's messages of that group."""
    merge.failing = {1}
    functions.merge.handler(records(*MERGES[:2]), Context())
    assert failed(functions.merge.handler(records(*MERGES[:2]), Context())) == []


def test_not_given_back(merge: Calls, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages that cannot be given back come again all the same, only later."""

    def fail(_: str) -> None:
        raise StateUnavailable("the queue does not answer")

    monkeypatch.setattr(stage.app, "_queue", fail)
    merge.failing = {1}
    assert failed(functions.merge.handler(records(MERGES[0]), Context())) == ["id-0"]
    assert "could not be given back" in stage.log.getvalue()


@pytest.mark.parametrize("body", ["", "{", "[]", '{"owner":"me"}', '{"owner":1,"sync":"a"}', "é"])
def test_poison(merge: Calls, stage: Stage, body: str) -> None:
    """A message that says nothing fails alone, so that it is put aside in the end, and is told."""
    message = Message(body, "poisoned", "1")
    assert failed(functions.merge.handler(records(message, MERGES[0]), Context())) == ["id-0"]
    assert merge.calls == [Merge("me", "a")]
    assert "Malformed" in stage.log.getvalue()


def test_told(merge: Calls, stage: Stage) -> None:
    """The log has the cause of a failure, and nothing that a library says of its request."""
    merge.failing = {1}
    functions.merge.handler(records(MERGES[0]), Context())
    assert "no answer" in stage.log.getvalue()
    merge.failing = {2}
    merge.error = RuntimeError("PUT https://upload.example/session?token=s3cret")
    functions.merge.handler(records(MERGES[0]), Context())
    assert "RuntimeError" in stage.log.getvalue()
    assert "s3cret" not in stage.log.getvalue()


def test_counted(merge: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    """Each message that failed by itself is counted, not those that are left for it."""
    merge.failing = {1}
    functions.merge.handler(records(*MERGES[:3]), Context())
    assert '"MessageFailed":[1.0]' in capsys.readouterr().out


def test_time(merge: Calls, stage: Stage) -> None:
    """A use case is told by when the function has to have ended."""
    functions.merge.handler(records(MERGES[0]), Context(seconds=100.0))
    assert stage.clock.now() + 90 < merge.until < stage.clock.now() + 100


def test_apply(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Apply is called for each batch, and told by when it has to have ended."""
    calls = Calls()
    monkeypatch.setattr(functions.apply, "apply", calls)
    message = Apply("me", "a", "0001-b").message("work", 2)
    assert failed(functions.apply.handler(records(message), Context(seconds=300.0))) == []
    assert calls.calls == [Apply("me", "a", "0001-b")]
    assert stage.clock.now() + 290 < calls.until < stage.clock.now() + 300


def test_poll(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll is called for each account that a message names."""
    calls = Calls()
    calls.failing = {1}
    monkeypatch.setattr(functions.poll, "poll", calls)
    messages = [Poll("me", "work").message("1"), Poll("me", "box").message("1")]
    assert failed(functions.poll.handler(records(*messages), Context())) == ["id-0"]
    assert calls.calls == [Poll("me", "work"), Poll("me", "box")]
    assert list(stage.returned) == ["poll-url"]


def test_clock(stage: Stage) -> None:
    """By the clock all accounts are looked at, hints or none, but those that want to be left."""
    for owner, name in (("me", "work"), ("me", "box"), ("you", "work")):
        stage.registry.put_account(owner, Account(name, "drive"))
    stage.registry.pause("me", "box", stage.clock.now() + 60)
    assert functions.poll.handler(schedule(), Context()) == {"accounts": 2}
    key = lambda each: each.owner  # noqa: E731 -- to sort by
    assert sorted(stage.messages(), key=key) == [Poll("me", "work"), Poll("you", "work")]
    functions.poll.handler(schedule(), Context())
    assert stage.messages() == []
    stage.clock.advance(WINDOW)
    functions.poll.handler(schedule(), Context())
    assert len(stage.messages()) == 3


def test_no_settings(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> None:
    """A function whose environment lacks something says what, each time that it is called."""

    def lacking() -> None:
        from syncoxiders.cloud.app import made  # noqa: PLC0415 -- the real one

        made({"SYNCOXIDERS_TABLE_TREE": "tree"})

    monkeypatch.setattr(functions.merge, "app", lacking)
    with pytest.raises(Failed, match="SettingsError"):
        functions.merge.handler(records(MERGES[0]), Context())
    assert "SYNCOXIDERS_QUEUE_MERGE" in stage.log.getvalue()


def test_errors_of_ours_are_logged(stage: Stage) -> None:
    """What stopped a single action is in the log with where it came from, and not what it said."""
    action = Action("1", ActionKind.CREATE, "b", 7)
    try:
        raise RuntimeError("https://upload.example/secret")  # noqa: TRY301 -- it needs a traceback
    except RuntimeError as error:
        Loud().failed(action, error)
    text = stage.log.getvalue()
    assert "RuntimeError" in text
    assert "test_errors_of_ours_are_logged" in text
    assert "secret" not in text
