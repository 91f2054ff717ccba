"""How long a single edit takes to arrive: from a provider's push to the other side, deployed.

The whole stack is deployed to an emulator of AWS on this machine, with two emulated clouds that
push; so this is the time of the functions and queues of this machine, not of AWS.
"""

import time
from collections.abc import Iterator

import msgspec

from tests.aws.deployed import Cloud
from tests.e2e.clouds import PATIENCE, SIDES, Pair, in_step

PAUSE = 5.0
"""Seconds from one edit's arrival to the next edit: the echo of the write is heard by then."""

SPREAD = 3
"""There are so many times more files than are edited, or the guard would stop the sync."""

_OFTEN = 0.01


class Arrival(msgspec.Struct, frozen=True):
    """How long an edit at one side took until the other side showed it."""

    side: str
    seconds: float


def measure(cloud: Cloud, edits: int) -> Iterator[Arrival]:
    """Yield each edit's time; the sides take turns."""
    with in_step(cloud) as pair:
        names = [f"folder/{number}.txt" for number in range(SPREAD * edits)]
        for name in names:
            pair.people(SIDES[0]).write(name, b"as it was\n")
        pair.await_all(lambda tree: tree.keys() >= set(names), "the files")
        for number, name in zip(range(edits), names, strict=False):
            time.sleep(PAUSE)
            yield _edit(pair, SIDES[number % 2], SIDES[1 - number % 2], name)


def _edit(pair: Pair, side: str, other: str, name: str) -> Arrival:
    text = b"edited\n"
    began = time.monotonic()
    pair.people(side).write(name, text)
    while pair.people(other).tree().get(name) != text:
        if time.monotonic() > began + PATIENCE:
            raise RuntimeError(f"an edit at {side} did not arrive")
        time.sleep(_OFTEN)
    return Arrival(side, time.monotonic() - began)
