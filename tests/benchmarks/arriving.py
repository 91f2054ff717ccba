"""How long a single edit takes to arrive: from a provider's push to the other side, deployed.

The whole stack is deployed to an emulator of AWS on this machine, with two emulated clouds that
push; so this is the time of the functions and queues of this machine, not of AWS.
"""

import time
from collections.abc import Callable, Iterator

import msgspec

from local.connecting import connect, reaching
from local.deploy import Deployed
from local.emulator import Ministack
from local.places import Emulated

SIDES = ("drive", "dropbox")
PATIENCE = 300.0
PAUSE = 1.0
"""Seconds from one edit's arrival to the next edit: the echo of the write is heard by then."""

_OFTEN = 0.01


class Arrival(msgspec.Struct, frozen=True):
    """How long an edit at one side took until the other side showed it."""

    side: str
    seconds: float


def measure(emulator: Ministack, stack: Deployed, edits: int) -> Iterator[Arrival]:
    """Yield each edit's time; the sides take turns."""
    with Emulated() as places, reaching(emulator, stack) as app:
        connect(app, stack, places)
        for side in SIDES:
            for name in [f"from {each}.txt" for each in SIDES]:
                _wait(lambda side=side, name=name: name in _tree(places, side))  # type: ignore[misc]  # mypy infers no type of a lambda with a default
        for number in range(edits):
            time.sleep(PAUSE)
            yield _edit(places, number)


def _edit(places: Emulated, number: int) -> Arrival:
    side, other = SIDES[number % 2], SIDES[1 - number % 2]
    name, text = f"from {side}.txt", f"edited {number}\n".encode()
    began = time.monotonic()
    places.clouds[side].people.write(name, text)
    _wait(lambda: _tree(places, other).get(name) == text)
    return Arrival(side, time.monotonic() - began)


def _tree(places: Emulated, side: str) -> dict[str, bytes | None]:
    found: dict[str, bytes | None] = places.clouds[side].people.tree()
    return found


def _wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not until():
        if time.monotonic() > end:
            raise RuntimeError("an edit did not arrive")
        time.sleep(_OFTEN)
