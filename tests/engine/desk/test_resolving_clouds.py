"""Conflicts are decided at each cloud as in memory: with its ids, preconditions and trash."""

from collections.abc import Iterator
from typing import Any

import pytest

from syncoxiders.adapters.memory.pace import MemoryPace
from syncoxiders.adapters.providers import kinds
from syncoxiders.api.shapes.conflicts import Conflict
from syncoxiders.engine.desk import conflicts
from syncoxiders.engine.desk.conflicts import Place
from syncoxiders.engine.desk.context import Desk
from syncoxiders.engine.desk.resolving import Take, resolve
from syncoxiders.engine.pipeline.sweep import sweep
from syncoxiders.ports.accounts import Account
from tests.emulators.clouds import KINDS
from tests.engine.deployed import OWNER, Deployed

ONE, OTHER, MERGED = b"of the cloud", b"of the other one", "merged: grün\n"


class _Token:
    def __init__(self, token: str) -> None:
        self._token = token

    def access(self) -> str:
        return self._token

    def refused(self, token: str) -> None:
        raise AssertionError(token)


class Case:
    """A sync of a cloud and of a memory, with a conflict over ``folder/x.txt``."""

    def __init__(self, people: Any, provider: Any) -> None:
        self.world = Deployed()
        self.people = people
        self.world.providers["a"] = provider
        self.world.put(keep="path2")
        people.write("folder/x.txt", b"agreed")
        self.look()
        people.write("folder/x.txt", ONE)
        self.world.b.write("folder/x.txt", OTHER)
        self.look()
        self.desk = Desk(self.world.pipeline, OWNER)

    def look(self) -> None:
        for _ in range(3):
            self.world.look()
            sweep(self.world.pipeline)
            self.world.settle()

    def listed(self) -> list[Conflict]:
        return conflicts.some(self.desk, Place())[0]


@pytest.fixture(params=list(KINDS))
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    kind = KINDS[request.param]
    with kind.serve() as (emulator, url):
        account = Account("a", kind.kind, settings={"url": url, **kind.settings(emulator)})
        secret = kind.secret(emulator)
        credentials = dict(secret.keys) if kind.kind == "s3" else _Token(secret.access)
        emulator.people.mkdir("folder")
        provider = kinds.connect(account, credentials, kind.root, pace=MemoryPace())
        yield Case(emulator.people, provider)
        provider.close()


@pytest.mark.parametrize(("take", "chosen"), [("other", ONE), ("merged", MERGED.encode())])
def test_decided(case: Case, take: Take, chosen: bytes) -> None:
    """What was chosen has the name at both, and nothing else is left."""
    (known,) = case.listed()
    assert known.other.account == "a"
    shown = conflicts.content(case.desk, case.world.settings, known.id, "other")
    assert shown.data == ONE
    case.world.clock.advance(1.0)
    text = MERGED if take == "merged" else None
    resolve(case.desk, case.world.settings, known.id, take, text)
    case.world.settle()
    case.look()
    expected = {"folder": None, "folder/x.txt": chosen}
    assert case.world.b.tree() == expected
    assert case.people.tree() == expected
    assert case.listed() == []
