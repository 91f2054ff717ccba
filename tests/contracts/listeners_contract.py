"""The contract of :class:`syncoxiders.ports.live.Listeners`, which every adapter passes.

A test module imports everything from here and adds a fixture ``listeners``: there are none.
"""

from concurrent.futures import ThreadPoolExecutor

from syncoxiders.ports.live import Listener, Listeners

__all__ = ["TestConnections", "TestTickets"]

NOW = 1_700_000_000.0
FAR = NOW + 7_500


def listener(connection: str, owner: str = "ann", session: str = "s1") -> Listener:
    return Listener(connection, owner, session, NOW + 0.25)


class TestTickets:
    def test_once(self, listeners: Listeners) -> None:
        """A ticket says whose it is to the first who brings it, and nothing after that."""
        listeners.put_ticket("word", "ann", "s1", NOW + 60)
        assert listeners.take_ticket("word", NOW) == ("ann", "s1")
        assert listeners.take_ticket("word", NOW) is None

    def test_over(self, listeners: Listeners) -> None:
        """A ticket is good until its time, and no longer."""
        for word, at, found in (("a", 59.9, ("ann", "s1")), ("b", 60.0, None)):
            listeners.put_ticket(word, "ann", "s1", NOW + 60)
            assert listeners.take_ticket(word, NOW + at) == found

    def test_unknown(self, listeners: Listeners) -> None:
        """A word that nobody was given is no ticket."""
        listeners.put_ticket("word", "ann", "s1", NOW + 60)
        assert listeners.take_ticket("wort", NOW) is None

    def test_many_at_once(self, listeners: Listeners) -> None:
        """Of several who bring the same ticket at once one gets in."""
        listeners.put_ticket("word", "ann", "s1", NOW + 60)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: listeners.take_ticket("word", NOW), range(4)))
        assert len([each for each in found if each is not None]) == 1


class TestConnections:
    def test_of_an_owner(self, listeners: Listeners) -> None:
        """An owner's connections are told as they were put, and nobody else's."""
        for each in (listener("c1"), listener("c2", session="s2"), listener("c3", "ann#live")):
            listeners.put(each, FAR)
        found = listeners.of("ann")
        assert sorted(found, key=lambda each: each.connection) == [
            listener("c1"),
            listener("c2", session="s2"),
        ]
        assert listeners.of("bob") == []

    def test_removed(self, listeners: Listeners) -> None:
        """A connection is forgotten by its id alone, and may be forgotten twice."""
        listeners.put(listener("c1"), FAR)
        listeners.put(listener("c2"), FAR)
        for _ in range(2):
            listeners.remove("c1")
        assert listeners.of("ann") == [listener("c2")]

    def test_end_of_a_login(self, listeners: Listeners) -> None:
        """With a login all of its connections are forgotten, and no other's."""
        for each in (
            listener("c1"),
            listener("c2", session="s2"),
            listener("c3"),
            listener("c4", "bob"),
        ):
            listeners.put(each, FAR)
        listeners.end("ann", "s1")
        assert listeners.of("ann") == [listener("c2", session="s2")]
        assert listeners.of("bob") == [listener("c4", "bob")]
