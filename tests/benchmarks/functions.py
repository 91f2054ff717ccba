"""What is measured of the deployed functions, on an emulator of AWS on this machine."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from local.deploy import ACCOUNT, LackError, deploy, synthesise
from local.emulator import Ministack
from tests.aws.deployed import Cloud
from tests.benchmarks import arriving, starting
from tests.benchmarks.arriving import Arrival
from tests.benchmarks.starting import Package, Start


def measure(folder: Path, edits: int, runs: int) -> Iterator[Start | Package | Arrival | str]:
    """Yield sizes, starts and arrivals; or why they cannot be measured."""
    try:
        templates = synthesise()
    except LackError as error:
        yield f"what is deployed cannot be measured: {error}"
        return
    yield from starting.packages()
    with (
        tempfile.TemporaryDirectory(dir=folder) as work,
        Ministack(Path(work)) as emulator,
    ):
        stack = deploy(emulator, templates, Path(work))
        settings = {**emulator.environment(ACCOUNT), **stack.environment()}
        yield from starting.measure(Path(work), settings, runs)
        yield from arriving.measure(Cloud(emulator, stack), edits)
