"""Cutting a plan into batches: nothing is left out, and nothing begins before its time."""

import string

from hypothesis import given
from hypothesis import strategies as st

from syncoxiders.core.model import Action, ActionKind, Source
from syncoxiders.core.plan import Merge, Plan, Probe
from syncoxiders.engine.pipeline.dispatch import LANES, MOST, MOST_PROBED, Dispatch
from syncoxiders.ports.pipeline import Batch

KINDS = [ActionKind.MAKE_FOLDER, ActionKind.CREATE, ActionKind.MOVE, ActionKind.DELETE]


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Actions at three endpoints, each after some of those before it."""
    actions: list[Action] = []
    for number in range(draw(st.integers(0, 30)) * draw(st.sampled_from([1, 1, 1, 8]))):
        before = [each.id for each in actions[-12:]]
        after = draw(st.lists(st.sampled_from(before), max_size=3, unique=True)) if before else []
        actions.append(
            Action(
                f"{number}",
                draw(st.sampled_from(KINDS)),
                draw(st.sampled_from("abc")),
                number,
                source=Source(draw(st.sampled_from("abc")), "e", "v"),
                after=tuple(after),
            )
        )
    return Plan(actions=tuple(actions))


def cut(plan: Plan, lost: frozenset[str] = frozenset()) -> list[Batch]:
    return Dispatch("f", run=1, rule="r", at=5.0).batches(plan, lost)


def order(batches: list[Batch]) -> list[str]:
    """Return the actions in an order in which workers may do them, the last batches first."""
    done: set[str] = set()
    left = {each.id: each for each in reversed(batches)}
    found: list[str] = []
    while left:
        ready = next(each for each in left.values() if each.waits <= done)
        found.extend(id_ for _, id_ in ready.actions)
        done.add(ready.id)
        del left[ready.id]
    return found


@given(plans())
def test_every_action_comes_once_and_after_all_that_it_has_to_come_after(plan: Plan) -> None:
    """In whichever order batches that may begin are done, each action finds its way prepared."""
    found = order(cut(plan))
    assert sorted(found) == sorted(each.id for each in plan.actions)
    place = {id_: number for number, id_ in enumerate(found)}
    for action in plan.actions:
        assert all(place[each] < place[action.id] for each in action.after)


@given(plans())
def test_a_batch_is_of_one_endpoint_and_of_a_bounded_size(plan: Plan) -> None:
    """And it names every endpoint whose provider is needed for it."""
    actions = {each.id: each for each in plan.actions}
    batches = cut(plan)
    assert len({each.id for each in batches}) == len(batches)
    for batch in batches:
        assert 0 < len(batch.actions) <= MOST
        assert 0 <= batch.lane < LANES
        for node, id_ in batch.actions:
            action = actions[id_]
            assert (action.node, action.endpoint) == (node, batch.endpoint)
            assert {action.endpoint, action.source.endpoint if action.source else ""} <= (
                batch.needs | {""}
            )


@given(plans())
def test_what_was_not_opened_is_handed_out_as_failed(plan: Plan) -> None:
    """An action that lost a race is in no batch; those that come after it know that it failed."""
    ids = [each.id for each in plan.actions]
    lost = frozenset(ids[:: 3 + len(ids) % 2])
    batches = cut(plan, lost)
    assert {id_ for batch in batches for _, id_ in batch.actions} == set(ids) - lost
    of = {id_: batch for batch in batches for _, id_ in batch.actions}
    for action in plan.actions:
        if action.id not in lost:
            assert lost.intersection(action.after) <= of[action.id].failed


def test_few_actions_at_one_endpoint_are_one_message() -> None:
    """A new folder with files in it needs one worker, in order."""
    folder = Action("0", ActionKind.MAKE_FOLDER, "b", 1)
    files = [
        Action(f"{number}", ActionKind.CREATE, "b", number, after=("0",)) for number in range(2, 50)
    ]
    (batch,) = cut(Plan(actions=(folder, *files)))
    assert [id_ for _, id_ in batch.actions] == ["0", *(each.id for each in files)]


def test_many_files_in_a_new_folder_wait_for_the_folder_alone() -> None:
    """They are spread over batches which begin as soon as the folder is there."""
    folder = Action("0", ActionKind.MAKE_FOLDER, "b", 1)
    files = [
        Action(f"{number}", ActionKind.CREATE, "b", number, after=("0",))
        for number in range(2, 1000)
    ]
    first, *others = cut(Plan(actions=(folder, *files)))
    assert first.actions == ((1, "0"),)
    assert len(others) == 10
    assert all(each.waits == {first.id} for each in others)
    assert {each.lane for each in others} == set(range(LANES))


@given(st.lists(st.integers(0, 2 * MOST_PROBED), max_size=250))
def test_probes_of_much_are_spread(sizes: list[int]) -> None:
    """No worker reads more than so many bytes, but for a single file that is larger."""
    probes = tuple(
        Probe("a", f"{number}", "v", size, ("own",)) for number, size in enumerate(sizes)
    )
    batches = cut(Plan(probes=probes))
    assert sorted(each.entry for batch in batches for each in batch.probes) == sorted(
        each.entry for each in probes
    )
    for batch in batches:
        assert 0 < len(batch.probes) <= MOST
        assert len(batch.probes) == 1 or sum(each.size for each in batch.probes) <= MOST_PROBED


def test_texts_are_merged_one_by_one_with_all_endpoints_that_have_an_edit() -> None:
    """A merge reads and writes at several endpoints."""
    edits = tuple(Source(each, "e", "v") for each in string.ascii_lowercase[:3])
    (batch,) = cut(Plan(merges=(Merge(7, edits, "key"),)))
    assert batch.merges[0].node == 7
    assert batch.needs == {"a", "b", "c"}
