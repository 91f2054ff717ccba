"""Hints: none is swallowed, a few are answered at once, and many do not make us ask without end."""

import dataclasses
import itertools
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncoxiders.adapters.memory.queue import Received
from syncoxiders.engine.pipeline.hints import TEMPO, Tempo, call
from syncoxiders.engine.pipeline.listen import poll
from syncoxiders.engine.pipeline.messages import NotYet, Poll, read
from syncoxiders.engine.pipeline.sweep import sweep
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.registry import Connected
from tests.engine.deployed import OWNER, Deployed
from tests.simulation.mutants import swap

NOW = 1_000_000.0


def looks(times: Iterator[float], tempo: Tempo = TEMPO) -> list[tuple[float, float]]:
    """Return, for reasons to look at these times, when each was given and was looked for.

    One look answers all that were given until it begins.
    """
    connected = Connected(Account("work", "memory"))
    found = []
    for time in times:
        if time >= connected.polled_at:
            at = max(time, tempo.due(connected, time))
            busy = tempo.busy(connected, at)
            connected = Connected(connected.account, polled_at=at, busy=busy)
        found.append((time, connected.polled_at))
    return found


def endless(tempo: Tempo = TEMPO) -> list[float]:
    """Return when the looks are of a flood that lasts for some hours."""
    return list(dict.fromkeys(at for _, at in looks(every(0.05, 6 * 60.0), tempo)))


def every(seconds: float, minutes: float) -> Iterator[float]:
    return (NOW + number * seconds for number in range(int(minutes * 60 / seconds)))


class TestTempo:
    """How often an account is looked at."""

    @pytest.mark.parametrize(("seconds", "minutes"), [(2.0, 4.0), (3.0, 15.0), (5.0, 600.0)])
    def test_a_person(self, seconds: float, minutes: float) -> None:
        """Who saves every few seconds waits for a second or two at most."""
        waits = sorted(at - time for time, at in looks(every(seconds, minutes)))
        assert waits[len(waits) * 99 // 100] <= 2.0

    def test_a_burst(self) -> None:
        """Some dozens of looks follow each other at once."""
        assert all(at == time for time, at in looks(every(0.5, 20.0 / 60)))

    def test_a_flood(self) -> None:
        """What never ends is answered once every few seconds, and what was spent is bounded."""
        ends = endless()
        assert max(b - a for a, b in itertools.pairwise(ends)) <= TEMPO.pause
        for hours in (1, 2, 5):
            spent = sum(at < NOW + 3_600 * hours for at in ends)
            assert spent <= TEMPO.most + 3_600 * hours / TEMPO.pause + 1

    def test_pauses_grow(self) -> None:
        """There is no step from answering at once to leaving things for long."""
        ends = endless()
        pauses = [b - a for a, b in itertools.pairwise(ends)]
        assert max(b - a for a, b in itertools.pairwise(pauses)) <= 0.2

    def test_forgiven(self) -> None:
        """After a quiet hour an account is answered at once as before."""
        last = NOW + 2 * 3_600.0
        times = [*every(0.05, 60.0), last]
        assert looks(iter(times))[-1] == (last, last)


class Pushed(Deployed):
    """A deployed system whose accounts are pushed; its sync is at rest."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.look()
        self.look()
        self.looked = 0

    def push(self) -> None:
        call(self.registry, self.polls, [(OWNER, "a")], self.clock.now())

    def rest(self) -> None:
        """Let so much time go by that a look that was told to wait is due."""
        self.clock.advance(TEMPO.pause + 1.0)

    def account(self) -> Connected:
        found = self.registry.account(OWNER, "a")
        assert found is not None
        return found

    def work(self) -> None:
        """Handle what is due, as the functions do."""
        while found := self.polls.receive():
            for each in found:
                self._poll(each)

    def _poll(self, received: Received) -> None:
        before = self.account().polled_at
        try:
            poll(self.pipeline, read(received.message.body, Poll))
        except NotYet as answer:
            self.polls.give_back(received.receipt, answer.seconds)
        else:
            self.polls.delete(received.receipt)
            self.looked += self.account().polled_at > before


@pytest.fixture
def pushed() -> Pushed:
    return Pushed()


def test_replayed(pushed: Pushed) -> None:
    """A push that is replayed without end is counted, and leads to a bounded number of looks."""
    for _ in range(3_000):
        pushed.push()
        pushed.work()
        pushed.clock.advance(1.0)
    assert pushed.account().hints == 3_000
    assert TEMPO.free < pushed.looked <= TEMPO.most + 3_000 / TEMPO.pause + 1
    assert len(pushed.polls) <= 2, "messages do not pile up"
    assert not pushed.polls.dead, "no message is received too often"


def test_nothing_left(pushed: Pushed) -> None:
    """What comes amid a flood is found within seconds after it, without another hint."""
    for number in range(1_000):
        pushed.a.write(f"{number}", b"new")
        pushed.push()
        pushed.work()
        pushed.clock.advance(0.25)
    pushed.clock.advance(TEMPO.pause + 1.0)
    pushed.work()
    assert pushed.account().polled == pushed.account().hints
    pushed.settle()
    assert len(pushed.b.tree()) == 1_000


def test_for_each(pushed: Pushed) -> None:
    """What is replayed for one account keeps no other waiting."""
    for _ in range(300):
        pushed.push()
        pushed.work()
        pushed.clock.advance(0.1)
    call(pushed.registry, pushed.polls, [(OWNER, "b")], pushed.clock.now())
    pushed.work()
    found = pushed.registry.account(OWNER, "b")
    assert found is not None
    assert found.polled == found.hints == 1


def test_answered_already(pushed: Pushed) -> None:
    """A message about hints that another look has answered leads to none."""
    pushed.push()
    late = pushed.polls.receive()
    pushed.registry.polled(OWNER, "a", 1, pushed.clock.now())
    before = pushed.a.calls.copy()
    poll(pushed.pipeline, read(late[0].message.body, Poll))
    assert pushed.a.calls == before


def test_told_again(pushed: Pushed) -> None:
    """Who died when it had answered, before it told of later hints, is made up for."""
    pushed.push()
    message = read(pushed.polls.receive()[0].message.body, Poll)
    pushed.registry.hint(OWNER, "a")  # its message is that one
    pushed.registry.polled(OWNER, "a", 1, pushed.clock.now())
    poll(pushed.pipeline, message)
    pushed.polls.visibility = 0.0
    pushed.clock.advance(400.0)
    told = [read(each.message.body, Poll) for each in pushed.polls.receive()]
    assert Poll(OWNER, "a", after=1) in told


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["push", "work", "die", "minute", "second"]), max_size=40))
def test_none_is_swallowed(steps: list[str]) -> None:
    """Whatever happens in which order, each hint is answered by a look that began after it."""
    pushed = Pushed()
    pushed.pipeline = dataclasses.replace(pushed.pipeline, tempo=Tempo(free=1, most=4))
    for step in steps:
        match step:
            case "push":
                pushed.push()
            case "work":
                pushed.work()
            case "die":  # between the last write of a look and its end: it is begun again
                for each in pushed.polls.receive():
                    try:
                        poll(pushed.pipeline, read(each.message.body, Poll))
                    except NotYet as answer:
                        pushed.polls.give_back(each.receipt, answer.seconds)
                    else:
                        pushed.polls.give_back(each.receipt)
            case "minute":
                pushed.clock.advance(60.0)
            case _:
                pushed.clock.advance(1.0)
    pushed.clock.advance(TEMPO.pause + 1.0)
    pushed.work()
    assert pushed.account().polled == pushed.account().hints


def is_swallowed(seed: int) -> bool:
    """Say whether a change is missed of which a push came before, amid or after a look."""
    chance = random.Random(seed)
    pushed = Pushed()
    names = map(str, itertools.count())
    let_go = pushed.pipeline.leases.release

    def change() -> None:
        pushed.a.write(next(names), b"new")
        pushed.push()

    def release(name: str, fence: int) -> None:
        let_go(name, fence)
        if chance.random() < 0.3:
            change()  # all has been listed, and it is not yet noted how much was answered

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pushed.pipeline.leases, "release", release)
        for _ in range(chance.randint(1, 20)):
            chance.choice([change, pushed.work, pushed.rest])()
    pushed.rest()
    pushed.work()
    pushed.settle()
    return pushed.b.tree() != pushed.a.tree()


def test_whatever_is_pushed_amid_a_look_arrives() -> None:
    """Nothing is left to the clock: hints that come while others are answered are counted on."""
    assert not any(map(is_swallowed, range(100)))


def test_a_flag_would_swallow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were there nothing but a flag, put down at the end of a look, some would be missed."""
    as_read = "pipeline.registry.polled(owner, account, connected.hints, now, busy)"
    hints = "pipeline.registry.account(owner, account).hints"
    swap(poll, as_read, as_read.replace("connected.hints", hints))(monkeypatch)
    assert any(map(is_swallowed, range(100)))


def test_swept(pushed: Pushed) -> None:
    """A hint whose message was lost is found by the sweep, which is not put off by its tempo."""
    pushed.polls.lose = lambda _: True
    pushed.push()
    pushed.polls.lose = lambda _: False
    pushed.clock.advance(60.0)
    sweep(pushed.pipeline)
    pushed.work()
    assert pushed.account().polled == 1
