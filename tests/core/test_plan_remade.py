"""Planning what was deleted together with a folder that lives, since something else is in it."""

from msgspec import structs

from syncoxiders.core.model import ActionKind, Entry, Kind, Node
from tests.contracts.state_harness import node, replica
from tests.core.test_plan_half_known import at, file, folder, planned


def remade(**theirs: Entry) -> tuple[list[Node], dict[str, list[Entry]]]:
    """Return a folder that was deleted at b and lives, and a file that went with it.

    The file is still to be deleted at a; ``theirs`` is where a has what.
    """
    old, new = folder("b1", "f"), folder("b3", "f")
    ours, inside = theirs.get("folder", folder("a1", "f")), file("a2", "file", "a1")
    parts = {
        "a": replica(inside),
        "b": structs.replace(replica(file("b2", "file", old.id)), gone=True),
    }
    known = [
        structs.replace(
            node(1, name="f", kind=Kind.FOLDER, replicas=at(a=folder("a1", "f"), b=new)),
            remade=("b",),
        ),
        node(2, 1, name="file", gone=True, replicas=parts),
    ]
    return known, {"a": [ours, inside], "b": [new]}


def test_what_went_with_a_folder_that_lives_lives_where_that_was_moved() -> None:
    """Only the folder is known to have been touched; what is in it is taken in, but just once."""
    known, seen = remade(folder=folder("a1", "moved"))
    found = planned(seen, known, {"a": ["a1"]})
    assert {each.id: each.gone for each in found.nodes} == {1: False, 2: False}
    assert {(each.kind, each.endpoint) for each in found.actions} == {
        (ActionKind.MOVE, "b"),
        (ActionKind.CREATE, "b"),
    }
    found = planned(seen, [structs.replace(known[0], remade=("b",))], {"a": ["a1"]})
    (value,) = found.nodes
    assert not value.remade


def test_what_went_with_a_folder_that_lives_is_deleted_where_that_stays() -> None:
    """The folder lives by what else is in it."""
    known, seen = remade()
    (action,) = planned(seen, known, {"a": ["a1", "a2"]}).actions
    assert (action.kind, action.node) == (ActionKind.DELETE, 2)


def test_what_was_deleted_by_itself_is_deleted_wherever_its_folder_was_moved() -> None:
    """It had been in the folder that was made anew."""
    known, seen = remade(folder=folder("a1", "moved"))
    alone = structs.replace(replica(file("b2", "file", "b3")), gone=True)
    parts = {**known[1].replicas, "b": alone}
    found = planned(seen, [known[0], structs.replace(known[1], replicas=parts)], {"a": ["a1"]})
    assert {each.kind for each in found.actions} == {ActionKind.MOVE, ActionKind.DELETE}


def test_a_folder_that_lives_has_not_moved_while_what_went_with_it_is_being_deleted() -> None:
    """Whoever deletes that makes sure that the folder stands where base has it."""
    known, seen = remade(folder=folder("a1", "moved"))
    found = planned(seen, known, {"a": ["a1"]}, opened=[2])
    assert not found.nodes
    assert not found.actions
    assert found.open == (2,)
    assert found.postponed == (1,)


def test_what_went_with_a_folder_waits_while_that_is_moved() -> None:
    """It may be we who are moving it, or somebody."""
    known, seen = remade(folder=folder("a1", "moved"))
    found = planned(seen, known, {"a": ["a2"]}, opened=[1])
    assert not found.nodes
    assert not found.actions
    assert found.open == (1,)
    assert ("a", "a2") in found.waiting


def test_a_folder_that_lives_though_it_was_deleted_remembers_where() -> None:
    """What was in it is deleted elsewhere, where it may turn out to have been moved."""
    theirs, inside = folder("a1", "f"), file("a2", "file", "a1")
    known = [
        node(1, name="f", kind=Kind.FOLDER, replicas=at(a=theirs, b=folder("b1", "f"))),
        node(2, 1, name="file", replicas=at(a=inside, b=file("b2", "file", "b1"))),
    ]
    new = file("a3", "new", "a1")
    found = planned({"a": [theirs, inside, new]}, known, {"a": ["a3"], "b": ["b1", "b2"]})
    assert {each.id: (each.gone, each.remade) for each in found.nodes if each.id < 3} == {
        1: (False, ("b",)),
        2: (True, ()),
    }
