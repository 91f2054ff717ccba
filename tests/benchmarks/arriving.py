"""How long a single edit takes to arrive: from a provider's push to the other side, deployed.

The whole stack is deployed to an emulator of AWS on this machine, with two emulated clouds that
push; so this is the time of the functions and queues of this machine, not of AWS.
"""

import time
from collections.abc import Iterator

import msgspec

from tests.aws.deployed import Cloud
from tests.e2e.clouds import PATIENCE, SIDES, Pair, in_step

PAUSE = 1.0
"""Seconds from one edit's arrival to the next edit: the echo of the write is heard by then."""

_OFTEN = 0.01


class Arrival(msgspec.Struct, frozen=True):
    """How long an edit at one side took until the other side showed it."""

    side: str
    seconds: float


def measure(cloud: Cloud, edits: int) -> Iterator[Arrival]:
    """Yield each edit's time; the sides take turns."""
    with in_step(cloud) as pair:
        for number in range(edits):
            time.sleep(PAUSE)
            yield _edit(pair, number)


def _edit(pair: Pair, number: int) -> Arrival:
    side, other = SIDES[number % 2], SIDES[1 - number % 2]
    name, text = f"from {side}.txt", f"edited {number}\n".encode()
    began = time.monotonic()
    pair.people(side).write(name, text)
    while pair.people(other).tree().get(name) != text:
        if time.monotonic() > began + PATIENCE:
            raise RuntimeError(f"an edit at {side} did not arrive")
        time.sleep(_OFTEN)
    return Arrival(side, time.monotonic() - began)
