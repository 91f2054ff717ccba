"""The contract of :class:`syncoxiders.ports.queue.Queue`, which every adapter passes.

A test module imports everything from here and adds a fixture ``harness``: an empty queue, and
what its receiver does.
"""

from typing import Protocol

from syncoxiders.ports.queue import Message, Queue

__all__ = ["TestQueue"]


class Harness(Protocol):
    queue: Queue

    def drain(self) -> list[str]:
        """Receive everything, letting go of it at once; returns the bodies as they came."""


def message(number: int, group: str = "ann#work", body: str | None = None) -> Message:
    return Message(body or f'{{"number":{number}}}', group, f"{group}#{number}")


def bodies(messages: list[Message]) -> list[str]:
    return [each.body for each in messages]


class TestQueue:
    def test_nothing(self, harness: Harness) -> None:
        """To send nothing is nothing."""
        harness.queue.send([])
        assert harness.drain() == []

    def test_order(self, harness: Harness) -> None:
        """Messages of one group come in their order, more than a request holds included."""
        sent = [message(number) for number in range(25)]
        harness.queue.send(sent[:12])
        harness.queue.send(sent[12:])
        assert harness.drain() == bodies(sent)

    def test_groups(self, harness: Harness) -> None:
        """Each group keeps its order, whatever comes between."""
        sent = [message(number, f"group-{number % 3}") for number in range(12)]
        harness.queue.send(sent)
        came = harness.drain()
        assert sorted(came) == sorted(bodies(sent))
        for group in range(3):
            mine = bodies([each for each in sent if each.group == f"group-{group}"])
            assert [body for body in came if body in mine] == mine

    def test_once(self, harness: Harness) -> None:
        """A second message of the same name adds nothing, and hides none of another name."""
        harness.queue.send([message(1), message(2)])
        harness.queue.send([message(1), message(3)])
        assert harness.drain() == bodies([message(number) for number in (1, 2, 3)])

    def test_names(self, harness: Harness) -> None:
        """Names may have any characters and length, and stay apart."""
        names = ["a b", "é", "x" * 200, "x" * 201, "o#q'\"\\", "line\nline", "~", "日本"]
        sent = [Message(f'"{number}"', name, name) for number, name in enumerate(names)]
        harness.queue.send(sent)
        harness.queue.send(sent)
        assert sorted(harness.drain()) == sorted(bodies(sent))

    def test_large(self, harness: Harness) -> None:
        """Large messages arrive whole, in as many requests as they need."""
        sent = [message(number, body=f'"{number}{"é" * 150_000}"') for number in range(5)]
        harness.queue.send(sent)
        assert harness.drain() == bodies(sent)
