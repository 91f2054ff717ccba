"""Two emulated clouds, kept in step by the deployed system: what they show is what counts.

Pushes arrive at the deployed webhook over HTTP; poll, merge and apply run as functions, driven by
the emulator's queues. The functions' insides are not looked at.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local.connecting import connect, reaching
from local.places import Emulated
from syncoxiders.adapters.aws.clients import client
from tests.aws.deployed import Cloud

pytestmark = pytest.mark.slow

PATIENCE = 120.0
"""Seconds: what is awaited takes a few of them, and the machine may be busy."""

SIDES = ("drive", "dropbox")

Tree = dict[str, bytes | None]


class Pair:
    """The two clouds, with their people."""

    def __init__(self, places: Emulated) -> None:
        self._clouds = places.clouds

    def people(self, side: str) -> Any:
        return self._clouds[side].people

    def other(self, side: str) -> str:
        return SIDES[1 - SIDES.index(side)]

    def trees(self) -> tuple[Tree, Tree]:
        one, two = (self._clouds[side].people.tree() for side in SIDES)
        return one, two

    def await_all(self, told: Callable[[Tree], bool], what: str) -> Tree:
        """Wait until both trees are equal and as told."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            one, two = self.trees()
            if one == two and told(one):
                return one
            time.sleep(0.2)
        one, two = self.trees()
        raise AssertionError(f"{what}: {sorted(one)} and {sorted(two)}")


@contextmanager
def in_step(cloud: Cloud) -> Iterator[Pair]:
    """Connect two clouds to a deployment and wait for their first sync."""
    with Emulated() as places, reaching(cloud.emulator, cloud.stack) as app:
        connect(app, cloud.stack, places)
        pair = Pair(places)
        first = {"from drive.txt", "from dropbox.txt"}
        pair.await_all(lambda tree: first <= set(tree), "the first sync")
        yield pair


@pytest.fixture(scope="module")
def pair(deployed: Cloud) -> Iterator[Pair]:
    with in_step(deployed) as found:
        yield found


@pytest.mark.parametrize("side", SIDES)
def test_what_a_person_does_arrives(pair: Pair, side: str) -> None:
    """A new file, an edit, a rename, a move and a deletion arrive on the other side."""
    people = pair.people(side)
    name = f"{side}/notes.txt"
    people.mkdir(side)
    people.write(name, b"one")
    pair.await_all(lambda tree: tree.get(name) == b"one", "a new file")
    people.write(name, b"two, longer")
    pair.await_all(lambda tree: tree.get(name) == b"two, longer", "an edit")
    people.rename(name, f"{side}/ideas.txt")
    pair.await_all(
        lambda tree: f"{side}/ideas.txt" in tree and name not in tree, "a file's new name"
    )
    people.rename(side, f"{side} moved")
    pair.await_all(
        lambda tree: tree.get(f"{side} moved/ideas.txt") == b"two, longer" and side not in tree,
        "a folder's move",
    )
    people.remove(f"{side} moved/ideas.txt")
    pair.await_all(
        lambda tree: f"{side} moved" in tree and f"{side} moved/ideas.txt" not in tree,
        "a deletion",
    )


def test_both_edits_are_kept(pair: Pair) -> None:
    """Of two edits of one file one keeps the name, and the other is kept beside it."""
    for side in SIDES:
        pair.people(side).write("contested.txt", f"made at {side}".encode())
    both = {b"made at drive", b"made at dropbox"}
    tree = pair.await_all(
        lambda tree: both <= set(tree.values()) and "contested.txt" in tree, "a conflict"
    )
    assert [name for name in tree if name.startswith("contested.conflict-")]


def test_a_lost_push(pair: Pair, deployed: Cloud) -> None:
    """What no push told is found by the clock."""
    dropbox = pair.people("dropbox")
    cloud = pair._clouds["dropbox"]
    cloud.webhook.settle()
    cloud.webhook.unregister()
    dropbox.write("untold.txt", b"untold")
    with reaching(deployed.emulator, deployed.stack):
        client("lambda").invoke(
            FunctionName=deployed.stack.outputs["FunctionPoll"],
            InvocationType="Event",
            Payload=b'{"detail-type": "Scheduled Event"}',
        )
    pair.await_all(lambda tree: tree.get("untold.txt") == b"untold", "a change without a push")
    cloud.webhook.register(deployed.stack.push("dropbox"))


def test_with_the_roles_enforced(guarded: Cloud) -> None:
    """The functions' roles allow all that they do: files arrive, too, where the rest is denied."""
    with in_step(guarded) as pair:
        pair.people("drive").write("guarded.txt", b"guarded")
        pair.await_all(lambda tree: tree.get("guarded.txt") == b"guarded", "a new file")
        pair.people("dropbox").remove("guarded.txt")
        pair.await_all(lambda tree: "guarded.txt" not in tree, "a deletion")
