"""An account that asks for a long pause is left out until it is over, and this is said."""

from syncoxiders.ports.errors import Revoked, Throttled
from tests.engine.world import World


def raising(error: Exception, at: str) -> object:
    def hook(operation: str) -> None:
        if operation == at:
            raise error

    return hook


def test_parked_while_looking() -> None:
    """An endpoint that cannot be listed for an hour stops only itself, and comes back."""
    world = World("abc")
    world.a.write("file", b"one")
    world.run()
    world.c.on_call = raising(Throttled("daily limit", 3600.0), "rescan")  # type: ignore[assignment]  # it stands for the method
    world.a.write("file", b"two")
    outcome = world.run()
    assert outcome.away["c"].startswith("daily limit: it is left alone until 20")
    assert world.b.tree() == {"file": b"two"}
    world.c.on_call = None
    world.c.calls.clear()
    outcome = world.run()
    assert "pause until" in outcome.away["c"]
    assert not world.c.calls  # it is not even asked
    world.clock.advance(3600.0)
    assert world.run().word == "done"
    assert world.agreed() == {"file": b"two"}


def test_parked_while_writing() -> None:
    """An upload quota that is used up parks the endpoint; the rest goes on some time later."""
    world = World()
    world.a.write("file", b"one")
    world.b.on_call = raising(Throttled("upload quota", 7200.0), "upload")  # type: ignore[assignment]  # it stands for the method
    outcome = world.run()
    assert outcome.away["b"].startswith("upload quota: it is left alone until 20")
    assert [event.detail for event in outcome.errors] == [outcome.away["b"]]
    world.b.on_call = None
    assert "pause until" in world.run().away["b"]
    world.clock.advance(7200.0)
    assert world.run().word == "done"
    assert world.agreed() == {"file": b"one"}


def test_revoked() -> None:
    """An account that lets us in no more is left out, with what it said, and nothing is lost."""
    world = World()
    world.a.write("file", b"one")
    world.run()
    world.a.write("file", b"two")
    world.b.on_call = raising(Revoked("connect it again"), "upload")  # type: ignore[assignment]  # it stands for the method
    outcome = world.run()
    assert outcome.word == "partial"
    assert outcome.away == {"b": "connect it again"}
    world.b.on_call = None
    world.run()
    assert world.agreed() == {"file": b"two"}
