"""Two edits of a text are merged by the deployed system as well."""

import dataclasses

from syncoxiders.adapters.memory.state import MemoryBlobStore
from syncoxiders.ports.errors import Throttled
from tests.engine.deployed import OWNER, Deployed

BASE = b"one\ntwo\nthree\nfour\nfive\n"
LEFT, RIGHT = BASE.replace(b"one", b"ONE"), BASE.replace(b"five", b"FIVE")
BOTH = LEFT.replace(b"five", b"FIVE")


def deployed(*, merging: bool) -> Deployed:
    made = Deployed(blobs=MemoryBlobStore())
    made.put(auto_merge=merging)
    made.look()
    made.a.write("text", BASE)
    made.look()
    assert made.b.tree() == {"text": BASE}
    return made


def edit(made: Deployed, left: bytes, right: bytes) -> None:
    made.a.write("text", left)
    made.b.write("text", right)
    for _ in range(3):
        made.look()


def test_merged() -> None:
    """What was agreed on when an action was done is what two edits are merged against."""
    made = deployed(merging=True)
    edit(made, LEFT, RIGHT)
    assert made.a.tree() == made.b.tree() == {"text": BOTH}


def test_merged_again() -> None:
    """What came of a merge is what the next one begins from."""
    made = deployed(merging=True)
    edit(made, LEFT, RIGHT)
    edit(made, BOTH.replace(b"two", b"TWO"), BOTH.replace(b"four", b"FOUR"))
    merged = BOTH.replace(b"two", b"TWO").replace(b"four", b"FOUR")
    assert made.a.tree() == made.b.tree() == {"text": merged}


def test_not_asked_for() -> None:
    """Nothing is kept, and nothing merged, unless the rule asks for it."""
    made = deployed(merging=False)
    edit(made, LEFT, RIGHT)
    assert made.a.tree() == made.b.tree()
    assert sorted(made.a.tree().values(), key=str) == sorted([LEFT, RIGHT], key=str)
    assert made.a.calls["read"] + made.b.calls["read"] == 3  # what was carried


def test_forgotten() -> None:
    """Where the base is no more the two edits are a conflict, and both are kept."""
    made = deployed(merging=True)
    made.pipeline = dataclasses.replace(made.pipeline, blobs=MemoryBlobStore())
    edit(made, LEFT, RIGHT)
    assert made.a.tree() == made.b.tree()
    assert sorted(made.a.tree().values(), key=str) == sorted([LEFT, RIGHT], key=str)


def test_pause_asked_for() -> None:
    """Who asks for a pause while a text is read to be kept is left alone, and asked for no more."""
    made = deployed(merging=True)
    for name in ("one", "two"):
        made.a.write(name, BASE + name.encode())
    asked: list[str] = []

    def read(operation: str) -> None:
        if operation == "read":
            asked.append(operation)
            if len(asked) > 2:  # both were carried; what is read now is only to be kept
                raise Throttled("slower", 600.0)

    made.a.on_call = made.b.on_call = read
    made.look()
    assert made.b.tree().keys() == {"text", "one", "two"}
    paused = [made.registry.account(OWNER, name) for name in "ab"]
    assert all(each is not None and each.not_before > made.clock.now() for each in paused)
    assert len(asked) == 4
