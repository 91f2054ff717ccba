"""What messages bring about in the deployed system, and what stops what."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from syncoxiders.core.model import Entry, Ref
from syncoxiders.engine.pipeline import approvals, setting
from syncoxiders.engine.pipeline.backlog import Backlog
from syncoxiders.engine.pipeline.entering import Entering
from syncoxiders.engine.pipeline.execute import apply
from syncoxiders.engine.pipeline.messages import Apply
from syncoxiders.engine.pipeline.reconcile import Planner
from syncoxiders.engine.pipeline.replanning import AGAIN
from syncoxiders.engine.pipeline.sweep import sweep
from syncoxiders.ports.errors import (
    ProviderError,
    Refused,
    Revoked,
    Stale,
    StateUnavailable,
    Throttled,
    Unreachable,
)
from syncoxiders.ports.pipeline import Batch
from tests.engine.deployed import HOUR, OWNER, Deployed, goes_on, populated


@pytest.fixture
def world() -> Deployed:
    return populated()


def refuses(world: Deployed, name: str, error: Callable[[], Exception]) -> list[str]:
    """Let everything that is written to ``b`` under a name fail, until the list is emptied."""
    names = [name]
    inner = world.b.upload

    def upload(parent: Ref, called: str, *args: Any, **kwargs: Any) -> Entry:
        if called in names:
            raise error()
        return inner(parent, called, *args, **kwargs)

    vars(world.b)["upload"] = upload
    return names


def log(world: Deployed) -> list[str]:
    store = world.store()
    events = [event for run in store.runs(9) for event in store.events(run.id)]
    return [f"{event.verb} {event.path} {event.detail}" for event in events]


class TestWhatArrives:
    def test_of_all_kinds(self, world: Deployed) -> None:
        """Edits, new things, moves and deletions of either side are done at the other."""
        world.a.write("folder/0", b"edited")
        world.b.rename("folder/1", "moved")
        world.a.remove("folder/2")
        world.b.write("new/deep/file", b"new")
        world.look()
        world.look()
        assert world.a.tree() == world.b.tree()
        assert world.a.tree() == {
            "folder": None,
            "folder/0": b"edited",
            "folder/3": b"3",
            "folder/4": b"4",
            "moved": b"1",
            "new": None,
            "new/deep": None,
            "new/deep/file": b"new",
        }

    def test_folder_renamed(self, world: Deployed) -> None:
        """A folder with all that is in it is renamed by one request."""
        world.a.rename("folder", "renamed")
        before = world.b.mutations
        world.look()
        assert world.b.tree() == world.a.tree()
        assert world.b.mutations == before + 1

    def test_two_edits(self, world: Deployed) -> None:
        """Of a file edited on both sides, both versions are on both sides."""
        world.a.write("folder/0", b"one")
        world.b.write("folder/0", b"other")
        world.look()
        world.look()
        assert world.a.tree() == world.b.tree()
        assert {b"one", b"other"} <= set(world.a.tree().values())


class TestWhatFails:
    def test_error_of_ours(self, world: Deployed) -> None:
        """What breaks over one file stops nothing else, is told of, and is tried again."""
        names = refuses(world, "poison", lambda: RuntimeError("a bug"))
        for name in ("poison", "x", "y"):
            world.a.write(f"folder/{name}", b"content")
        world.look()
        assert {"folder/x", "folder/y"} <= world.b.tree().keys()
        assert "folder/poison" not in world.b.tree()
        assert any("poison" in each and "RuntimeError" in each for each in log(world))
        assert "a bug" not in "".join(log(world))
        names.clear()
        goes_on(world, HOUR + 180)
        assert world.b.tree() == world.a.tree()

    def test_refused(self, world: Deployed) -> None:
        """What a provider refuses is told of; it is tried again an hour later, not at once."""
        names = refuses(world, "odd", lambda: Refused("not this name"))
        world.a.write("odd", b"content")
        world.look()
        assert [each for each in log(world) if "not this name" in each]
        told = len(log(world))
        goes_on(world, 600)
        assert len(log(world)) == told
        names.clear()
        goes_on(world, HOUR)
        assert world.b.tree() == world.a.tree()

    @pytest.mark.parametrize("pause", [40.0, 5 * HOUR])
    def test_throttled(self, world: Deployed, pause: float) -> None:
        """A pause is kept, and then all is done."""
        asked: list[float] = []

        def error() -> ProviderError:
            asked.append(world.clock.now())
            return Throttled("slower", pause)

        names = refuses(world, "x", error)
        world.a.write("folder/x", b"content")
        world.look()
        assert len(asked) == 1
        names.clear()
        goes_on(world, pause / 2)
        assert "folder/x" not in world.b.tree()
        goes_on(world, pause + 1_200)
        assert world.b.tree() == world.a.tree()

    def paused(self, world: Deployed) -> float:
        """Return for how long the account of ``b`` is left alone from now on."""
        found = world.registry.account(OWNER, "b")
        assert found is not None
        return found.not_before - world.clock.now()

    def test_throttled_amid_recovery(
        self, world: Deployed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Everybody is told of a pause, though it was asked for before anything was done."""
        refuses(world, "x", lambda: Unreachable("no answer"))
        world.a.write("folder/x", b"content")
        world.look()

        def at(*_: object) -> None:
            raise Throttled("slower", 500.0)

        with monkeypatch.context() as patch:
            patch.setattr(world.b, "at", at)
            world.clock.advance(60.0)
            sweep(world.pipeline)
            world.settle()
        assert self.paused(world) == pytest.approx(500.0)

    def test_unreachable(self, world: Deployed) -> None:
        """One who cannot be reached gets all of it afterwards."""
        world.b.offline = True
        world.a.write("folder/x", b"content")
        world.a.remove("folder/0")
        world.look()
        goes_on(world, 2 * HOUR)
        world.b.offline = False
        goes_on(world, HOUR)
        world.look()
        assert world.b.tree() == world.a.tree()

    def test_revoked(self, world: Deployed) -> None:
        """A person is told that the account has to be connected again; then all is done."""
        names = refuses(world, "x", lambda: Revoked("connect it again"))
        world.a.write("folder/x", b"content")
        world.look()
        found = world.registry.account(OWNER, "b")
        assert found is not None
        assert found.trouble == "connect it again"
        names.clear()
        world.look()
        goes_on(world, HOUR)
        assert world.b.tree() == world.a.tree()

    def halved(self, world: Deployed) -> Batch:
        """Return a batch that has dropped ``x``, to be planned right now, and put off ``y``."""
        stale = ["x"]

        def upload(_: Ref, called: str, *__: Any, **___: Any) -> Entry:
            if called in stale:
                stale.clear()
                raise Stale("not as planned")
            raise Unreachable("no answer")

        vars(world.b)["upload"] = upload
        world.a.write("folder/x", b"content")
        world.a.write("folder/y", b"more")
        world.failing = {"apply"}
        world.look()
        world.failing = {"merge"}
        world.settle()
        world.failing = {"apply"}
        del vars(world.b)["upload"]
        batch, later = sorted(world.store().batches(), key=lambda each: bool(each.again))
        world.clock.advance(AGAIN)
        apply(world.pipeline, Apply(OWNER, world.settings.id, later.id))
        return batch

    def test_dropped(self, world: Deployed) -> None:
        """What a batch has dropped, and was planned again, is not done by it as well."""
        batch = self.halved(world)
        world.settle()
        (again,) = (each for each in world.store().batches() if each.id != batch.id)
        assert set(again.actions) < set(batch.actions)
        world.clock.advance(60.0)
        apply(world.pipeline, Apply(OWNER, world.settings.id, batch.id))
        assert "folder/y" in world.b.tree()
        assert "folder/x" not in world.b.tree()
        world.failing.clear()
        goes_on(world, 300)
        assert world.b.tree() == world.a.tree()

    def test_dropped_and_not_handed_out(
        self, world: Deployed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is handed out by the next planner, should the first have died before it could."""

        def hand_out(*_: object) -> None:
            raise StateUnavailable("dead")

        self.halved(world)
        with monkeypatch.context() as patch:
            patch.setattr(Entering, "_hand_out", hand_out)
            with pytest.raises(StateUnavailable):
                world.settle()
        world.merges.purge()
        world.failing.clear()
        goes_on(world, 600)
        assert world.b.tree() == world.a.tree()

    def test_planner_dies(self, world: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
        """What a planner has found to be done, and could not do yet, outlives it."""
        world.a.write("folder/deep/file", b"deep")
        world.a.write("other", b"so that not all is removed")
        world.look()
        world.failing.add("apply")
        world.b.rename("folder", "moved")
        world.look()
        world.a.remove("folder")  # all that is in it survives, once its move is closed

        def hold(*_: object) -> None:
            raise StateUnavailable("dead")

        with monkeypatch.context() as patch:
            patch.setattr(Entering, "_hold", hold)
            with pytest.raises(StateUnavailable):
                world.look()
        world.merges.purge()
        world.failing.clear()
        goes_on(world, 2 * HOUR)
        assert world.a.tree() == world.b.tree()
        assert world.a.tree()["moved/deep/file"] == b"deep"

    def test_planner_of_everything_dies(
        self, world: Deployed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Everything is planned again after it, though under the settings that were before it."""
        planned: list[object] = []
        suspects = Backlog.suspects

        def conclude(*_: object) -> None:
            raise StateUnavailable("dead")

        def counted(backlog: Backlog) -> Iterable[int]:
            planned.append(backlog)
            return suspects(backlog)

        monkeypatch.setattr(Backlog, "suspects", counted)
        world.put(patterns=("x",))
        with monkeypatch.context() as patch:
            patch.setattr(Planner, "_conclude", conclude)
            with pytest.raises(StateUnavailable):
                goes_on(world, 60)
        assert len(planned) == 1
        world.merges.purge()
        world.put(patterns=())
        goes_on(world, 180)
        assert len(planned) == 2

    def test_settings_that_are_back(self, world: Deployed) -> None:
        """What was planned before others were planned under is not done: endpoints are joined."""
        world.failing = {"apply"}
        world.a.remove("folder/0")
        world.look()
        world.put(patterns=("x",), changed_at=world.clock.now())
        goes_on(world, 60)
        world.failing = {"merge"}
        world.put(patterns=(), changed_at=world.clock.now())
        goes_on(world, 120)
        assert "folder/0" in world.b.tree()
        world.failing = set()
        goes_on(world, 120)
        assert "folder/0" in world.a.tree()
        assert world.a.tree() == world.b.tree()


class TestGuards:
    def test_many_deletions(self, world: Deployed) -> None:
        """Too many at once stop the sync until a person lets exactly that plan through."""
        world.put(max_delete="2")
        for number in range(4):
            world.a.remove(f"folder/{number}")
        world.look()
        assert len(world.b.tree()) == 6
        stop = setting.planning(world.store()).stop
        assert stop is not None
        assert stop.kind == "losses"
        goes_on(world, 300)
        assert len(world.b.tree()) == 6
        approvals.approve(world.store(), stop)
        goes_on(world, 120)
        assert world.b.tree() == world.a.tree()
        assert setting.planning(world.store()).stop is None

    def test_with_something_new(self, world: Deployed) -> None:
        """What is let through may hold new files, for which every planner has other numbers."""
        world.put(max_delete="2")
        for number in range(4):
            world.a.remove(f"folder/{number}")
        world.a.write("new/file", b"content")
        world.look()
        stop = setting.planning(world.store()).stop
        assert stop is not None
        approvals.approve(world.store(), stop)
        goes_on(world, 120)
        assert setting.planning(world.store()).stop is None
        assert world.b.tree() == world.a.tree()

    def test_other_settings(self, world: Deployed) -> None:
        """What was stopped under one rule is planned anew under another."""
        world.put(max_delete="2")
        for number in range(4):
            world.a.remove(f"folder/{number}")
        world.look()
        assert setting.planning(world.store()).stop is not None
        world.put(mode="copy")
        goes_on(world, 120)
        assert setting.planning(world.store()).stop is None
        assert len(world.b.tree()) == 6

    def test_one_file_edited_often(self, world: Deployed) -> None:
        """In a tree of a few files one may be saved as often as somebody likes."""
        for number in range(40):
            world.a.write("folder/0", b"draft %d" % number)
            world.look()
        assert setting.planning(world.store()).stop is None
        assert world.b.tree() == world.a.tree()

    def test_emptied(self, world: Deployed) -> None:
        """A side in which nothing is left stops as well."""
        world.a.remove("folder")
        world.look()
        assert len(world.b.tree()) == 6
        stop = setting.heard(world.store(), "a").stop
        assert stop is not None
        assert stop.kind == "emptied"

    def test_paused(self, world: Deployed) -> None:
        """While a sync is paused nothing is done; then all of it."""
        world.put(paused=True)
        world.a.write("folder/x", b"content")
        world.look()
        assert "folder/x" not in world.b.tree()
        world.put(paused=False)
        goes_on(world, 120)
        assert world.b.tree() == world.a.tree()
