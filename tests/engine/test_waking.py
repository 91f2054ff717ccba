"""What was put off is told of again at its time."""

import pytest

from syncoxiders.adapters.memory.alarms import MemoryAlarms
from syncoxiders.engine.pipeline.messages import Apply, Poll
from syncoxiders.ports.errors import StateUnavailable, Throttled, Unreachable
from tests.engine.deployed import OWNER, SYNC, Deployed

PAUSE = 300.0


def ring(deployed: Deployed) -> None:
    """Let time go by until the next alarm, and do what it asks for."""
    at = deployed.alarms.next_at()
    assert at is not None
    deployed.clock.advance(at - deployed.clock.now())
    assert deployed.alarms.ring() == 1
    deployed.settle()


def test_account_that_wants_a_pause() -> None:
    """It is looked at when the pause is over, and nobody needs to sweep."""
    deployed = Deployed()
    deployed.a.write("x", b"x")
    calm = deployed.a.on_call

    def throttle(_: str) -> None:
        raise Throttled("slower", PAUSE)

    deployed.a.on_call = throttle
    deployed.look()
    asked = deployed.clock.now()
    assert list(deployed.alarms.waiting) == [
        ("poll", f'{{"owner":"{OWNER}","account":"a"}}', asked + PAUSE)
    ]
    deployed.a.on_call = calm
    ring(deployed)
    assert deployed.b.tree() == {"x": b"x"}


def test_batch_that_was_put_off() -> None:
    """It is begun again when its pause is over, which grows."""
    deployed = Deployed()
    deployed.look()
    deployed.a.write("x", b"x")

    def fail(what: str) -> None:
        if what == "upload":
            raise Unreachable("no network")

    deployed.b.before = fail
    deployed.look()
    ((line, body, at),) = deployed.alarms.waiting
    assert line == "apply"
    (batch,) = deployed.store().batches()
    assert body == f'{{"owner":"{OWNER}","sync":"{SYNC}","batch":"{batch.id}"}}'
    assert batch.put_off == at
    ring(deployed)
    ((_, _, later),) = deployed.alarms.waiting
    assert later - at > at - batch.begun
    deployed.b.before = None
    ring(deployed)
    assert deployed.b.tree() == {"x": b"x"}
    assert not deployed.alarms.waiting


def test_batch_of_an_account_that_wants_a_pause() -> None:
    """Both are told of: the account, and the batch."""
    deployed = Deployed()
    deployed.look()
    deployed.a.write("x", b"x")

    def throttle(what: str) -> None:
        if what == "upload":
            raise Throttled("slower", PAUSE)

    deployed.b.before = throttle
    deployed.look()
    assert sorted(line for line, _, _ in deployed.alarms.waiting) == ["apply", "poll"]
    deployed.b.before = None
    deployed.clock.advance(PAUSE)
    deployed.alarms.ring()
    deployed.settle()
    while deployed.alarms.waiting:
        ring(deployed)
    assert deployed.b.tree() == {"x": b"x"}


def test_without_alarms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none can be set the pause is kept all the same, and nothing fails."""
    deployed = Deployed()

    def fail(*_: object) -> None:
        raise StateUnavailable("the scheduler does not answer")

    monkeypatch.setattr(MemoryAlarms, "set", fail)

    def throttle(_: str) -> None:
        raise Throttled("slower", PAUSE)

    deployed.a.on_call = throttle
    deployed.look()
    account = deployed.registry.account(OWNER, "a")
    assert account is not None
    assert account.not_before == deployed.clock.now() + PAUSE


def test_once() -> None:
    """The same message for the same time is sent once."""
    deployed = Deployed()
    at = deployed.clock.now() + 5.0
    for once in ("1", "2"):
        deployed.alarms.set("poll", Poll(OWNER, "a").message(once), at)
    deployed.alarms.set("apply", Apply(OWNER, SYNC, "1").message("a", 0), at + 1.0)
    deployed.clock.advance(5.0)
    assert deployed.alarms.ring() == 1
    assert len(deployed.polls.receive()) == 1
    assert deployed.alarms.ring() == 0
    assert deployed.alarms.next_at() == at + 1.0
