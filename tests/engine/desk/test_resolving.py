"""Conflicts are decided at one endpoint, and all others follow; nothing is lost on the way."""

from collections.abc import Callable
from typing import Any

import pytest

from syncoxiders.adapters.memory.provider import MemoryProvider
from syncoxiders.adapters.memory.quirks import Quirks
from syncoxiders.api.shapes.conflicts import Conflict
from syncoxiders.core.model import Traits
from syncoxiders.engine.desk import conflicts
from syncoxiders.engine.desk.conflicts import Place
from syncoxiders.engine.desk.context import Desk
from syncoxiders.engine.desk.declined import Absent, Conflicting, Unfit, Withheld
from syncoxiders.engine.desk.resolving import Take, _Resolver, resolve
from syncoxiders.engine.desk.syncs import wake
from syncoxiders.engine.pipeline.sweep import sweep
from syncoxiders.ports.accounts import Account
from syncoxiders.ports.errors import Revoked, Throttled, Unreachable
from syncoxiders.ports.registry import EndpointSettings
from tests.engine.deployed import OWNER, Deployed

ONE, OTHER, MERGED = b"of a, the older", b"of b, the newer one", "merged: grün\n"
PATHS = Quirks(traits=Traits(stable_ids=False, cheap_hash=True))
TRASHLESS = Quirks(traits=Traits(keeps_replaced=False, cheap_hash=True), replace_keeps_id=False)

Worlds = Callable[..., "Case"]


class Case:
    """A sync with one conflict over ``folder/x.txt``, and other files that nobody touches."""

    def __init__(self, quirks: Quirks | None = None, count: int = 2, **settings: Any) -> None:
        self.world = Deployed()
        names = "abc"[:count]
        for name in names:
            provider = MemoryProvider(quirks, clock=self.world.clock, name=name)
            self.world.providers[name] = provider
            self.world.registry.put_account(OWNER, Account(name, "memory"))
        self.a, self.b = (self.provider(each) for each in "ab")
        endpoints = tuple(EndpointSettings(each, each) for each in names)
        self.world.put(endpoints=endpoints, **settings)
        self.a.write("folder/y.txt", b"untouched")
        self.a.write("folder/x.txt", b"agreed")
        self.look()
        self.a.write("folder/x.txt", ONE)
        self.world.clock.advance(5.0)
        self.b.write("folder/x.txt", OTHER)
        self.look()
        self.desk = Desk(self.world.pipeline, OWNER)

    def provider(self, name: str) -> MemoryProvider:
        found = self.world.providers[name]
        assert isinstance(found, MemoryProvider)
        return found

    def look(self) -> None:
        for _ in range(3):
            self.world.look()
            sweep(self.world.pipeline)
            self.world.settle()

    def change(self, **settings: Any) -> None:
        """Change the rule, as a person does."""
        self.world.put(**settings)
        wake(self.desk, self.world.settings)
        self.world.settle()

    def listed(self) -> list[Conflict]:
        return conflicts.some(self.desk, Place())[0]

    @property
    def conflict(self) -> Conflict:
        (found,) = self.listed()
        return found

    def decide(self, take: Take, text: str | None = None) -> None:
        self.world.clock.advance(1.0)
        resolve(self.desk, self.world.settings, self.conflict.id, take, text)
        self.world.settle()
        self.look()

    def trees(self) -> list[dict[str, bytes | None]]:
        return [self.provider(each).tree() for each in self.world.providers]

    def agreed(self) -> dict[str, bytes | None]:
        """Return what stands everywhere, without what nobody touched."""
        first, *others = self.trees()
        assert all(each == first for each in others), self.trees()
        assert first.pop("folder/y.txt") == b"untouched"
        assert first.pop("folder") is None
        return first

    def quiet(self) -> None:
        """Make sure that nothing is left to be done."""
        before = [self.provider(each).mutations for each in self.world.providers]
        self.look()
        assert [self.provider(each).mutations for each in self.world.providers] == before
        assert not self.world.store().open_actions()


@pytest.fixture(params=["ids", "paths", "trashless", "three"])
def case(request: pytest.FixtureRequest) -> Case:
    """A two-way sync with a conflict, at providers of several kinds."""
    if request.param == "three":
        return Case(count=3)
    return Case({"ids": None, "paths": PATHS, "trashless": TRASHLESS}[request.param])


class TestTwoWay:
    def test_facts(self, case: Case) -> None:
        """Both versions are told with where they were made, and what they are."""
        found = case.conflict
        assert (found.kept.path, found.kept.account) == ("folder/x.txt", "b")
        assert (found.kept.size, found.other.size) == (len(OTHER), len(ONE))
        assert (found.other.account, found.other.media) == ("a", "text")
        assert found.other.path.startswith("folder/x.conflict-a-")
        assert found.kept.modified_at is not None
        assert found.other.modified_at is not None
        assert found.kept.modified_at > found.other.modified_at

    def test_kept(self, case: Case) -> None:
        """The other version goes everywhere, the kept one stays."""
        case.decide("kept")
        assert case.agreed() == {"folder/x.txt": OTHER}
        assert case.listed() == []
        case.quiet()

    def test_other(self, case: Case) -> None:
        """The other version takes the name everywhere, the kept one goes."""
        case.decide("other")
        assert case.agreed() == {"folder/x.txt": ONE}
        assert case.listed() == []
        case.quiet()

    def test_both(self, case: Case) -> None:
        """Both stay where they are, and are no conflict any more."""
        before = case.trees()
        mutations = [case.provider(each).mutations for each in case.world.providers]
        case.decide("both")
        assert case.trees() == before
        assert [case.provider(each).mutations for each in case.world.providers] == mutations
        assert case.listed() == []

    def test_merged(self, case: Case) -> None:
        """A text takes the kept one's place everywhere, and the other goes."""
        case.decide("merged", MERGED)
        assert case.agreed() == {"folder/x.txt": MERGED.encode()}
        assert case.listed() == []
        case.quiet()

    def test_edited_afterwards(self, case: Case) -> None:
        """What was decided is a file like any other."""
        case.decide("other")
        case.b.write("folder/x.txt", b"edited")
        case.look()
        assert case.agreed() == {"folder/x.txt": b"edited"}

    @pytest.mark.parametrize("take", ["kept", "other", "merged"])
    def test_trash(self, take: Take) -> None:
        """What was not chosen is in trash or versions where it was decided."""
        case = Case()
        case.decide(take, MERGED if take == "merged" else None)
        gone = {"kept": {ONE}, "other": {OTHER}, "merged": {ONE, OTHER}}[take]
        assert gone <= {*case.a.trash(), *case.a.versions()}


class TestWhatChangedMeanwhile:
    @pytest.mark.parametrize("take", ["kept", "other", "merged"])
    @pytest.mark.parametrize("which", ["kept", "other"])
    @pytest.mark.parametrize("how", ["edited", "removed"])
    def test_not_seen_yet(self, take: Take, which: str, how: str) -> None:
        """What is no longer as it was shown is neither deleted nor overwritten."""
        case = Case()
        path = case.conflict.kept.path if which == "kept" else case.conflict.other.path
        at = case.a
        if how == "edited":
            at.write(path, b"edited meanwhile")
        else:
            at.remove(path)
        with pytest.raises(Conflicting) as caught:
            case.decide(take, MERGED if take == "merged" else None)
        assert caught.value.code == "changed-meanwhile"
        standing = at.tree()
        if how == "edited":
            assert standing[path] == b"edited meanwhile"
        rest = case.conflict.other.path if which == "kept" else case.conflict.kept.path
        content = {ONE, OTHER, MERGED.encode()}
        assert standing[rest] in content
        case.look()
        first, *others = case.trees()
        assert all(each == first for each in others)

    def test_seen_and_not_planned(self) -> None:
        """So it is where the edit was heard of, and not planned yet."""
        case = Case()
        case.world.failing = {"merge"}
        case.b.write("folder/x.txt", b"edited meanwhile")
        case.world.look()
        with pytest.raises(Conflicting):
            case.decide("other")
        case.world.failing = set()
        case.look()
        case.decide("other")
        assert case.agreed() == {"folder/x.txt": ONE}

    def test_under_way(self) -> None:
        """While a version is being brought somewhere it is not decided."""
        case = Case()
        case.world.failing = {"apply"}
        case.a.write(case.conflict.other.path, b"longer than it was before")
        case.world.look()
        with pytest.raises(Conflicting) as caught:
            case.decide("kept")
        assert caught.value.code == "being-synced"

    def test_edited_elsewhere(self) -> None:
        """An edit of the deleted version that nobody had heard of survives."""
        case = Case()
        case.b.write(case.conflict.other.path, b"edited at b")
        case.decide("kept")
        assert b"edited at b" in case.agreed().values()
        assert case.agreed()["folder/x.txt"] == OTHER

    def test_kept_was_deleted(self) -> None:
        """Where a person deleted the kept version, the other one can take its name, or stay."""
        case = Case()
        case.b.remove("folder/x.txt")
        case.look()
        assert case.conflict.kept.deleted
        assert case.conflict.kept.path == "folder/x.txt"
        for take in ("kept", "merged"):
            with pytest.raises(Conflicting):
                resolve(
                    case.desk,
                    case.world.settings,
                    case.conflict.id,
                    take,
                    MERGED if take == "merged" else None,
                )
        case.decide("other")
        assert case.agreed() == {"folder/x.txt": ONE}
        assert case.listed() == []

    def test_other_was_deleted(self) -> None:
        """Where a person deleted the other version there is no conflict any more."""
        case = Case()
        known = case.conflict
        case.b.remove(known.other.path)
        case.look()
        assert case.listed() == []
        with pytest.raises(Absent):
            resolve(case.desk, case.world.settings, known.id, "kept", None)

    def test_name_taken(self) -> None:
        """Something that comes to stand in the place in between is left alone, as are versions."""
        case = Case()
        inner = case.a.move

        def move(*args: Any) -> Any:
            entry = inner(*args)
            if ".conflict-" in args[3]:  # the kept one stands aside
                case.a.write("folder/x.txt", b"somebody else's")
            return entry

        vars(case.a)["move"] = move
        with pytest.raises(Conflicting):
            case.decide("other")
        vars(case.a).pop("move")
        case.look()
        assert sorted(filter(None, case.agreed().values())) == sorted(
            [ONE, OTHER, b"somebody else's"]
        )


class TestDeaths:
    @pytest.mark.parametrize("take", ["kept", "other", "merged"])
    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("step", range(1, 4))
    @pytest.mark.parametrize("quirks", [None, PATHS, TRASHLESS])
    def test_nothing_lost(
        self,
        take: Take,
        when: str,
        step: int,
        quirks: Quirks | None,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Whoever dies at any step leaves the chosen content, and it can be decided again."""
        case = Case(quirks)
        left = [step]

        def dies(_: str) -> None:
            left[0] -= 1
            if not left[0]:
                monkeypatch.setattr(_Resolver, "_observe", lambda *_: None)
                raise SystemExit("killed")

        if when == "before":
            case.a.before = dies
        else:
            case.a.after = dies
        text = MERGED if take == "merged" else None
        known = case.conflict
        try:
            resolve(case.desk, case.world.settings, known.id, take, text)
        except SystemExit:
            died = True
        else:
            died = False
        monkeypatch.undo()
        case.a.before = case.a.after = None
        chosen = {"kept": OTHER, "other": ONE, "merged": MERGED.encode()}[take]
        standing = set(case.a.tree().values())
        assert chosen in standing or {ONE, OTHER} <= standing
        case.look()
        found = case.agreed()
        assert chosen in found.values() or {ONE, OTHER} <= set(found.values())
        if died and case.listed():
            again = case.conflict
            if again.kept.deleted and take != "other":
                pytest.fail(f"the kept version is gone, though {take} was asked for: {found}")
            case.decide(take, text)
            found = case.agreed()
        if take == "other" and len(found) > 1:  # it had stepped aside, and is a file of its own
            assert set(found.values()) == {ONE, OTHER}
        else:
            assert set(found.values()) == {chosen}
        assert case.listed() == []
        case.quiet()

    @pytest.mark.parametrize("take", ["kept", "other", "merged"])
    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("step", range(1, 4))
    @pytest.mark.parametrize("quirks", [None, PATHS, TRASHLESS])
    def test_pipeline_in_between(
        self, take: Take, when: str, step: int, quirks: Quirks | None
    ) -> None:
        """Others may look, plan and act between any two steps: the end is the same."""
        case = Case(quirks)
        left = [step]

        def works(_: str) -> None:
            left[0] -= 1
            if not left[0]:
                hooks = case.a.before, case.a.after
                case.a.before = case.a.after = None
                case.look()
                case.a.before, case.a.after = hooks

        setattr(case.a, when, works)
        text = MERGED if take == "merged" else None
        try:
            resolve(case.desk, case.world.settings, case.conflict.id, take, text)
        except Conflicting:
            declined = True
        else:
            declined = False
        case.a.before = case.a.after = None
        case.look()
        chosen = {"kept": OTHER, "other": ONE, "merged": MERGED.encode()}[take]
        if declined and case.listed():
            case.decide(take, text)
        assert set(case.agreed().values()) == {chosen}
        assert list(case.agreed()) == ["folder/x.txt"]
        assert case.listed() == []
        case.quiet()

    def test_throttled(self) -> None:
        """Who is told to wait is told when to come again, and the provider is left alone."""
        case = Case()

        def throttled(_: str) -> None:
            raise Throttled("slower", 60.0)

        case.a.before = throttled
        with pytest.raises(Withheld) as caught:
            case.decide("kept")
        case.a.before = None
        calls = case.a.calls.total()
        with pytest.raises(Withheld, match="left alone until"):
            case.decide("kept")
        assert caught.value.code == "account-paused"
        assert case.a.calls.total() == calls
        case.world.clock.advance(61.0)
        case.decide("kept")
        assert case.agreed() == {"folder/x.txt": OTHER}

    def test_lost_answer(self) -> None:
        """What was done though nobody heard of it is found, and can be decided to its end."""
        case = Case()

        def lost(operation: str) -> None:
            if operation == "move":
                case.a.after = None
                raise Unreachable("no answer")

        case.a.after = lost
        with pytest.raises(Withheld):
            case.decide("other")
        case.look()
        if case.listed():
            case.decide("other")
        assert ONE in case.agreed().values()
        assert case.agreed()["folder/x.txt"] == ONE


class TestModes:
    @pytest.fixture
    def one_way(self) -> Case:
        """One-way, where the destination's version was newer, and is kept beside."""
        case = Case(mode="one-way", keep="older")
        assert case.a.tree()["folder/x.txt"] == ONE
        return case

    def test_kept(self, one_way: Case) -> None:
        """The destination's version is deleted where it stands."""
        assert one_way.conflict.other.account == "b"
        one_way.decide("kept")
        assert one_way.agreed() == {"folder/x.txt": ONE}
        assert one_way.listed() == []
        one_way.quiet()

    def test_other(self, one_way: Case) -> None:
        """It cannot take the source's place: nothing goes from a destination to the source."""
        with pytest.raises(Conflicting, match="only what stands at a") as caught:
            one_way.decide("other")
        assert caught.value.code == "mode-forbids"
        assert one_way.a.tree()["folder/x.txt"] == ONE

    def test_merged(self, one_way: Case) -> None:
        """A text goes to the source, and from there to the destination."""
        one_way.decide("merged", MERGED)
        assert one_way.agreed() == {"folder/x.txt": MERGED.encode()}
        assert one_way.listed() == []

    def test_both(self, one_way: Case) -> None:
        """Both stay."""
        before = one_way.trees()
        one_way.decide("both")
        assert one_way.trees() == before
        assert one_way.listed() == []

    @pytest.mark.parametrize("mode", ["copy", "one-way"])
    @pytest.mark.parametrize("take", ["kept", "merged", "both"])
    def test_after_two_way(self, mode: str, take: Take) -> None:
        """A conflict from before the mode was changed is decided wherever its versions stand."""
        case = Case()
        case.change(mode=mode)
        case.decide(take, MERGED if take == "merged" else None)
        expected = {"kept": {OTHER}, "merged": {MERGED.encode()}, "both": {ONE, OTHER}}[take]
        assert set(case.agreed().values()) == expected
        assert case.listed() == []

    def test_other_after_two_way(self) -> None:
        """Of a source that has both, one-way passes the exchange on; copy passes no deletion on."""
        case = Case()
        case.change(mode="copy")
        with pytest.raises(Conflicting, match="are not passed on"):
            case.decide("other")
        case.change(mode="one-way")
        case.decide("other")
        assert case.agreed() == {"folder/x.txt": ONE}
        assert case.listed() == []


class TestWhatCannotBe:
    @pytest.mark.parametrize(
        ("take", "text"), [("merged", None), ("merged", "\ud800"), ("kept", "text")]
    )
    def test_unfit(self, take: Take, text: str | None) -> None:
        """A text goes with merged, and with nothing else."""
        case = Case()
        with pytest.raises(Unfit) as caught:
            case.decide(take, text)
        assert caught.value.field == "text"
        assert case.listed()

    def test_no_such(self) -> None:
        """What is no conflict is not decided, whatever else has that number."""
        case = Case()
        store = case.world.store()
        plain = next(each for some in store.base().ids() for each in some)
        for wrong in ("", "x", "-1", "0", "ffffffffffffffff", f"{plain:x}", "1" * 40):
            if wrong == case.conflict.id:
                continue
            with pytest.raises(Absent):
                resolve(case.desk, case.world.settings, wrong, "both", None)

    def test_broken(self) -> None:
        """An account that has to be connected again is named, and nothing is done."""
        case = Case()

        def revoked(_: str) -> None:
            raise Revoked("the access was ended")

        case.a.before = revoked
        with pytest.raises(Withheld, match="a: the access was ended") as caught:
            case.decide("kept")
        assert caught.value.code == "account-broken"
        assert case.listed()
