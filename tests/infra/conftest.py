"""The synthesised template, once per session: the archives' content is of no matter to it."""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.infra.reading import FUNCTIONS

Synthesis = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def synthesise(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    """Return what makes a template of settings."""
    if shutil.which("node") is None:
        pytest.skip("Node.js is not on this machine, and the CDK runs on it")
    from tests.infra import synthesis  # noqa: PLC0415 -- only where there is Node

    built = archives(tmp_path_factory.mktemp("built"))

    def make(**context: object) -> dict[str, Any]:
        out = tmp_path_factory.mktemp("cdk.out")
        return synthesis.synthesise(out, {"built": str(built), **context})

    return make


@pytest.fixture(scope="session")
def template(synthesise: Synthesis) -> dict[str, Any]:
    return synthesise()


def archives(folder: Path) -> Path:
    for name in ("vendor", "code", *FUNCTIONS):
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            archive.writestr(name, name)
    return folder
