"""What the engine knows of the ``.syncignore`` files in the trees."""

import pytest

from syncoxiders.core.filters import Filter
from syncoxiders.core.model import Entry, Kind
from syncoxiders.engine.ignorefiles import LIMIT, IgnoreFiles
from syncoxiders.engine.pipeline.messages import Poll
from syncoxiders.ports.errors import Throttled
from syncoxiders.ports.state import Commit, Observation
from tests.engine.deployed import OWNER, Deployed
from tests.engine.world import World


class Watched:
    """A world in which looks tell of what they find."""

    def __init__(self, names: str = "ab") -> None:
        self.world = World(names)

    def look(self, *, die: bool = False) -> None:
        """Observe all trees, as a run's look does; ``die`` before that is committed."""
        store = self.world.store.sync("me", "sync")
        files = IgnoreFiles(self.world.context())
        for name, provider in self.world.providers.items():
            tree = store.observed(name)
            for delta in provider.rescan(tree):
                files.see(name, delta.changed)
                if not die:
                    store.commit(Commit(observed=[Observation(name, delta.changed, delta.missing)]))

    def patterns(self) -> list[tuple[str, str]]:
        rules, complaints = IgnoreFiles(self.world.context()).rules()
        assert complaints == ()
        return [(rule.scope, rule.pattern) for rule in rules]


@pytest.fixture
def watched() -> Watched:
    watched = Watched()
    watched.world.a.write(".syncignore", b"*.log\n")
    watched.world.a.write("sub/dir/.syncignore", b"/x\n!y\n")
    watched.world.a.write("sub/syncignore", b"z\n")
    watched.world.b.write(".syncignore", b"*.log\n")
    watched.look()
    return watched


def test_files_are_found_with_their_folder(watched: Watched) -> None:
    """Each file's rules speak of its folder; what all endpoints say is said once."""
    assert sorted(watched.patterns()) == [("", "*.log"), ("sub/dir", "/x"), ("sub/dir", "y")]


def test_files_are_remembered(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that no look tells of again still counts, and is not read again."""
    watched.patterns()
    watched.look()
    for provider in watched.world.providers.values():
        monkeypatch.setattr(provider, "read", None)
    assert len(watched.patterns()) == 3


def test_an_edit_counts_at_once(watched: Watched) -> None:
    """A changed file has its new rules; where another endpoint's differs, both apply."""
    watched.patterns()
    watched.world.b.write(".syncignore", b"*.tmp\n")
    watched.look()
    assert [each for each in watched.patterns() if not each[0]] == [("", "*.log"), ("", "*.tmp")]


def test_what_is_said_again_later_counts_later() -> None:
    """Where endpoints differ in a file the rules of all apply in their order: the last one wins."""
    watched = Watched("abc")
    for name, data in zip("abc", (b"!x\n", b"*\n", b"!x\n"), strict=True):
        watched.world.providers[name].write(".syncignore", data)
    watched.look()
    rules, _ = IgnoreFiles(watched.world.context()).rules()
    assert [(rule.pattern, rule.include) for rule in rules] == [("*", False), ("x", True)]
    assert not Filter(ignored=rules).out("x", Kind.FILE, None, None)


def test_a_file_that_is_gone_says_nothing(watched: Watched) -> None:
    """The rules of a file that was deleted are gone with it."""
    watched.patterns()
    watched.world.a.remove("sub/dir/.syncignore")
    watched.look()
    assert watched.patterns() == [("", "*.log")]


def test_a_file_moves_with_its_folder(watched: Watched) -> None:
    """Where a folder above is renamed, the rules speak of its new place."""
    watched.patterns()
    watched.world.a.rename("sub", "new")
    watched.look()
    assert ("new/dir", "/x") in watched.patterns()


def test_a_look_that_dies_forgets_no_file(watched: Watched) -> None:
    """A file is known from before it is observed."""
    watched.world.b.write("late/.syncignore", b"q\n")
    watched.look(die=True)
    assert ("late", "q") not in watched.patterns()
    watched.look()
    assert ("late", "q") in watched.patterns()


def test_a_copy_speaks_for_itself() -> None:
    """A file that is deleted, and comes back from the copy that was made of it, is in force."""
    world = World()
    world.a.write("sub/.syncignore", b"*.log\n")
    world.run()
    world.a.remove("sub/.syncignore")
    world.a.write("new/.syncignore", b"*.tmp\n")  # under other rules nothing is deleted
    world.run()
    world.run()
    assert "sub/.syncignore" in world.a.tree()
    world.b.write("sub/x.log", b"not for a")
    world.run()
    assert "sub/x.log" not in world.a.tree()


def test_a_copy_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was carried is known."""
    world = World()
    world.a.write(".syncignore", b"*.log\n")
    world.run()
    monkeypatch.setattr(world.b, "read", None)
    world.b.write("x.log", b"not for a")
    world.run()
    assert "x.log" not in world.a.tree()


def test_a_comment_changes_no_rule() -> None:
    """Files that differ in nothing but words say the same: what goes on meanwhile is followed."""
    world = World()
    world.a.write(".syncignore", b"*.log\n")
    world.a.write("x", b"1")
    world.run()
    world.a.write(".syncignore", b"# of machines only\n*.log\n")
    world.a.remove("x")
    world.run()
    assert world.a.tree() == world.b.tree() == {".syncignore": b"# of machines only\n*.log\n"}


def test_what_cannot_be_read_is_told(watched: Watched) -> None:
    """A malformed line or a huge file is a complaint, and takes nothing else out of force."""
    watched.patterns()
    watched.world.a.write(".syncignore", b"*.bak\na[\n")
    watched.world.b.write("big/.syncignore", b"x" * (LIMIT + 1))
    watched.look()
    rules, complaints = IgnoreFiles(watched.world.context()).rules()
    assert len(rules) == 4  # the two roots' files differ now
    assert [text.split(" ")[0] for text in complaints] == [".syncignore,", "big/.syncignore"]


def test_an_unreachable_file_keeps_its_rules(watched: Watched) -> None:
    """What was hidden stays hidden while its list cannot be read."""
    watched.patterns()
    store = watched.world.store.sync("me", "sync")
    known = next(each for each in store.observed("a").children("/") if each.name == ".syncignore")
    elsewhere = Entry(known.id, known.parent, known.name, Kind.FILE, version="unheard of")
    store.commit(Commit(observed=[Observation("a", [elsewhere])]))
    rules, complaints = IgnoreFiles(watched.world.context()).rules()
    assert ("", "*.log") in [(rule.scope, rule.pattern) for rule in rules]
    assert "cannot be read" in complaints[0]


@pytest.fixture
def deployed() -> Deployed:
    """Two accounts in step, in one of which something is hidden."""
    deployed = Deployed()
    deployed.a.write(".syncignore", b"*.log\n")
    deployed.a.write("x.log", b"not yet for b")
    deployed.look()
    assert deployed.b.tree().keys() == {".syncignore"}
    return deployed


def test_a_pause_that_is_asked_for_at_a_file_is_heeded(deployed: Deployed) -> None:
    """Whoever wants to be left alone when a file is read is left alone."""

    def refuse(operation: str) -> None:
        if operation == "read":
            raise Throttled("slower", 60.0)

    deployed.a.on_call = refuse
    deployed.failing = {"merge"}  # nobody else asks for anything
    deployed.a.write(".syncignore", b"")
    deployed.look()
    account = deployed.registry.account(OWNER, "a")
    assert account is not None
    assert account.not_before > deployed.clock.now()


def test_what_a_file_says_is_news(deployed: Deployed) -> None:
    """A look at what the engine wrote finds nothing new but the patterns, and these count."""
    deployed.a.write(".syncignore", b"")
    deployed.look()
    assert deployed.b.tree()[".syncignore"] == b""
    deployed.look()
    assert deployed.b.tree() == deployed.a.tree()


def test_what_a_file_says_is_news_though_its_reader_died(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look that dies when it has read a file, and told nobody, is made up for by the next."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    deployed.a.write(".syncignore", b"")
    deployed.look()
    with monkeypatch.context() as patch:
        patch.setattr(IgnoreFiles, "untold", die)
        with pytest.raises(KeyboardInterrupt):
            deployed.look()
    assert "x.log" not in deployed.b.tree()
    deployed.look()
    assert deployed.b.tree() == deployed.a.tree()


@pytest.fixture
def lately() -> Deployed:
    """Two accounts in step, of which one was not looked at since it got a file from the other."""
    deployed = Deployed()
    deployed.a.write(".syncignore", b"*.log\n")
    look_at(deployed, "a", "b", "a")
    return deployed


def test_a_copy_goes_with_the_file_that_it_was_made_of(lately: Deployed) -> None:
    """A file is deleted though its copy was not looked at yet: it says what is in force."""
    lately.a.remove(".syncignore")
    lately.a.write("x.log", b"by now for b")
    look_at(lately, "a")
    look_at(lately, "a", "b")
    assert lately.a.tree() == lately.b.tree() == {"x.log": b"by now for b"}


def test_a_copy_speaks_though_what_it_was_made_of_is_forgotten(lately: Deployed) -> None:
    """Where the file comes back from a copy that was not looked at yet, it is in force."""
    lately.a.remove(".syncignore")
    lately.a.write("new/.syncignore", b"*.tmp\n")  # under other rules nothing is deleted
    look_at(lately, "a")
    look_at(lately, "a", "b")
    assert ".syncignore" in lately.a.tree()
    lately.b.write("x.log", b"not for a")
    look_at(lately, "a", "b")
    assert "x.log" not in lately.a.tree()


def look_at(deployed: Deployed, *names: str) -> None:
    """Have some accounts looked at, one after the other, and do what comes of each look."""
    for name in names:
        deployed.clock.advance(60.0)
        deployed.polls.send([Poll(OWNER, name).message(f"{name} {deployed.clock.now()}")])
        deployed.settle()
