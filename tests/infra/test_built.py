"""What is deployed works without anything of this machine, and is what Lambda takes."""

import hashlib
import json
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra.archive import write
from infra.build import MOST_UNZIPPED, Built, build, check
from infra.places import BUILT, BUILT_LOCAL, ROOT
from infra.target import LAMBDA, this_machine

BASE = getattr(sys, "_base_executable", sys.executable)
"""The interpreter that knows nothing of this environment."""


@pytest.fixture(scope="session")
def built() -> Path:
    build(BUILT_LOCAL, this_machine())
    return BUILT_LOCAL


@pytest.fixture(scope="session")
def opt(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layers as Lambda unpacks them, one over the other."""
    folder = tmp_path_factory.mktemp("opt")
    for name in ("vendor", "code"):
        with zipfile.ZipFile(built / f"{name}.zip") as archive:
            archive.extractall(folder)
    return folder


def run(opt: Path, code: str, *arguments: str, **variables: str) -> Any:
    """Run code that prints JSON, with the layers and nothing else on its path."""
    ran = subprocess.run(
        [BASE, "-I", "-S", "-c", _BEGIN + code, str(opt / "python"), *arguments],
        capture_output=True,
        text=True,
        cwd=opt,
        env={"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", **variables},
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def test_all_modules_are_there(opt: Path) -> None:
    """Every module of the code layer is imported from the layers and the standard library."""
    foreign = run(opt, _ALL_MODULES)
    assert foreign == []


def test_it_knows_its_version(opt: Path) -> None:
    """What is deployed says what it is, as what is installed does."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert run(opt, _VERSION) == project["version"]


def test_descriptions_are_there(opt: Path) -> None:
    """Of the vendors' descriptions of their services those that are used were left."""
    assert run(opt, _DESCRIPTIONS) == [
        "drive",
        "apigatewaymanagementapi",
        "cognito-idp",
        "dynamodb",
        "kms",
        "s3",
        "scheduler",
        "sqs",
        "ssm",
        "sts",
    ]


def test_nothing_is_compiled_at_the_first_event(opt: Path) -> None:
    """Where the target's Python is at hand its bytecode goes along, and is used unchecked."""
    used = run(opt, _COMPILED)
    assert used == {"unchecked": True, "names": "/opt/python/syncoxiders/core/model.py"}


def test_same_bytes(tmp_path: Path) -> None:
    """An archive's bytes tell nothing of when and where it was made."""
    digests = set()
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        for name in "ba" if folder.name == "one" else "ab":
            (folder / name).write_text(name)
        (folder / "a").chmod(0o600 if folder.name == "one" else 0o644)
        write(folder / "out.zip", [(name, folder / name) for name in "ab"])
        digests.add(hashlib.sha256((folder / "out.zip").read_bytes()).hexdigest())
    assert len(digests) == 1


def test_sizes_for_lambda() -> None:
    """The layers for Lambda itself are within its limits, and are of its platform and Python."""
    sizes = {one.name: one for one in build(BUILT, LAMBDA)}
    assert sizes["vendor"].zipped < 35e6
    assert sizes["vendor"].unzipped < 110e6
    with zipfile.ZipFile(BUILT / "vendor.zip") as archive:
        native = [name for name in archive.namelist() if name.endswith(".so")]
    assert native
    version = LAMBDA.python.replace(".", "")
    assert [
        name
        for name in native
        if f"cpython-{version}-aarch64-linux-gnu" not in name and ".abi3." not in name
    ] == []


def test_too_large() -> None:
    """What Lambda would not take is refused before it is uploaded."""
    with pytest.raises(SystemExit, match="unzipped"):
        check([Built("vendor", 1, MOST_UNZIPPED), Built("code", 1, 1)])
    with pytest.raises(SystemExit, match=r"code has \d+ bytes zipped"):
        check([Built("vendor", 1, 1), Built("code", 51 << 20, 1)])


def test_the_locks_name_no_host() -> None:
    """Where packages come from is a matter of each machine's settings."""
    for lock in ("package-lock.json", "requirements-lambda.lock"):
        assert "://" not in (ROOT / lock).read_text()


_BEGIN = """
import json, sys
sys.path.insert(0, sys.argv[1])
"""

_ALL_MODULES = """
import importlib, pkgutil, sysconfig
import syncoxiders
for module in pkgutil.walk_packages(syncoxiders.__path__, "syncoxiders."):
    importlib.import_module(module.name)
home = (sys.argv[1], sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
files = [getattr(module, "__file__", None) or home[0] for module in sys.modules.values()]
print(json.dumps(sorted(name for name in files if not name.startswith(home))))
"""

_COMPILED = """
import importlib.util, marshal, pathlib
source = pathlib.Path(sys.argv[1], "syncoxiders", "core", "model.py")
data = pathlib.Path(importlib.util.cache_from_source(str(source))).read_bytes()
assert data[:4] == importlib.util.MAGIC_NUMBER
names = marshal.loads(data[16:]).co_filename
print(json.dumps({"unchecked": data[4:8] == bytes([1, 0, 0, 0]), "names": names}))
"""

_VERSION = """
import importlib.metadata
print(json.dumps(importlib.metadata.version("syncoxiders")))
"""

_DESCRIPTIONS = """
import boto3
from google.auth.credentials import AnonymousCredentials
from googleapiclient.discovery import build
build("drive", "v3", credentials=AnonymousCredentials(), static_discovery=True)
found = ["drive"]
services = "apigatewaymanagementapi cognito-idp dynamodb kms s3 scheduler sqs ssm sts"
for service in services.split():
    boto3.client(service)
    found.append(service)
print(json.dumps(found))
"""
