"""Two emulated clouds that a deployment keeps in step, and the people who use them."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from local.connecting import connect, disconnect, reaching
from local.places import Emulated
from syncoxiders.cloud.app import App
from tests.aws.deployed import Cloud

PATIENCE = 180.0
"""Seconds: what is awaited takes a few of them, and the machine may be busy."""

SIDES = ("drive", "dropbox")
FIRST = {"from drive.txt", "from dropbox.txt"}
"""What people have put there before the first sync."""

Tree = dict[str, bytes | None]

_OWNERS = (f"owner{number}" for number in itertools.count(1))


class Pair:
    """The two clouds, with their people; ``nudge`` is done again and again while one waits."""

    def __init__(self, cloud: Cloud, app: App, places: Emulated, owner: str) -> None:
        self.cloud = cloud
        self.app = app
        self.places = places
        self.owner = owner
        self.nudge: Callable[[], None] = lambda: None

    @property
    def dropbox(self) -> Any:
        """The emulator of Dropbox itself."""
        return self.places.clouds["dropbox"]

    def people(self, side: str) -> Any:
        return self.places.clouds[side].people

    def trees(self) -> tuple[Tree, Tree]:
        one, two = (self.people(side).tree() for side in SIDES)
        return one, two

    def await_all(self, told: Callable[[Tree], bool], what: str) -> Tree:
        """Wait until both trees are equal and as told."""
        return self.await_both(lambda one, two: one == two and told(one), what)

    def await_both(self, told: Callable[[Tree, Tree], bool], what: str) -> Tree:
        """Wait until the trees are as told; returns the first."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            one, two = self.trees()
            if told(one, two):
                return one
            self.nudge()
            time.sleep(0.2)
        one, two = self.trees()
        raise AssertionError(f"{what}: {sorted(one)} and {sorted(two)}")


@contextmanager
def connected(cloud: Cloud, *, owner: str = "", pushes: bool = True) -> Iterator[Pair]:
    """Connect two new clouds to a deployment, for an owner that it has not known before."""
    owner = owner or next(_OWNERS)
    with Emulated() as places, reaching(cloud.emulator, cloud.stack) as app:
        connect(app, cloud.stack, places, owner=owner, pushes=pushes)
        try:
            yield Pair(cloud, app, places, owner)
        finally:
            disconnect(app, places, owner)


@contextmanager
def in_step(cloud: Cloud, owner: str = "") -> Iterator[Pair]:
    """Connect two new clouds, and wait for their first sync."""
    with connected(cloud, owner=owner) as pair:
        pair.await_all(lambda tree: set(tree) >= FIRST, "the first sync")
        yield pair
