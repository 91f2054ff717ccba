"""Planning while actions are open, planners have died, or a look is only half taken in."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import structs

from syncoxiders.adapters.memory.state import MemoryStateStore
from syncoxiders.core.draft import Draft
from syncoxiders.core.model import (
    ROOT,
    ROOT_ENTRY,
    Action,
    ActionKind,
    Endpoint,
    Entry,
    Kind,
    Mode,
    Node,
    Replica,
    Traits,
)
from syncoxiders.core.names import local_name
from syncoxiders.core.plan import Plan, closed, plan
from syncoxiders.core.rule import Look, Rule
from syncoxiders.core.tree import settle
from syncoxiders.engine.view import StoreView
from syncoxiders.ports.state import Commit, Observation
from tests.contracts.state_harness import entry, node, replica

RULE = Rule(tuple(Endpoint(each, each, Traits(case_insensitive=True)) for each in "ab"))


def planned(
    entries: Mapping[str, Sequence[Entry]],
    nodes: Sequence[Node],
    touched: Mapping[str, Sequence[str]],
    opened: Iterable[int] = (),
    rule: Rule = RULE,
    *,
    away: Mapping[int, Sequence[str]] | None = None,
    union: bool = False,
) -> Plan:
    """Return the plan of what was touched, where these entries and nodes are known.

    ``away`` are, by node, endpoints which are so and at which an action upon it is open.
    """
    store = MemoryStateStore().sync("me", "sync")
    seen = [Observation(each, put) for each, put in entries.items()]
    store.commit(Commit(nodes=nodes, observed=seen))
    untold = away or {}
    look = Look(
        touched=touched,
        suspects=sorted(untold),
        away=frozenset(each for some in untold.values() for each in some),
        open=frozenset(opened),
        union=union,
        first_id=store.base().next_id(),
        unanswered=lambda ident: untold.get(ident, ()),
    )
    return plan(StoreView(store), rule, look)


def file(ident: str, name: str, parent: str = ROOT_ENTRY) -> Entry:
    return entry(ident, parent, name, version=f"v{ident}", hashes=f"sha256:{ident}", size=1)


def folder(ident: str, name: str, parent: str = ROOT_ENTRY) -> Entry:
    return entry(ident, parent, name, kind=Kind.FOLDER)


def at(**entries: Entry) -> dict[str, Replica]:
    return {endpoint: replica(each) for endpoint, each in entries.items()}


def test_what_stands_where_something_is_being_written_waits() -> None:
    """It may be what the action has made, though poll has heard of it before the worker.

    Whether it was heard as well that what it replaced is no more makes no difference.
    """
    old, new, other = file("a1", "file"), file("a2", "file"), file("b1", "file")
    known = node(1, name="file", replicas=at(a=old, b=other))
    for seen in ([old, new], [new]):
        found = planned({"a": seen, "b": [other]}, [known], {"a": ["a2", "a1"]}, opened=[1])
        assert not found.nodes
        assert not found.actions
        assert found.open == (1,)
        assert ("a", "a2") in found.waiting


def test_what_stands_where_something_is_being_written_waits_though_it_is_to_move() -> None:
    """What is being written still stands where it was, though it was moved at another endpoint."""
    old, new, other = file("a1", "file"), file("a2", "file"), file("b1", "renamed")
    known = node(1, name="renamed", replicas=at(a=old, b=other))
    for seen in ([old, new], [new]):
        found = planned({"a": seen, "b": [other]}, [known], {"a": ["a2", "a1"]}, opened=[1])
        assert not found.nodes
        assert not found.actions
        assert ("a", "a2") in found.waiting


def test_what_stands_under_a_name_that_is_being_made_up_waits() -> None:
    """Where its own name is taken, what is being made goes by one that was allocated for it."""
    name = local_name("file.txt", RULE.endpoint("a").traits, lambda each: each == "file.txt")
    known = node(1, name="file.txt", replicas=at(b=file("b1", "file.txt")))
    for called, waits in ((name, True), ("file-00000000.txt", False)):
        made = file("a1", called)
        found = planned({"a": [made], "b": [file("b1", "file.txt")]}, [known], {"a": ["a1"]}, [1])
        assert (("a", "a1") in found.waiting) is waits
        assert bool(found.nodes) is not waits


def test_what_is_in_a_folder_that_is_being_made_is_remembered_by_it() -> None:
    """Of folders in each other that are being made, each is to be planned again once it is."""
    nodes = [
        node(1, name="d", kind=Kind.FOLDER, replicas=at(b=folder("b1", "d"))),
        node(2, 1, name="e", kind=Kind.FOLDER, replicas=at(b=folder("b2", "e", "b1"))),
        node(3, 2, name="f", kind=Kind.FOLDER, replicas=at(b=folder("b3", "f", "b2"))),
    ]
    theirs = [folder("b1", "d"), folder("b2", "e", "b1"), folder("b3", "f", "b2")]
    ours = [folder("a1", "d"), folder("a2", "e", "a1"), folder("a3", "f", "a2")]
    inside = file("a4", "new", "a3")
    found = planned({"a": [*ours, inside], "b": theirs}, nodes, {"a": ["a4"]}, opened=[1, 2, 3])
    assert not found.nodes
    assert found.open == (1, 2, 3)


def test_what_was_moved_to_a_folder_that_was_never_written_keeps_its_name() -> None:
    """A planner that died wrote what was moved, with its new name, and not yet the folder."""
    ours, theirs = folder("a1", "new name", "a2"), folder("b1", "old name")
    moved = node(
        1,
        99,
        name="new name",
        kind=Kind.FOLDER,
        place_gen=2,
        replicas={"a": replica(ours, place_gen=2), "b": replica(theirs)},
    )
    above = folder("a2", "above")
    found = planned({"a": [ours, above], "b": [theirs]}, [moved], {"a": ["a1", "a2"]})
    (value,) = (each for each in found.nodes if each.id == 1)
    (made,) = (each for each in found.nodes if each.id != 1)
    assert (value.parent, value.name) == (made.id, "new name")
    assert {each.endpoint for each in found.actions} == {"b"}


def test_what_comes_where_another_has_left_waits_until_that_is_planned() -> None:
    """Two files that changed places are no conflict, though only one of them is planned yet."""
    left, stays, come = file("a1", "other", "a3"), file("b1", "file"), file("a2", "file")
    place = folder("a3", "new")
    before = node(1, name="file", replicas=at(a=file("a1", "file"), b=stays))
    found = planned({"a": [left, come, place], "b": [stays]}, [before], {"a": ["a2"]})
    assert not found.notes
    assert not found.actions
    assert ("a", "a2") in found.waiting
    both = planned({"a": [left, come, place], "b": [stays]}, [before], {"a": ["a2", "a1"]})
    assert not both.notes
    assert both.actions


def test_a_folder_that_is_there_after_all_is_not_handed_to_another() -> None:
    """One that was missed while it was moved is the reason for no deletion any more."""
    known = folder("b1", "old")
    deleted = {"a": replica(folder("a1", "old")), "b": replica(known, gone=True)}
    nodes = [
        node(1, name="old", kind=Kind.FOLDER, gone=True, replicas=deleted),
        node(2, name="new", kind=Kind.FOLDER, replicas=at(a=folder("a2", "new"))),
    ]
    entries = {"a": [folder("a1", "old"), folder("a2", "new")], "b": [folder("b1", "new")]}
    found = planned(entries, nodes, {"b": ["b1"]})
    assert not [each for each in found.actions if each.kind is ActionKind.DELETE]
    assert not [each for each in found.nodes if each.gone]


def test_a_folder_that_an_endpoint_lacks_is_planned_with_what_is_in_it() -> None:
    """Its own action may have failed while it stood nowhere, and nothing told of it."""
    theirs = folder("b1", "d"), file("b2", "file", "b1")
    parked = file("a2", "elsewhere")
    nodes = [
        node(1, name="d", kind=Kind.FOLDER, replicas=at(b=theirs[0])),
        node(
            2,
            1,
            name="file",
            place_gen=2,
            replicas={"a": replica(parked), "b": replica(theirs[1], place_gen=2)},
        ),
    ]
    found = planned({"a": [parked], "b": theirs}, nodes, {"a": ["a2"]})
    assert [each.kind for each in found.actions] == [ActionKind.MAKE_FOLDER, ActionKind.MOVE]
    assert not found.postponed
    waits = planned({"a": [parked], "b": theirs}, nodes, {"a": ["a2"]}, opened=[1])
    assert not waits.actions
    assert waits.postponed == (2,)


def test_an_extra_stays_until_it_is_known_what_the_source_has_in_its_place() -> None:
    """Its deletion would be refused, and planned again at once, for as long as that takes."""
    made = node(1, name="d", kind=Kind.FOLDER, replicas=at(a=folder("a1", "d")))
    entries = {"a": [folder("a2", "d")], "b": [file("b1", "d")]}
    touched = {"a": ["a2"], "b": ["b1"]}
    rule = structs.replace(RULE, mode=Mode.ONE_WAY)
    found = planned(entries, [made], touched, opened=[1], rule=rule)
    assert not found.actions
    (extra,) = found.nodes
    assert found.postponed == (extra.id,)
    later = planned(entries, [made, extra], {"a": ["a2", "a1"], "b": ["b1"]}, rule=rule)
    assert [each.kind for each in later.actions] == [ActionKind.DELETE, ActionKind.MAKE_FOLDER]


THREE = Rule(tuple(Endpoint(each, each, Traits()) for each in "abc"))


def deed(kind: ActionKind, endpoint: str, entry: Entry | None = None) -> Action:
    return Action("id", kind, endpoint, 1, entry.id if entry else "", content_gen=1, place_gen=1)


def test_what_somebody_may_have_got_is_not_forgotten() -> None:
    """What is deleted while who is away may have been given it stays a tombstone until it tells.

    Then it is deleted there, too, if it was given it, and is forgotten if not.
    """
    known = node(1, name="file", replicas=at(a=file("a1", "file")))
    assert planned({}, [known], {"a": ["a1"]}, rule=THREE).forget == (1,)
    found = planned({}, [known], {"a": ["a1"]}, rule=THREE, away={1: ["b"]})
    assert not found.forget
    (tombstone,) = found.nodes
    assert tombstone.gone
    assert tombstone.unanswered == ("b",)
    assert planned({}, [tombstone], {"a": ["a1"]}, rule=THREE).forget == (1,)
    given = file("b1", "file")
    told = closed(tombstone, deed(ActionKind.CREATE, "b"), given)
    assert told is not None
    assert not told.unanswered
    (action,) = planned({"b": [given]}, [told], {"b": ["b1"]}, rule=THREE).actions
    assert (action.kind, action.endpoint) == (ActionKind.DELETE, "b")


def test_what_somebody_may_have_got_is_not_forgotten_once_it_is_deleted() -> None:
    """The last deletion that is closed forgets a node, unless somebody may have got it."""
    theirs = file("c1", "file")
    replicas = {"a": replica(file("a1", "file"), gone=True), "c": replica(theirs)}
    tombstone = node(1, name="file", gone=True, replicas=replicas, unanswered=("b",))
    left = closed(tombstone, deed(ActionKind.DELETE, "c", theirs), None)
    assert left is not None
    assert all(each.gone for each in left.replicas.values())
    assert closed(left, deed(ActionKind.DELETE, "b", theirs), None) is None


def test_what_lives_again_waits_for_no_answer() -> None:
    """What is made anew where it was deleted is no tombstone, whoever may have got it before."""
    gone = {"a": replica(file("a1", "file"), gone=True)}
    tombstone = node(1, name="file", gone=True, replicas=gone, unanswered=("b",))
    made = file("a1", "file")
    found = planned({"a": [made]}, [tombstone], {"a": ["a1"]}, rule=THREE, away={1: ["b"]})
    (value,) = found.nodes
    assert not value.gone
    assert not value.unanswered
    assert [each.endpoint for each in found.actions] == ["c"]


def test_what_stands_in_a_folder_that_stays_another_nodes_waits() -> None:
    """Nothing is written of what is in a folder of which base does not say what the plan did.

    Here two folders have changed places at one of three, and are told apart as a rule has changed;
    but what is in them is not comparable yet, so that all stays as it was.
    """
    outer = {each: folder(f"{each}1", "d") for each in "abc"}
    inner = {each: folder(f"{each}2", "n", f"{each}1") for each in "abc"}
    files = {each: file(f"{each}3", "z", f"{each}2") for each in "abc"}
    known = [
        node(1, name="d", kind=Kind.FOLDER, replicas=at(**outer)),
        node(2, parent=1, name="n", kind=Kind.FOLDER, replicas=at(**inner)),
        node(3, parent=2, name="z", replicas=at(**files)),
    ]
    edited = {each: structs.replace(files[each], version="new", hashes="") for each in "ac"}
    seen = {
        "a": [outer["a"], inner["a"], edited["a"], folder("a4", "f", "a1")],
        "b": [folder("b2", "d"), folder("b1", "n", "b2"), files["b"], folder("b4", "f", "b2")],
        "c": [outer["c"], inner["c"], edited["c"]],
    }
    rule = Rule(tuple(Endpoint(each, each, Traits(case_insensitive=True)) for each in "abc"))
    touched = {each: [one.id for one in seen[each]] for each in "abc"}
    found = planned(seen, known, touched, rule=rule, union=True)
    assert found.probes
    assert not found.nodes
    assert {("a", "a4"), ("b", "b4")} <= set(found.waiting)


def test_a_cycle_of_what_nobody_has_moved_so() -> None:
    """What stands in a circle though no endpoint has it there goes back to where it was."""
    store = MemoryStateStore().sync("me", "sync")
    above = folder("a1", "above")
    store.commit(
        Commit(
            nodes=[
                node(1, name="above", kind=Kind.FOLDER, replicas=at(a=above)),
                node(2, 1, name="inside", kind=Kind.FOLDER),
            ],
            observed=[Observation("a", [above])],
        )
    )
    draft = Draft(StoreView(store), RULE, Look())
    draft.place(draft.work(1), 2, "above")
    draft.place(draft.work(2), 1, "renamed")
    settle(draft, {1, 2})
    assert draft.work(1).parent == ROOT
    assert (draft.work(2).parent, draft.work(2).name) == (1, "inside")


def test_what_is_in_a_folder_waits_with_it() -> None:
    """What was taken to stand in a folder is not written as long as base has that as another's."""
    taken, inside = folder("b1", "d"), file("b2", "file", "b1")
    store = MemoryStateStore().sync("me", "sync")
    nodes = [
        node(1, name="d", kind=Kind.FOLDER, replicas=at(b=taken)),
        node(2, name="e", kind=Kind.FOLDER, replicas=at(a=folder("a1", "e"))),
        node(3, 2, name="file", replicas=at(a=file("a2", "file", "a1"), b=inside)),
    ]
    store.commit(Commit(nodes=nodes, observed=[Observation("b", [taken, inside])]))
    for frozen in (True, False):
        draft = Draft(StoreView(store), RULE, Look())
        giver, taker, content = (draft.work(each) for each in (1, 2, 3))
        draft.unbind(giver, "b")
        draft.bind(taker, "b", taken)
        giver.frozen = frozen
        draft.freeze_together()
        assert (taker.frozen, content.frozen) == (frozen, frozen)


def test_what_somebody_may_have_been_given_is_not_forgotten() -> None:
    """In a union what is nowhere is let go of, but only once all have told."""
    rule = Rule(tuple(Endpoint(each, each, Traits()) for each in "abc"))
    known = node(1, name="file", replicas=at(a=file("a1", "file")))
    found = planned({}, [known], {"a": ["a1"]}, rule=rule, away={1: ["c"]}, union=True)
    assert not found.forget
    found = planned({}, [known], {"a": ["a1"]}, rule=rule, union=True)
    assert found.forget == (1,)


def test_a_folder_lives_again_once_nothing_in_it_is_being_deleted() -> None:
    """It was moved where it was to be deleted, so that what is in it lives as well."""
    inner, moved = folder("b2", "inner", "b1"), folder("b1", "moved")
    parts = {
        1: at(a=folder("a1", "f"), b=folder("b1", "f")),
        2: at(a=folder("a2", "inner", "a1"), b=inner),
        3: at(a=file("a3", "file", "a2"), b=file("b3", "file", "b2")),
    }
    for each in parts.values():
        each["a"] = structs.replace(each["a"], gone=True)
    known = [
        node(1, name="f", kind=Kind.FOLDER, gone=True, replicas=parts[1]),
        node(2, 1, name="inner", kind=Kind.FOLDER, gone=True, replicas=parts[2]),
        node(3, 2, name="file", gone=True, replicas=parts[3]),
    ]
    seen = {"b": [moved, inner, file("b3", "file", "b2")]}
    found = planned(seen, known, {"b": ["b1"]}, opened=[3])
    assert 1 not in {each.id for each in found.nodes}
    assert 1 in found.postponed
    found = planned(seen, known, {"b": ["b1"]})
    assert {each.id: each.gone for each in found.nodes} == {1: False, 2: False, 3: False}


def test_what_waited_for_one_who_is_away_is_planned_with_its_folder() -> None:
    """Nobody will tell of it: what is open at who is away may stay so for long."""
    rule = Rule(tuple(Endpoint(each, each, Traits()) for each in "abc"))
    above, inside = folder("a1", "folder"), file("a2", "file", "a1")
    known = node(1, name="folder", kind=Kind.FOLDER, replicas=at(a=above))
    entries = {"a": [above, inside]}
    assert planned(entries, [known], {"a": ["a2"]}, opened=[1], rule=rule).open == (1,)
    found = planned(entries, [known], {}, rule=rule, away={1: ["c"]})
    assert found.more == (("a", "a2"),)


def test_what_stands_where_something_is_written_before_it_moves_waits_with_it() -> None:
    """Once what it replaced is gone only that leads to the node, which base has elsewhere."""
    place = folder("a3", "folder")
    known = [
        node(1, 2, name="file", replicas=at(a=file("a1", "old"), b=file("b1", "file", "b3"))),
        node(2, name="folder", kind=Kind.FOLDER, replicas=at(a=place, b=folder("b3", "folder"))),
    ]
    entries = {"a": [place, file("a2", "old")], "b": [file("b1", "file", "b3")]}
    found = planned(entries, known, {"a": ["a2", "a1"]}, opened=[1])
    assert not found.nodes
    waiting = [entry for endpoint, entry in found.waiting if endpoint == "a"]
    found = planned(entries, known, {"a": waiting}, opened=[1])
    assert not found.nodes


def test_a_deletion_acts_upon_what_has_come_in_the_place_of_a_folder() -> None:
    """Base knows it for the node's part from then on: the worker would look for the former one."""
    parts = at(a=folder("a1", "folder"), b=folder("b1", "folder"))
    known = node(1, name="folder", kind=Kind.FOLDER, replicas=parts)
    for mode in Mode:
        rule = Rule(RULE.endpoints, mode=mode)
        new = [folder("b2", "folder"), file("b3", "file", "b2")]
        found = planned({"b": new}, [known], {"a": ["a1"], "b": ["b1", "b2", "b3"]}, rule=rule)
        base = {each.id: each for each in [known, *found.nodes]}
        for action in found.actions:
            part = base[action.node].replicas.get(action.endpoint)
            assert action.entry == (part.entry if action.entry and part is not None else "")


def test_a_folder_of_somebody_who_is_away_waits_for_its_rival() -> None:
    """It gets no name of its own that nothing calls for once the two are told apart.

    Base has forgotten the folder that it was in, so that it comes to where another one stands.
    """
    rule = Rule(tuple(Endpoint(each, each) for each in "abc"))
    stands = {each: folder(f"{each}1", "e") for each in "abc"}
    apart = folder("c2", "e", "c3")
    known = [
        node(1, name="e", kind=Kind.FOLDER, replicas=at(**stands)),
        node(2, 3, name="e", kind=Kind.FOLDER, replicas=at(c=apart)),
    ]
    entries = {each: [entry] for each, entry in stands.items()}
    entries["c"].append(apart)
    found = planned(entries, known, {}, rule=rule, away={2: ["c"]})
    assert not found.actions
    assert not found.nodes
    assert found.postponed == (2,)
    moved = folder("c2", "e", "c1")
    found = planned({**entries, "c": [stands["c"], moved]}, known, {"c": ["c2"]}, rule=rule)
    made = [(each.kind, each.endpoint, each.parent, each.name) for each in found.actions]
    assert made == [(ActionKind.MAKE_FOLDER, each, 1, "e") for each in "ab"]


def test_a_cycle_of_which_half_was_heard_waits() -> None:
    """A folder and what was in it have changed places: soon the other one is told of, too."""
    above, inside = folder("a1", "above"), folder("a2", "inside", "a1")
    known = [
        node(1, name="above", kind=Kind.FOLDER, replicas=at(a=above, b=folder("b1", "above"))),
        node(
            2,
            1,
            name="inside",
            kind=Kind.FOLDER,
            replicas=at(a=inside, b=folder("b2", "inside", "b1")),
        ),
    ]
    moved = folder("b1", "inside", "b2")
    for unheard in ([folder("b2", "inside", "b1")], [folder("b2", "above")], []):
        entries = {"a": [above, inside], "b": [moved, *unheard]}
        found = planned(entries, known, {"b": ["b1"]})
        assert not found.nodes
        assert not found.actions
        assert found.postponed == (1,)
    heard = folder("b2", "above")
    entries = {"a": [above, inside], "b": [moved, heard]}
    found = planned(entries, known, {"b": ["b1", "b2"]})
    assert {each.id: each.parent for each in found.nodes} == {1: 2, 2: ROOT}
    assert not found.notes


def test_what_is_being_made_where_something_was_deleted_does_not_bring_that_back() -> None:
    """Where ids are paths it goes by the id of what was deleted, of which somebody is to be told.

    So does what is in a folder that is being made. Once nothing is open, it is there again.
    """
    traits = Traits(stable_ids=False)
    rule = Rule(tuple(Endpoint(each, each, traits) for each in "abc"))
    old, inner = folder("/d/", "d"), file("/d/f", "f", "/d/")
    gone = [
        node(
            ident,
            parent,
            name=each.name,
            kind=each.kind,
            gone=True,
            replicas={"a": replica(each), "c": replica(each, gone=True)},
            unanswered=("a",),
        )
        for ident, parent, each in ((1, 0, old), (2, 1, inner))
    ]
    made = node(3, name="d", kind=Kind.FOLDER, replicas=at(b=old))
    seen = {"b": [old], "c": [old, inner]}
    for opened in ([3], []):
        found = planned(
            seen,
            [*gone, made],
            {"c": ["/d/", "/d/f"]},
            opened=opened,
            rule=rule,
            away={1: ["a"], 2: ["a"]},
        )
        lives = {each.id for each in found.nodes if not each.gone}
        assert lives.isdisjoint({1, 2}) is bool(opened)
        assert (("c", "/d/") in found.waiting) is bool(opened)


def test_a_cycle_that_base_has_waits() -> None:
    """A folder lives again whose deletion failed, in one that was moved into it meanwhile."""
    store = MemoryStateStore().sync("me", "sync")
    store.commit(
        Commit(
            nodes=[
                node(1, 2, name="one", kind=Kind.FOLDER, replicas=at(a=folder("a1", "one", "a2"))),
                node(2, 1, name="two", kind=Kind.FOLDER, replicas=at(b=folder("b2", "two", "b1"))),
            ]
        )
    )
    draft = Draft(StoreView(store), RULE, Look())
    circle = [draft.work(each) for each in (1, 2)]
    settle(draft, {1, 2})
    assert all(each.frozen for each in circle)


def test_what_waits_stands_where_base_has_it() -> None:
    """A folder that was to leave another waits: the other cannot be put into it."""
    store = MemoryStateStore().sync("me", "sync")
    store.commit(
        Commit(
            nodes=[
                node(1, name="above", kind=Kind.FOLDER, replicas=at(a=folder("a1", "above"))),
                node(2, 1, name="inside", kind=Kind.FOLDER),
            ]
        )
    )
    draft = Draft(StoreView(store), RULE, Look())
    above, inside = draft.work(1), draft.work(2)
    draft.place(inside, ROOT, "inside")
    draft.place(above, 2, "above")
    inside.frozen = True
    settle(draft, {1, 2})
    assert (inside.parent, above.parent) == (1, ROOT)
    assert above.frozen
