"""The deployed system on an emulator, once per session: what the end-to-end tests talk to."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.deploy import Deployed, deploy, synthesise
from local.emulator import Ministack
from local.front import Front


@dataclass(frozen=True)
class Cloud:
    """An emulator with the stack in it; browsers find it at ``stack.console``."""

    emulator: Ministack
    stack: Deployed


@contextlib.contextmanager
def running(work: Path, out: Path, **settings: str) -> Iterator[Cloud]:
    """Start an emulator with further settings of its own, and deploy what was synthesised."""
    folders = work / "folders"
    folders.mkdir()
    with Front() as front, Ministack(work, settings=settings) as emulator:
        stack = deploy(emulator, out, work, console=front.url, folders=str(folders))
        front.opened(stack.url, emulator.certificate)
        yield Cloud(emulator, stack)


@pytest.fixture(scope="session")
def synthesised() -> Path:
    """The app's templates, with layers and functions for this machine."""
    if shutil.which("node") is None:
        pytest.skip("Node.js is not on this machine, and the CDK runs on it")
    return synthesise()


@pytest.fixture(scope="session")
def deployed(synthesised: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The stack, deployed."""
    with running(tmp_path_factory.mktemp("cloud"), synthesised) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def guarded(synthesised: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The stack on an emulator that denies what a function's role does not allow."""
    with running(
        tmp_path_factory.mktemp("guarded"), synthesised, AUTH="true", USE_SSL="1"
    ) as cloud:
        yield cloud
